package org.bhn;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Supplier;
import org.bhn.backend.Backend;
import org.bhn.backend.Precision;
import org.bhn.bayes.BayesianNetwork;
import org.bhn.bayes.Elbo;
import org.bhn.bayes.ElboEstimator;
import org.bhn.bayes.Likelihood;
import org.bhn.data.Dataset;
import org.bhn.nn.Image;
import org.bhn.nn.NetworkWeights;
import org.bhn.predict.InputGradient;
import org.bhn.predict.Predictive;
import org.bhn.predict.Predictor;
import org.bhn.train.DataChecks;
import org.bhn.train.Fit;
import org.bhn.train.History;
import org.bhn.train.Trainer;

/**
 * A Bayesian neural network: build, fit, predict with uncertainty, save, load.
 *
 * <p>Any number of threads may predict at once; at the same time compute at most as many as there
 * are processors, and on a CPU where a call uses several threads, half as many. Fitting, {@link
 * #elbo}, saving, closing and {@link #startFrom} wait for them and keep them out. Models on one
 * backend do not get into each other's way: each may be trained by a thread of its own. Predictions
 * depend on the model, the inputs and the seed alone, so they are the same bits after a reload; for
 * another number of rows at a time, the same to rounding.
 */
public final class Bhn implements AutoCloseable {
  private final Map<String, Object> card;
  private final BayesianNetwork net;
  private final PredictorPool predictors;
  private final Set<PosteriorSample> drawn = ConcurrentHashMap.newKeySet();
  private final Access access = new Access();
  private volatile Precision precision = Precision.STRICT;
  private long trainings; // so far

  Bhn(Map<String, Object> card, BayesianNetwork net) {
    this.card = card;
    this.net = net;
    this.predictors = new PredictorPool(this::predictor, net.backend().device());
  }

  /** A classifier by softmax. */
  public static BhnBuilder classifier(int inputs, int classes) {
    return new BhnBuilder(inputs, Likelihood.categorical(classes));
  }

  /** A regression with one learned noise level for each target. */
  public static BhnBuilder regressor(int inputs, int targets) {
    return new BhnBuilder(inputs, Likelihood.gaussianLearned(targets, 1));
  }

  /** A classifier of images by softmax; see {@link BhnBuilder#conv(int, int)}. */
  public static BhnBuilder classifier(Image inputs, int classes) {
    return of(inputs, Likelihood.categorical(classes));
  }

  /** A regression from images with one learned noise level for each target. */
  public static BhnBuilder regressor(Image inputs, int targets) {
    return of(inputs, Likelihood.gaussianLearned(targets, 1));
  }

  /**
   * A model of images with the given likelihood.
   *
   * @param inputs shape of a row of the data, channels last
   */
  public static BhnBuilder of(Image inputs, Likelihood likelihood) {
    return new BhnBuilder(new ImageLayers(inputs), required(likelihood));
  }

  /** A model with the given likelihood. */
  public static BhnBuilder of(int inputs, Likelihood likelihood) {
    return new BhnBuilder(inputs, required(likelihood));
  }

  private static Likelihood required(Likelihood likelihood) {
    if (likelihood == null) {
      throw new IllegalArgumentException("likelihood is null: use Likelihood.categorical(classes)");
    }
    return likelihood;
  }

  /**
   * Trains. A model that was trained before goes on from where it is; if there is a checkpoint of
   * this training already ({@link Fit#checkpoint}), from there. An interrupt of the thread, which
   * stays set, and {@link #close} by another thread end it before its next step; {@link
   * Fit#stopWhen} ends it in good order.
   *
   * @throws IllegalArgumentException if the data do not fit the model
   * @throws org.bhn.train.TrainingException if a value becomes NaN or infinite
   * @throws java.util.concurrent.CancellationException if it is interrupted or the model closed
   * @throws org.bhn.io.FormatException if the checkpoint is damaged or was written by a training of
   *     another model, other data or other settings; the model is then as it was
   * @throws java.io.UncheckedIOException if the checkpoint cannot be read or written; an older one
   *     is then whole
   */
  public History fit(Dataset train, Fit fit) {
    if (fit == null) {
      throw new IllegalArgumentException("fit is null: use Fit.epochs(100)");
    }
    return access.training(
        () -> {
          try (Trainer trainer = new Trainer(net, card, train, fit, access::isClosing)) {
            trainings++;
            return trainer.run();
          }
        });
  }

