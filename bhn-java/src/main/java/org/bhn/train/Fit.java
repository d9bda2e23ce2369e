package org.bhn.train;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.bhn.data.Dataset;

/**
 * How to train. Each method sets one thing and returns this; what is not set has the default named
 * at the method.
 */
public final class Fit {
  /** What chooses the best snapshot on validation data. */
  public enum Selection {
    /** Mean log predictive density. */
    LOG_LIKELIHOOD,
    /** Share of correct labels, then log predictive density; of class labels only. */
    ACCURACY
  }

  final int epochs;
  int batch = 32;
  int samples = 1;
  int examplesPerDraw = Integer.MAX_VALUE;
  double learningRate = 1e-3;
  double decay = 1;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double maxNorm = 10;
  double clip = 5;
  double warmup;
  double warmupStart = 0.001;
  double temperature = 1;
  boolean initialise;
  Dataset validation;
  int validationSamples = 20;
  int validationEvery = 1;
  int patience;
  Selection selection = Selection.LOG_LIKELIHOOD;
  boolean keepBest = true;
  Path checkpoint;
  int checkpointEvery = 1;
  BooleanSupplier stopWhen = () -> false;
  final List<Listener> listeners = new ArrayList<>();

  private Fit(int epochs) {
    this.epochs = epochs;
  }

  /** Passes over the training data. */
  public static Fit epochs(int epochs) {
    check("epochs", epochs, 1, 1 << 24);
    return new Fit(epochs);
  }

  /** Examples in a minibatch (32); the last one of an epoch may be smaller. */
  public Fit batch(int examples) {
    check("batch", examples, 1, 1 << 20);
    this.batch = examples;
    return this;
  }

  /** Weight samples in each step (1). */
  public Fit samples(int count) {
    check("samples", count, 1, 1 << 16);
    this.samples = count;
    return this;
  }

  /** Whether every example of a batch gets its own weight sample (no): less gradient noise. */
  public Fit perExample(boolean on) {
    this.examplesPerDraw = on ? 1 : Integer.MAX_VALUE;
    return this;
  }

  /**
   * How many examples of a batch share a weight sample (all). The gradient of a batch whose parts
   * meet different weights has less noise, at the cost of more draws from the flow and of no more
   * products in the network. In a batch that is no multiple of it their greatest common divisor
   * shares one.
   */
  public Fit examplesPerDraw(int count) {
    check("examplesPerDraw", count, 1, Integer.MAX_VALUE);
    this.examplesPerDraw = count;
    return this;
  }

  /** Adam's step size at the start (1e-3). */
  public Fit learningRate(double rate) {
    check("learningRate", rate, 0, 1e3);
    this.learningRate = rate;
    return this;
  }

  /**
   * Factor by which the learning rate has fallen in the last epoch, exponentially (1: constant; the
   * paper: 0.1).
   */
  public Fit decay(double factor) {
    check("decay", factor, 1e-12, 1);
    this.decay = factor;
    return this;
  }

  /** Adam's decay rates and epsilon (0.9, 0.999, 1e-8). */
  public Fit adam(double b1, double b2, double eps) {
    check("beta1", b1, 0, 0.999999999);
    check("beta2", b2, 0, 0.999999999);
    check("epsilon", eps, 1e-30, 1);
    this.beta1 = b1;
    this.beta2 = b2;
    this.epsilon = eps;
    return this;
  }

  /**
   * Bounds on the gradient's global norm (10), then on each element (5); 0 is no bound. They keep
   * the first steps from going astray. Where most steps meet them to the end ({@link
   * Epoch#gradientNorm}), as in regressions whose noise is a few hundredths of the targets' spread,
   * the posterior stays too wide, by 10 % even in linear regression: train such a model further
   * with {@code clip(0, 0)} and a smaller learning rate.
   */
  public Fit clip(double norm, double element) {
    check("norm", norm, 0, 1e30);
    check("element", element, 0, 1e30);
    this.maxNorm = norm;
    this.clip = element;
    return this;
  }

  /**
   * Share of the epochs over which the KL weight β rises linearly from almost 0 (0: no warm-up; the
   * paper: 0.5). The last epoch has all of it, and before it has risen no epoch is the best one.
   */
  public Fit klWarmup(double share) {
    check("klWarmup", share, 0, 1);
    this.warmup = share;
    return this;
  }

  /**
   * As {@link #klWarmup(double)}, starting at a weight of one's own. Above 1 the posterior starts
   * near the prior and the data come in slowly, geometrically: modes that lie apart are then all
   * found, where a posterior that starts narrow falls into one of them.
   */
  public Fit klWarmup(double share, double start) {
    check("start", start, 1e-6, 1e6);
    this.warmupStart = start;
    return klWarmup(share);
  }

  /** Weight of the KL term after warm-up (1, which is Bayes; below 1 is a cold posterior). */
  public Fit temperature(double weight) {
    check("temperature", weight, 0, 1e6);
    this.temperature = weight;
    return this;
  }

