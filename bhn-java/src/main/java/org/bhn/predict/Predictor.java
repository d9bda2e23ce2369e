package org.bhn.predict;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.bhn.backend.Backend;
import org.bhn.backend.Precision;
import org.bhn.bayes.BayesianNetwork;
import org.bhn.bayes.TargetDistribution;
import org.bhn.posterior.Prepared;
import org.bhn.posterior.WeightPosterior;
import org.bhn.posterior.WeightPosterior.Draw;
import org.bhn.tape.Noise;
import org.bhn.tape.Tape;
import org.bhn.tape.Var;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;

/**
 * Streams weight samples through a network. Each draw passes the flow once; then rows of the input
 * outside, draws inside, in pieces that the caches hold, so that memory does not grow with the
 * number of samples and what draws have in common is computed once for each piece of rows. One
 * thread at a time; the same weight samples serve all rows, however they are cut into pieces.
 */
public final class Predictor implements AutoCloseable {
  /**
   * Weight samples that pass the flow at once, at least {@code FEW_SAMPLES}: as many as caches
   * hold, or as fill a GPU.
   */
  private static final int FEW_SAMPLES = 16;

  private static final int CPU_SAMPLES = 128;
  private static final int GPU_SAMPLES = 256;

  /** Reals of weight samples that are kept, if that many samples are not too few to go on with. */
  private static final int DRAWN = 1 << 22;

  /** Predictions of single draws that are kept on the host at once. */
  private static final int KEPT = 1 << 22;

  /** Reals of the widest activation in one pass: what caches hold, or enough to fill a GPU. */
  private static final int CPU_ACTIVATIONS = 1 << 18;

  private static final int GPU_ACTIVATIONS = 1 << 24;

  private static final String WEIGHTS = "weights";
  private static final String HELD = "held weights";

  private final Backend backend;
  private final BayesianNetwork net;
  private final Workspace workspace;
  private final Tensor counter;
  private long counted = -1; // what the counter holds
  private Held held;

  /**
   * A predictor on a context of its own.
   *
   * @param backend a fork of the network's backend; closed with this
   */
  public Predictor(Backend backend, BayesianNetwork net) {
    this.backend = backend;
    this.net = net;
    this.workspace = new Workspace(backend);
    this.counter = workspace.get("counter", DType.INT64, 1);
  }

  /**
   * What the posterior says about inputs.
   *
   * @param predictive statistics over weight samples
   * @param logPredictive {@code [N]} log(1/S Σ_s p(y_n|x_n, θ_s)) in nats; null without targets
   */
  public record Result(Predictive predictive, float[] logPredictive) {}

  /**
   * Draws weights and packs matrices now, once for all later predictions with the same samples,
   * seed and precision. The parameters must rest from here on. Predictions are the same bits as
   * without.
   *
   * @param samples S; a posterior without randomness uses 1
   * @param seed of the weight samples
   * @param precision of the products
   */
  public void hold(int samples, long seed, Precision precision) {
    letGo();
    int total = draws(samples);
    Prepared prepared = net.posterior().prepare(backend, precision);
    try {
      Tensor drawn = draw(HELD, seed, 0, total);
      held = new Held(total, seed, precision, prepared, drawn);
    } finally {
      if (held == null) {
        prepared.close();
      }
    }
  }

  /** Gives back the memory that only a large prediction needs. */
  public void rest() {
    workspace.trim(HELD);
  }

  private void letGo() {
    if (held != null) {
      held.prepared.close();
      held = null;
    }
  }

  /** What predictions with the same draws have in common. */
  private record Held(int total, long seed, Precision precision, Prepared prepared, Tensor drawn) {
    boolean serves(int samples, long key, Precision how) {
      return total == samples && seed == key && precision == how;
    }

    /** Null for a posterior without a flow. */
    Tensor rows(int first, int last) {
      return drawn == null ? null : drawn.rows(first, last);
    }
  }

  /**
   * Predicts.
   *
   * @param inputs {@code [N, inputs]} row-major
   * @param labels {@code [N]} or null
   * @param targets {@code [N, O]} or null
   * @param samples S; a posterior without randomness uses 1
   * @param seed of the weight samples
   * @param precision of the products
   * @throws IllegalArgumentException naming the first row whose mean overflows
   */
  public Result run(
      float[] inputs, int[] labels, float[] targets, int samples, long seed, Precision precision) {
    Tensor x = uploaded(inputs);
    int total = draws(samples);
    Statistics statistics =
        new Statistics(backend, net, workspace, x.rows(), total, labels, targets);
    visit(x, false, total, seed, precision, posterior(seed), statistics);
    return statistics.result();
  }