  /**
   * Puts a network trained elsewhere in the posterior's middle: where the noise is 0 the model then
   * is that network, and its spread is that of a new model. Training goes on from there, without
   * data-dependent initialisation; the prior stays as it is. Of a model that standardises its data
   * they are the weights for standardised ones.
   *
   * @return this
   * @throws IllegalArgumentException if the weights are those of another network
   * @throws IllegalStateException if the model was trained or started from weights before
   */
  public Bhn startFrom(NetworkWeights weights) {
    if (weights == null || !weights.network().equals(net.network())) {
      throw new IllegalArgumentException(
          weights == null
              ? "weights is null: use NetworkWeights.torch or NetworkWeights.of"
              : "weights are of another network: build the model with its layers and activations");
    }
    return access.alone(
        () -> {
          if (net.isInitialised()) {
            throw new IllegalStateException(
                "this model has been trained, or started from weights: build a new one");
          }
          net.posterior().startFrom(net.backend(), weights);
          net.markInitialised();
          trainings++;
          return this;
        });
  }

  /**
   * The weights of a point or dropout network, which another model can start from.
   *
   * @throws UnsupportedOperationException if the weights are random
   */
  public NetworkWeights pointWeights() {
    return access.alone(() -> net.posterior().pointWeights());
  }

  /**
   * Sets how exactly predictions multiply matrices from now on; strict unless told otherwise.
   * Training is always strict.
   *
   * @return this
   */
  public Bhn precision(Precision how) {
    if (how == null) {
      throw new IllegalArgumentException("precision is null: use Precision.STRICT or FAST");
    }
    precision = how;
    return this;
  }

  /** As {@link #predict(float[], int, long)} with the model's own seed. */
  public Predictive predict(float[] inputs, int samples) {
    return predict(inputs, samples, net.seed());
  }

  /**
   * The posterior predictive of N inputs, streamed over weight samples: memory does not grow with
   * their number.
   *
   * @param inputs {@code [N, inputs]} row by row, finite
   * @param samples S, from 1 to 2^20; a point network uses 1
   * @param seed of the weight samples
   * @throws IllegalArgumentException if the inputs do not fit, are not finite, or so large that the
   *     first row named overflows in the network
   */
  public Predictive predict(float[] inputs, int samples, long seed) {
    checkInputs(inputs, samples);
    return run(inputs, null, null, samples, seed).predictive();
  }

  /**
   * Predicts the inputs of a data set and scores its labels or targets.
   *
   * @return with the log predictive density of each row, in nats
   */
  public Predictor.Result evaluate(Dataset data, int samples) {
    DataChecks.fits(net, "data", data);
    checkInputs(data.inputs(), samples);
    boolean classes = net.likelihood().classes() > 0;
    return run(
        data.inputs(),
        classes ? data.labels() : null,
        classes ? null : data.targets(),
        samples,
        net.seed());
  }

  /**
   * Class probabilities under each weight sample: those whose mean {@link #predict(float[], int,
   * long)} gives with the same seed. A sample is one set of weights for all rows, so that products
   * over rows are joint probabilities of their labels; of a dropout network it is one mask, where
   * predictions draw a mask for each row. Takes memory for S·N·C values.
   *
   * @param inputs {@code [N, inputs]} row by row, finite
   * @param samples S, from 1 to 2^20; a point network uses 1
   * @param seed of the weight samples
   * @return {@code [S][N][C]}
   * @throws UnsupportedOperationException if the model is not a classifier
   */
  public float[][][] sampleProbabilities(float[] inputs, int samples, long seed) {
    requireClasses("sampleProbabilities");
    checkInputs(inputs, samples);
    return use(p -> p.eachDraw(inputs, samples, seed, precision));
  }