  /**
   * Whether an untrained weight-norm posterior is first fitted to the scale of the data (no): every
   * pre-activation then starts standardised, which takes large gains where inputs are small, far
   * from a N(0, 1) prior.
   */
  public Fit initialise(boolean on) {
    this.initialise = on;
    return this;
  }

  /**
   * Data on which each epoch is judged; the best snapshot is kept unless told otherwise. Epochs of
   * {@link #klWarmup} are judged but never the best: their posterior is not yet the one asked for.
   */
  public Fit validation(Dataset data) {
    if (data == null) {
      throw new IllegalArgumentException("validation is null: leave the call out");
    }
    this.validation = data;
    return this;
  }

  /** Weight samples of a validation (20). */
  public Fit validationSamples(int count) {
    check("validationSamples", count, 1, 1 << 16);
    this.validationSamples = count;
    return this;
  }

  /** Epochs from one validation to the next (1); the last epoch is always validated. */
  public Fit validationEvery(int count) {
    check("validationEvery", count, 1, 1 << 24);
    this.validationEvery = count;
    return this;
  }

  /** What chooses the best snapshot (log-likelihood), and whether it is kept (yes). */
  public Fit select(Selection by, boolean keep) {
    if (by == null) {
      throw new IllegalArgumentException("selection is null: use Selection.LOG_LIKELIHOOD");
    }
    this.selection = by;
    this.keepBest = keep;
    return this;
  }

  /**
   * Stops after so many validations without a better one (0: never), not before {@link #klWarmup}
   * is over. Needs {@link #validation}.
   */
  public Fit patience(int validations) {
    check("patience", validations, 0, 1 << 24);
    this.patience = validations;
    return this;
  }

  /**
   * Asks after every epoch but the last, on the training thread, whether to stop: at a user's
   * request, or when the time is up. A training that is stopped so ends as one whose epochs are
   * done, with the best snapshot of those validated so far, if {@link #klWarmup} is over; with a
   * {@link #checkpoint} it can be gone on with later, to the same bits as without the stop.
   */
  public Fit stopWhen(BooleanSupplier asked) {
    if (asked == null) {
      throw new IllegalArgumentException("stopWhen is null: leave the call out");
    }
    this.stopWhen = asked;
    return this;
  }

  /**
   * Writes the whole state of the training to this file after every {@code every} epochs, and
   * continues from it where it exists: a training killed at any moment and started again ends with
   * the same bits. Model, data and settings must then be the same; a checkpoint of others is
   * refused and the model left as it is.
   */
  public Fit checkpoint(Path file, int every) {
    if (file == null) {
      throw new IllegalArgumentException("checkpoint file is null: leave the call out");
    }
    check("checkpointEvery", every, 1, 1 << 24);
    this.checkpoint = file;
    this.checkpointEvery = every;
    return this;
  }

  /** Told after every epoch; may be called more than once. */
  public Fit listener(Listener listener) {
    if (listener == null) {
      throw new IllegalArgumentException("listener is null: leave the call out");
    }
    listeners.add(listener);
    return this;
  }

  /** KL weight of an epoch, counted from 0. */
  double klWeight(int epoch) {
    if (epoch >= warmup * (epochs - 1)) {
      return temperature;
    }
    double done = epoch / (warmup * (epochs - 1));
    return temperature
        * (warmupStart > 1
            ? Math.pow(warmupStart, 1 - done)
            : warmupStart + (1 - warmupStart) * done);
  }

  /** Learning rate of an epoch, counted from 0. */
  double learningRate(int epoch) {
    return epochs == 1
        ? learningRate
        : learningRate * Math.pow(decay, (double) epoch / (epochs - 1));
  }

  /** All that decides what a training ends with, but for the data. */
  Map<String, Object> toMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("epochs", (long) epochs);
    map.put("batch", (long) batch);
    map.put("samples", (long) samples);
    map.put("examples_per_draw", (long) Math.min(examplesPerDraw, batch));
    map.put("learning_rate", learningRate);
    map.put("decay", decay);
    map.put("beta1", beta1);
    map.put("beta2", beta2);
    map.put("epsilon", epsilon);
    map.put("max_norm", maxNorm);
    map.put("clip", clip);
    map.put("warmup", warmup);
    map.put("warmup_start", warmupStart);
    map.put("temperature", temperature);
    map.put("initialise", initialise);
    map.put("validation_samples", (long) validationSamples);
    map.put("validation_every", (long) validationEvery);
    map.put("patience", (long) patience);
    map.put("selection", selection.name());
    map.put("keep_best", keepBest);
    return map;
  }

  private static void check(String name, int value, int low, int high) {
    if (value < low || value > high) {
      throw new IllegalArgumentException(
          name + " = " + value + " must be in [" + low + ", " + high + "]");
    }
  }

  private static void check(String name, double value, double low, double high) {
    if (!(value >= low && value <= high)) {
      throw new IllegalArgumentException(
          name + " = " + value + " must be in [" + low + ", " + high + "]");
    }
  }
}