  /**
   * Predictions under each weight sample: class probabilities, or means of real targets, for what
   * needs several rows at once, such as the joint distribution of their labels. A sample is one set
   * of weights for all rows, and of a dropout network one mask for all rows; there each row passes
   * on its own.
   *
   * @param inputs {@code [N, inputs]} row-major
   * @param samples S; a posterior without randomness uses 1
   * @param seed of the weight samples
   * @param precision of the products
   * @return {@code [S][N][C or O]}
   * @throws IllegalArgumentException naming a row whose outputs overflow
   */
  public float[][][] eachDraw(float[] inputs, int samples, long seed, Precision precision) {
    Tensor x = uploaded(inputs);
    int total = draws(samples);
    DrawnPredictions kept = new DrawnPredictions(backend, net, total, x.rows(), 0);
    boolean masks = net.posterior().isRandom() && net.posterior().flow() == null;
    visit(x, masks, total, seed, precision, posterior(seed), kept);
    return kept.values();
  }

  /**
   * Quantiles of the posterior predictive, the mixture of what the S draws say about new targets.
   *
   * @param inputs {@code [N, inputs]} row-major
   * @param samples S; a posterior without randomness uses 1
   * @param seed of the weight samples
   * @param precision of the products
   * @param probabilities {@code [P]}, each in (0, 1)
   * @return {@code [P][N, O]}
   * @throws UnsupportedOperationException if the likelihood is that of classes or coins
   * @throws IllegalArgumentException naming a row whose outputs overflow
   */
  public double[][] quantiles(
      float[] inputs, int samples, long seed, Precision precision, double[] probabilities) {
    TargetDistribution distribution =
        net.likelihood()
            .distribution()
            .orElseThrow(
                () ->
                    new UnsupportedOperationException(
                        "quantiles needs targets that are quantities or counts: of classes and"
                            + " coins the mean says all, see predict"));
    int total = draws(samples);
    int width = net.network().inputs();
    int rows = inputs.length / width;
    int columns = net.likelihood().targets();
    int piece = (int) Math.max(1, KEPT / ((long) total * columns));
    double[][] out = new double[probabilities.length][rows * columns];
    for (int row = 0; row < rows; row += piece) {
      int end = Math.min(rows, row + piece);
      Tensor x = uploaded(Arrays.copyOfRange(inputs, row * width, end * width));
      DrawnMixtures kept = new DrawnMixtures(backend, net, distribution, total, end - row, row);
      visit(x, false, total, seed, precision, posterior(seed), kept);
      kept.quantiles(probabilities, out);
    }
    return out;
  }

  /**
   * Predictions under weights drawn from the prior; directions and biases that are not random are
   * as they are now.
   *
   * @param inputs {@code [N, inputs]} row-major
   * @param samples S
   * @param seed of the weights
   * @param precision of the products
   * @return {@code [S][N][C or O]}
   * @throws IllegalArgumentException naming a row whose outputs overflow
   */
  public float[][][] eachPriorDraw(float[] inputs, int samples, long seed, Precision precision) {
    Tensor x = uploaded(inputs);
    SplittableRandom random = new SplittableRandom(seed);
    Source prior =
        (first, last) -> {
          Tensor drawn = workspace.get(WEIGHTS, DType.REAL, last - first, net.posterior().dim());
          double[] values = new double[drawn.size()];
          Arrays.setAll(values, i -> net.prior().draw(random));
          backend.upload(drawn, values);
          return drawn;
        };
    DrawnPredictions kept = new DrawnPredictions(backend, net, samples, x.rows(), 0);
    visit(x, false, samples, seed, precision, prior, kept);
    return kept.values();
  }

  /**
   * Gradient of the log predictive probability of each row's label by the row's inputs.
   *
   * @param inputs {@code [N, inputs]} row-major
   * @param labels {@code [N]}
   * @param samples S; a posterior without randomness uses 1
   * @param seed of the weight samples
   */
  public InputGradient inputGradient(float[] inputs, int[] labels, int samples, long seed) {
    InputGradient scaled =
        new Sensitivity(this, net, backend).of(uploaded(inputs), labels, draws(samples), seed);
    return net.scaling().inputs().map(scaled::before).orElse(scaled);
  }

  /**
   * The weights that predictions with this seed use, of a posterior that has some.
   *
   * @return {@code [S][D]}
   */
  public double[][] weights(int samples, long seed) {
    int block = drawsAtOnce(1, samples);
    int dim = net.posterior().dim();
    double[][] all = new double[samples][];
    for (int first = 0; first < samples; first += block) {
      Tensor drawn = draw(seed, first, Math.min(samples, first + block));
      double[] values = new double[drawn.size()];
      backend.download(drawn, values);
      for (int i = 0; i < drawn.rows(); i++) {
        all[first + i] = Arrays.copyOfRange(values, i * dim, (i + 1) * dim);
      }
    }
    return all;
  }

