package org.bhn.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.bhn.Bhn;
import org.bhn.backend.Backend;
import org.bhn.backend.Backends;
import org.bhn.backend.Conditioner;
import org.bhn.backend.Device;
import org.bhn.data.Dataset;
import org.bhn.io.SafeTensors;
import org.bhn.tape.Noise;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;
import org.bhn.train.Epoch;

/**
 * One training step and one prediction in files that every contender reads: {@code before} and
 * {@code after} are models of this library, {@code inputs} holds the batch, the noise and what came
 * of them. Half of the masked weights are stored in the file; here they lie in dense matrices
 * beside their masks, which is how the others compute with them.
 *
 * @param v directions of each layer, {@code [outputs, inputs]}
 * @param bias of each layer
 * @param logScale of the affine flow
 * @param shift of the affine flow
 * @param steps of the autoregressive flow
 * @param x batch {@code [B, inputs]}
 * @param labels {@code [B]}
 * @param noise {@code [1, D]}
 * @param loss of this library
 */
record Problem(
    float[][] v,
    float[][] bias,
    float[] logScale,
    float[] shift,
    List<Step> steps,
    float[] x,
    int[] labels,
    float[] noise,
    float loss) {
  static final double EPSILON = 1e-8;
  static final double BETA2 = 0.999;
  static final double RATE = 1e-3;
  static final double FLOW_DELTA = 1e-3;
  static final double MAX_NORM = 10;
  static final double CLIP = 5;
  static final int DRAWS = 100;

  private static final int CHECK_IMAGES = 100;

  private static final long SEED = 1;
  static final int HIDDEN = 200;
  private static final String CONDITIONER = ".conditioner";

  /**
   * A step of IAF.
   *
   * @param name prefix of its parameters
   * @param permutation of the inputs
   * @param start where each row begins in the file
   * @param w1 {@code [H, D]}
   * @param w2 {@code [2 D, H]}
   * @param gain {@code [H + 2 D]}
   * @param bias {@code [H + 2 D]}
   */
  record Step(
      String name,
      int[] permutation,
      int[] start,
      float[] w1,
      float[] w2,
      float[] gain,
      float[] bias) {
    /** Ones where a row sees its input. */
    float[] mask(int firstRow, int rows, int columns) {
      float[] mask = new float[rows * columns];
      for (int i = 0; i < rows; i++) {
        int sees = start[firstRow + i + 1] - start[firstRow + i];
        Arrays.fill(mask, i * columns, i * columns + sees, 1);
      }
      return mask;
    }
  }

  /**
   * Arguments: directory, batch, steps of IAF. Writes the files for contenders of other languages.
   */
  public static void main(String[] args) throws IOException {
    if (args.length != 3) {
      throw new IllegalArgumentException("give a directory, the batch and the steps of IAF");
    }
    Path directory = Files.createDirectories(Path.of(args[0]));
    write(directory, Integer.parseInt(args[1]), Integer.parseInt(args[2]));
  }

  int dim() {
    return logScale.length;
  }

  int batch() {
    return labels.length;
  }

  static Path before(Path directory) {
    return directory.resolve("before.safetensors");
  }

  static Path after(Path directory) {
    return directory.resolve("after.safetensors");
  }

  static Path inputs(Path directory) {
    return directory.resolve("inputs.safetensors");
  }

  private static Path prediction(Path directory) {
    return directory.resolve("prediction.safetensors");
  }

  static float[] images(int rows) {
    SplittableRandom random = new SplittableRandom(7);
    float[] x = new float[rows * Work.PIXELS];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) random.nextDouble();
    }
    return x;
  }

  /** The weights' noise as a training's first step, or a prediction, draws it. */
  static float[] noise(Backend backend, int draws, int dim) {
    Tensor counter = backend.allocate(DType.INT64, 1);
    Tensor out = backend.allocate(DType.REAL, draws, dim);
    backend.upload(counter, 0L);
    backend.normal(out, counter, 0, SEED, Noise.WEIGHTS);
    float[] values = new float[draws * dim];
    backend.download(out, values);
    backend.release(out);
    backend.release(counter);
    return values;
  }

  /** Writes the problem, takes the step with this library, and writes what came of it. */
  static void write(Path directory, int batch, int flowSteps) {
    SplittableRandom random = new SplittableRandom(3);
    float[] x = images(batch);
    int[] labels = random.ints(batch, 0, Work.CLASSES).toArray();
    Epoch[] seen = new Epoch[1];
    try (Backend backend = Backends.best();
        Bhn model = Work.model(backend, flowSteps)) {
      model.save(before(directory));
      Dataset data = Dataset.classification(x, Work.PIXELS, labels, Work.CLASSES);
      model.fit(data, Work.fit(1, batch, 1).listener(e -> seen[0] = e));
      model.save(after(directory));
      Epoch e = seen[0];
      float loss = (float) (-e.logLikelihood() - (e.logPrior() + e.logDet()) / batch);
      int dim = 2 * 800 + Work.CLASSES;
      new SafeTensors.Writer()
          .add("x", x, batch, Work.PIXELS)
          .add("labels", labels, batch)
          .add("noise", noise(backend, 1, dim), 1, dim)
          .add("loss", new float[] {loss}, 1)
          .write(inputs(directory));
    }
    writePrediction(directory);
  }

  /** The prediction is checked with the model of {@code before}: reloaded, not trained. */
  private static void writePrediction(Path directory) {
    float[] images = images(CHECK_IMAGES);
    try (Backend backend = Backends.best();
        Bhn model = Bhn.load(before(directory), backend)) {
      float[] noise = noise(backend, DRAWS, model.network().posterior().dim());
      float[] mean = model.predict(images, DRAWS).mean();
      new SafeTensors.Writer()
          .add("noise", noise, noise.length)
          .add("mean", mean, mean.length)
          .write(prediction(directory));
    }
  }

  static float[] predictionNoise(Path directory) {
    try (SafeTensors.File file = SafeTensors.open(prediction(directory))) {
      return file.floats("noise");
    }
  }

  /** Largest difference of a mean probability, both ways of computing it. */
  static double predictionDifference(Path directory, Contender contender) {
    try (SafeTensors.File file = SafeTensors.open(prediction(directory))) {
      float[] expected = file.floats("mean");
      double most = 0;
      for (boolean hoisted : new boolean[] {false, true}) {
        float[] mean = contender.predict(images(CHECK_IMAGES), file.floats("noise"), hoisted);
        for (int i = 0; i < mean.length; i++) {
          double d = Math.abs(mean[i] - expected[i]);
          most = d > most || Double.isNaN(d) ? d : most;
        }
      }
      return most;
    }
  }

  static Problem read(Path directory) {
    try (SafeTensors.File model = SafeTensors.open(before(directory));
        SafeTensors.File in = SafeTensors.open(inputs(directory))) {
      float[][] v = new float[3][];
      float[][] bias = new float[3][];
      for (int i = 0; i < v.length; i++) {
        v[i] = model.floats("layer." + i + ".v");
        bias[i] = model.floats("layer." + i + ".bias");
      }
      float[] shift = model.floats("flow.affine.shift");
      List<Step> steps = new ArrayList<>();
      for (String name : model.tensors().keySet()) {
        if (name.endsWith(CONDITIONER)) {
          steps.add(step(model, name.substring(0, name.length() - CONDITIONER.length()), shift));
        }
      }
      return new Problem(
          v,
          bias,
          model.floats("flow.affine.log_scale"),
          shift,
          steps,
          in.floats("x"),
          in.ints("labels"),
          in.floats("noise"),
          in.floats("loss")[0]);
    }
  }

  private static Step step(SafeTensors.File model, String name, float[] shift) {
    int dim = shift.length;
    float[] block = model.floats(name + CONDITIONER);
    try (Backend backend = Backends.open(Device.JAVA)) {
      Conditioner net = Conditioner.autoregressive(backend, dim, HIDDEN, true);
      int[] start = new int[net.rows() + 1];
      backend.download(net.rowStart(), start);
      float[] w1 = new float[HIDDEN * dim];
      float[] w2 = new float[2 * dim * HIDDEN];
      for (int i = 0; i < net.rows(); i++) {
        float[] to = i < HIDDEN ? w1 : w2;
        int at = i < HIDDEN ? i * dim : (i - HIDDEN) * HIDDEN;
        System.arraycopy(block, start[i], to, at, start[i + 1] - start[i]);
      }
      return new Step(
          name,
          model.ints(name + ".permutation"),
          start,
          w1,
          w2,
          Arrays.copyOfRange(block, net.gains(), net.gains() + net.rows()),
          Arrays.copyOfRange(block, net.biases(), net.biases() + net.rows()));
    }
  }

  /** The parameters of a step in one block, as the file has them. */
  static float[] pack(Step step, float[] w1, float[] w2, float[] gain, float[] bias) {
    int rows = gain.length;
    int weights = step.start[rows];
    int dim = w1.length / HIDDEN;
    float[] block = new float[weights + 2 * rows];
    for (int i = 0; i < rows; i++) {
      float[] from = i < HIDDEN ? w1 : w2;
      int at = i < HIDDEN ? i * dim : (i - HIDDEN) * HIDDEN;
      System.arraycopy(from, at, block, step.start[i], step.start[i + 1] - step.start[i]);
    }
    System.arraycopy(gain, 0, block, weights, rows);
    System.arraycopy(bias, 0, block, weights + rows, rows);
    return block;
  }

  /**
   * Largest difference of the loss and of any parameter after the step from this library's.
   *
   * @param loss of the other
   * @param parameters of the other, by name
   */
  static double difference(
      Path directory, Problem problem, double loss, Map<String, float[]> parameters) {
    double most = Math.abs(loss - problem.loss) / Math.max(1, Math.abs(problem.loss));
    try (SafeTensors.File after = SafeTensors.open(after(directory))) {
      for (Map.Entry<String, float[]> e : parameters.entrySet()) {
        float[] ours = after.floats(e.getKey());
        if (ours.length != e.getValue().length) {
          throw new IllegalStateException(
              e.getKey() + " has " + e.getValue().length + " values, not " + ours.length);
        }
        for (int i = 0; i < ours.length; i++) {
          double d = Math.abs(ours[i] - e.getValue()[i]);
          most = d > most || Double.isNaN(d) ? d : most;
        }
      }
    }
    return most;
  }
}