  /**
   * Mean predictions of real targets under each weight sample, without noise: those whose mean
   * {@link #predict(float[], int, long)} gives with the same seed. A sample is one function of the
   * inputs, drawn from the posterior; of a dropout network it is one mask, where predictions draw a
   * mask for each row. Takes memory for S·N·O values.
   *
   * @param inputs {@code [N, inputs]} row by row, finite
   * @param samples S, from 1 to 2^20; a point network uses 1
   * @param seed of the weight samples
   * @return {@code [S][N][O]}
   * @throws UnsupportedOperationException if the model is a classifier
   */
  public float[][][] sampleMeans(float[] inputs, int samples, long seed) {
    if (net.likelihood().classes() > 0) {
      throw new UnsupportedOperationException(
          "sampleMeans needs real targets: of a classifier use sampleProbabilities");
    }
    checkInputs(inputs, samples);
    return use(p -> p.eachDraw(inputs, samples, seed, precision));
  }

  /**
   * Predictions under weights drawn from the prior instead of the posterior: what the model says
   * without data, to see whether the prior says what was meant. What is not random (the directions
   * and biases of a weight-norm posterior) is as it is now: ask before training.
   *
   * @param inputs {@code [N, inputs]} row by row, finite
   * @param samples S, from 1 to 2^20
   * @param seed of the weights
   * @return {@code [S][N][C]} class probabilities, or {@code [S][N][O]} means of real targets in
   *     the units of the data
   * @throws UnsupportedOperationException if the model has no random weights to which a prior
   *     applies
   */
  public float[][][] samplePrior(float[] inputs, int samples, long seed) {
    checkInputs(inputs, samples);
    if (net.posterior().dim() == 0) {
      throw new UnsupportedOperationException(
          "samplePrior needs random weights, which point and dropout networks do not have");
    }
    return use(p -> p.eachPriorDraw(inputs, samples, seed, precision));
  }

  /** As {@link #quantiles(float[], int, long, double...)} with the model's own seed. */
  public double[][] quantiles(float[] inputs, int samples, double... probabilities) {
    return quantiles(inputs, samples, net.seed(), probabilities);
  }

  /**
   * Quantiles of the posterior predictive of real targets or counts: of the mixture of what each
   * draw of the weights says about a new observation, noise included. Of probabilities 0.05 and
   * 0.95 those two are the ends of an interval that holds 90 %, whatever the mixture's shape;
   * {@link Predictive#interval} takes it as Gaussian, and is faster. Of counts the least that at
   * least that share is no larger than.
   *
   * @param inputs {@code [N, inputs]} row by row, finite
   * @param samples S, from 1 to 2^20; a point network uses 1
   * @param seed of the weight samples
   * @param probabilities {@code [P]}, each in (0, 1)
   * @return {@code [P][N·O]}, in the units of the data
   * @throws UnsupportedOperationException if targets are classes or coins
   */
  public double[][] quantiles(float[] inputs, int samples, long seed, double... probabilities) {
    checkInputs(inputs, samples);
    DataChecks.probabilities(probabilities);
    return use(p -> p.quantiles(inputs, samples, seed, precision, probabilities));
  }

  /**
   * The gradient by the inputs of the log predictive probability of labels, log 1/S Σ_s p(y|x,
   * θ_s): which way an input must move to look more like its label.
   *
   * @param inputs {@code [N, inputs]} row by row, finite
   * @param labels {@code [N]}
   * @param samples S, from 1 to 2^20; a point network uses 1
   * @param seed of the weight samples
   * @throws UnsupportedOperationException if the model is not a classifier
   */
  public InputGradient inputGradient(float[] inputs, int[] labels, int samples, long seed) {
    requireClasses("inputGradient");
    checkInputs(inputs, samples);
    int classes = net.likelihood().classes();
    DataChecks.labels(labels, inputs.length / net.network().inputs(), classes);
    return use(p -> p.inputGradient(inputs, labels, samples, seed));
  }

  private Predictor.Result run(
      float[] inputs, int[] labels, float[] targets, int samples, long seed) {
    return use(p -> p.run(inputs, labels, targets, samples, seed, precision));
  }

  private <T> T use(Function<Predictor, T> work) {
    return resting(() -> predictors.use(work));
  }

  /** Works while the model is open and not trained. */
  <T> T resting(Supplier<T> work) {
    return access.together(work);
  }

  Predictor predictor() {
    return new Predictor(net.backend().fork(), net);
  }

  long trainings() {
    return trainings;
  }