  private Tensor uploaded(float[] inputs) {
    int width = net.network().inputs();
    Tensor x = workspace.get("inputs", DType.REAL, inputs.length / width, width);
    backend.upload(x, net.scaling().applyToInputs(inputs));
    return x;
  }

  private int draws(int samples) {
    return net.posterior().isRandom() ? samples : 1;
  }

  /** Told the network's outputs {@code [count·(end − row), outputs]} for rows and draws. */
  interface Visit {
    void outputs(Tape tape, Var out, int row, int end, int count, int seen);
  }

  /** Weights {@code [last - first, D]} of draws, asked for in order; null if there is no flow. */
  private interface Source {
    Tensor draw(int first, int last);
  }

  private Source posterior(long seed) {
    return (first, last) -> draw(seed, first, last);
  }

  /** Masks are numbered by row: with one mask for all, every row passes as the first. */
  private void visit(
      Tensor inputs,
      boolean oneMask,
      int total,
      long seed,
      Precision precision,
      Source source,
      Visit visit) {
    int rows = inputs.rows();
    int width = net.network().maxWidth();
    int activations = activations();
    int rowPiece = oneMask ? 1 : Math.max(1, Math.min(rows, activations / width));
    int piece = Math.clamp(activations / ((long) rowPiece * width), 1, total);
    boolean drawnBefore = held != null && held.serves(total, seed, precision);
    int block = drawsAtOnce(piece, total);
    Prepared prepared = drawnBefore ? held.prepared : net.posterior().prepare(backend, precision);
    try {
      for (int first = 0; first < total; first += block) {
        int last = Math.min(total, first + block);
        Tensor drawn = drawnBefore ? held.rows(first, last) : source.draw(first, last);
        for (int row = 0; row < rows; row += rowPiece) {
          int end = Math.min(rows, row + rowPiece);
          prepared.inputs(inputs.rows(row, end), oneMask ? 0 : row);
          for (int seen = first, count; seen < last; seen += count) {
            count = Math.min(Math.min(piece, last - seen), BlockTotals.rest(seen));
            Tape tape = Tape.inference(backend);
            Draw use = use(tape, seed, drawn, first, seen, count);
            visit.outputs(tape, prepared.forward(tape, use, count), row, end, count, seen);
          }
        }
      }
    } finally {
      if (!drawnBefore) {
        prepared.close();
      }
    }
  }

  /**
   * Draws that are kept at once, at least {@code piece}; in whole passes of the flow, so that the
   * weights of a sample are the same bits however many rows meet them.
   */
  int drawsAtOnce(int piece, int total) {
    if (net.posterior().flow() == null) {
      return total;
    }
    int pass = samplesOfPass();
    int wanted = Math.max(piece, DRAWN / net.posterior().dim());
    return Math.min(total, (wanted + pass - 1) / pass * pass);
  }

  private int samplesOfPass() {
    int most = backend.isAsynchronous() ? GPU_SAMPLES : CPU_SAMPLES;
    return Math.clamp(activations() / net.posterior().dim(), FEW_SAMPLES, most);
  }

  private int activations() {
    return backend.isAsynchronous() ? GPU_ACTIVATIONS : CPU_ACTIVATIONS;
  }

  /** Draws {@code seen} to {@code seen + count} of those from {@code first} that were kept. */
  Draw use(Tape tape, long seed, Tensor drawn, int first, int seen, int count) {
    countFrom(drawn == null ? seen : 0L);
    Tensor weights = drawn == null ? null : drawn.rows(seen - first, seen - first + count);
    return net.posterior().use(tape, new Noise(seed, counter, seen), weights);
  }

  /** Weights {@code [last - first, D]} that survive the step pool; null if there is no flow. */
  Tensor draw(long seed, int first, int last) {
    return draw(WEIGHTS, seed, first, last);
  }

  private Tensor draw(String slot, long seed, int first, int last) {
    WeightPosterior posterior = net.posterior();
    if (posterior.flow() == null) {
      return null;
    }
    countFrom(0L);
    Tensor kept = workspace.get(slot, DType.REAL, last - first, posterior.dim());
    int most = samplesOfPass();
    for (int i = first; i < last; i += most) {
      int count = Math.min(most, last - i);
      Tape tape = Tape.inference(backend);
      Draw drawn = posterior.draw(tape, new Noise(seed, counter, i), count);
      backend.copy(kept.rows(i - first, i - first + count), drawn.weights().value());
    }
    return kept;
  }

  /** An upload waits for the device, so there is one only if something changes. */
  private void countFrom(long value) {
    if (value != counted) {
      backend.upload(counter, value);
      counted = value;
    }
  }

  @Override
  public void close() {
    letGo();
    workspace.close();
    backend.close();
  }
}