  void forget(PosteriorSample sample) {
    drawn.remove(sample);
  }

  /** As {@link #draw(int, long)} with the model's own seed. */
  public PosteriorSample draw(int samples) {
    return draw(samples, net.seed());
  }

  /**
   * Draws weights once for many predictions: for single requests the draws and the packing of
   * matrices are nearly all of the time of {@link #predict(float[], int, long)}.
   *
   * @param samples S, from 1 to 2^20; a point network uses 1; S·D below 2^31
   * @param seed of the weight samples
   * @throws IllegalStateException if called by a listener of a training, whose weights do not rest
   */
  public PosteriorSample draw(int samples, long seed) {
    checkSamples(samples);
    return resting(
        () -> {
          if (access.isTraining()) {
            throw new IllegalStateException(
                "weights cannot be drawn while the model is trained: draw when fit has returned");
          }
          PosteriorSample sample = new PosteriorSample(this, samples, seed, precision, trainings);
          drawn.add(sample);
          return sample;
        });
  }

  /**
   * The evidence lower bound on a data set, itemised, by weight samples of their own, the same each
   * time for the same model. Predictions wait meanwhile. See {@link Elbo#total} for what it bounds.
   *
   * @throws UnsupportedOperationException if the posterior has no density (point, dropout)
   */
  public Elbo elbo(Dataset data, int samples) {
    DataChecks.fits(net, "data", data);
    checkSamples(samples);
    return access.alone(() -> ElboEstimator.estimate(net, data, samples));
  }

  /**
   * Draws of the random weights, those that predictions with the same seed use: gains of a
   * weight-norm posterior, all weights and biases of a full one.
   *
   * @return {@code [samples][D]}
   * @throws UnsupportedOperationException if the posterior has none
   */
  public double[][] sampleWeights(int samples, long seed) {
    checkSamples(samples);
    if (net.posterior().dim() == 0) {
      throw new UnsupportedOperationException(
          "a point or dropout network has no random weights to draw");
    }
    return use(p -> p.weights(samples, seed));
  }

  /**
   * Writes the whole distribution to a safetensors file, atomically. {@link #load} gives the same
   * predictions, bit for bit on the same kind of backend.
   *
   * @throws java.io.UncheckedIOException if the file cannot be written; an older one is then whole
   */
  public void save(Path file) {
    access.alone(
        () -> {
          ModelFile.write(file, card, net);
          return null;
        });
  }

  /**
   * Reads a model written by {@link #save}.
   *
   * @throws org.bhn.io.FormatException if the file is truncated, corrupt, not a model or of another
   *     version's format
   * @throws java.io.UncheckedIOException if the file does not exist or cannot be read
   */
  public static Bhn load(Path file, Backend backend) {
    return ModelFile.read(file, backend);
  }

  /** What the model is made of, for those who want to go below this class. */
  public BayesianNetwork network() {
    return net;
  }

  void checkInputs(float[] inputs, int samples) {
    checkSamples(samples);
    int width = net.network().inputs();
    if (inputs == null) {
      throw new IllegalArgumentException("inputs is null: pass rows, none for an empty prediction");
    }
    if (inputs.length % width != 0) {
      throw new IllegalArgumentException(
          "inputs has "
              + inputs.length
              + " values, which is not a multiple of the network's "
              + width
              + " inputs");
    }
    DataChecks.finite("inputs", inputs, width);
  }

  private void requireClasses(String method) {
    if (net.likelihood().classes() == 0) {
      throw new UnsupportedOperationException(
          method + " needs class probabilities: build the model by Bhn.classifier");
    }
  }

  private static void checkSamples(int samples) {
    // More draws would say nothing that single precision, in which all is returned, could tell.
    if (samples < 1 || samples > 1 << 20) {
      throw new IllegalArgumentException("samples = " + samples + " must be in [1, 2^20]");
    }
  }

  /**
   * Frees the model's memory; waits for predictions that still run, and ends a training at its next
   * step. The backend stays open.
   *
   * @throws IllegalStateException if called by a listener of the model's own training
   */
  @Override
  public void close() {
    access.close(
        () -> {
          predictors.close();
          List.copyOf(drawn).forEach(PosteriorSample::close);
          net.close();
          net.backend().close();
        });
  }
}
