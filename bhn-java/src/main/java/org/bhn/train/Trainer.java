package org.bhn.train;

import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import org.bhn.backend.Backend;
import org.bhn.bayes.BayesianNetwork;
import org.bhn.bayes.Elbo;
import org.bhn.data.Dataset;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;

/** The training loop. */
public final class Trainer implements AutoCloseable {
  /** Most rows that data-dependent initialisation looks at. */
  private static final int INIT_ROWS = 256;

  /** Reals of the widest activation in it, if that is not fewer than a quarter of those rows. */
  private static final int INIT_ACTIVATIONS = 1 << 23;

  /** Steps between two looks at an asynchronous device, which waits for none in between. */
  private static final int LOOK_EVERY = 64;

  private final BayesianNetwork net;
  private final Backend backend;
  private final Map<String, Object> card;
  private final Dataset train; // scaled
  private final Fit fit;
  private final BooleanSupplier cancelled;
  private final List<Listener> listeners;
  private final TrainingMemory memory;
  private final TrainingData data;
  private final Optimizer optimizer;
  private final TrainStep step;
  private final Snapshot best;
  private final Validation validation; // null without data
  private final List<Epoch> epochs = new ArrayList<>();
  private int bestEpoch = -1;
  private boolean stoppedEarly;

  /**
   * Puts the data on the device and prepares the step.
   *
   * @param card what the network is, seed included, as plain values: checkpoints keep it, so that
   *     no other network goes on from them
   * @param cancelled asked before every step whether to end at once
   * @throws IllegalArgumentException if the data do not fit the network or the likelihood, or no
   *     checkpoint could be written
   */
  public Trainer(
      BayesianNetwork net,
      Map<String, Object> card,
      Dataset train,
      Fit fit,
      BooleanSupplier cancelled) {
    DataChecks.fits(net, "train", train);
    if (fit.validation != null) {
      DataChecks.fits(net, "validation", fit.validation);
    }
    if (fit.checkpoint != null) {
      Checkpoint.requireWritable(fit.checkpoint);
    }
    boolean classes = net.likelihood().classes() > 0;
    if (fit.patience > 0 && fit.validation == null) {
      throw new IllegalArgumentException(
          "patience = %d needs data to judge by: set validation(data), or leave patience out"
              .formatted(fit.patience));
    }
    if (fit.selection == Fit.Selection.ACCURACY && !classes) {
      throw new IllegalArgumentException(
          "select(ACCURACY) needs class labels: use LOG_LIKELIHOOD, or build a classifier");
    }
    if (fit.examplesPerDraw < fit.batch && !net.posterior().supportsPerExample()) {
      throw new IllegalArgumentException(
          "perExample and examplesPerDraw need a posterior over gains: a full posterior would need"
              + " a product for each draw; use Posterior.weightNorm, or samples");
    }
    this.net = net;
    this.backend = net.backend();
    this.card = card;
    this.train = net.scaling().apply(train);
    this.fit = fit;
    this.cancelled = cancelled;
    this.listeners = List.copyOf(fit.listeners);
    boolean judged = fit.validation != null;
    this.memory = new TrainingMemory(backend);
    boolean made = false;
    try {
      this.data = TrainingData.of(memory, this.train, net.likelihood(), fit.batch);
      this.optimizer = new Optimizer(memory, net.params());
      this.step = new TrainStep(net, data, optimizer, fit, memory);
      this.best = judged && fit.keepBest ? new Snapshot(memory, net.params()) : null;
      this.validation = judged ? memory.keep(new Validation(net, fit)) : null;
      made = true;
    } finally {
      if (!made) {
        memory.close();
      }
    }
  }

  /**
   * Trains until the epochs are done, patience ends or a stop is asked for.
   *
   * @throws TrainingException if a value becomes NaN or infinite
   * @throws CancellationException if the thread is interrupted, or the training cancelled
   * @throws org.bhn.io.FormatException if the checkpoint is damaged or of another training; the
   *     model is then as it was
   * @throws java.io.UncheckedIOException if the checkpoint cannot be read or written
   */
  public History run() {
    Checkpoint checkpoint = fit.checkpoint == null ? null : new Checkpoint(fit.checkpoint, this);
    int first = 0;
    requireWanted(0, 0);
    if (checkpoint != null && checkpoint.exists()) {
      first = checkpoint.read();
    } else if (fit.initialise && !net.isInitialised()) {
      initialise();
    }
    net.markInitialised();
    boolean asked = false;
    Throwable thrown = null;
    try {
      for (Listener listener : listeners) {
        listener.onStart(first, fit.epochs);
      }
      for (int epoch = first; epoch < fit.epochs && !stoppedEarly && !asked; epoch++) {
        Epoch done = epoch(epoch);
        epochs.add(done);
        if (done.best()) {
          bestEpoch = epoch;
          if (best != null) {
            best.take();
          }
        }
        stoppedEarly = outOfPatience();
        boolean last = epoch == fit.epochs - 1 || stoppedEarly;
        boolean safe = last || (epoch + 1) % fit.checkpointEvery == 0;
        if (checkpoint != null && safe) {
          write(checkpoint, epoch + 1);
        }
        listeners.forEach(l -> l.onEpoch(done));
        asked = !last && fit.stopWhen.getAsBoolean();
        if (checkpoint != null && asked && !safe) {
          write(checkpoint, epoch + 1);
        }
      }
      if (best != null && bestEpoch >= 0) {
        best.restore();
      }
      backend.sync();
    } catch (RuntimeException | Error e) {
      thrown = e;
      throw e;
    } finally {
      end(thrown);
    }
    return new History(epochs, best == null ? -1 : bestEpoch, stoppedEarly || asked);
  }

  /** An interrupt closes the file that is written; the older one is then whole. */
  private void write(Checkpoint checkpoint, int next) {
    requireWanted(next, 0);
    try {
      checkpoint.write(next);
    } catch (UncheckedIOException e) {
      requireWanted(next, 0);
      throw e;
    }
  }

  /** Tells all listeners, whatever one of them throws; what ended the training comes first. */
  private void end(Throwable before) {
    Throwable first = before;
    for (Listener listener : listeners) {
      try {
        listener.onEnd();
      } catch (RuntimeException | Error e) {
        if (first == null) {
          first = e;
        } else if (first != e) {
          first.addSuppressed(e);
        }
      }
    }
    if (before == null && first instanceof RuntimeException e) {
      throw e;
    }
    if (before == null && first instanceof Error e) {
      throw e;
    }
  }

  private void requireWanted(int epoch, int step) {
    boolean interrupted = Thread.currentThread().isInterrupted();
    if (interrupted || cancelled.getAsBoolean()) {
      throw new CancellationException(
          "%s in epoch %d before step %d: parameters are those of that moment%s"
              .formatted(
                  interrupted ? "the training thread was interrupted" : "the model was closed",
                  epoch,
                  step,
                  fit.checkpoint == null
                      ? "; with Fit.checkpoint a training can be gone on with"
                      : "; fit again with " + fit.checkpoint + " to go on from what it holds"));
    }
  }

  private void initialise() {
    int fitting = INIT_ACTIVATIONS / net.network().maxWidth();
    int rows = Math.min(Math.clamp(fitting, INIT_ROWS / 4, INIT_ROWS), train.rows());
    int width = train.columns();
    SplittableRandom random = new SplittableRandom(net.seed());
    float[] x = new float[rows * width];
    for (int i = 0; i < rows; i++) {
      int from = rows == train.rows() ? i : random.nextInt(train.rows());
      train.copyInputs(from, from + 1, x, i * width);
    }
    Tensor batch = backend.allocate(DType.REAL, rows, width);
    try {
      backend.upload(batch, x);
      net.posterior().initialise(backend, batch);
    } finally {
      backend.release(batch);
    }
  }

  private Epoch epoch(int epoch) {
    long start = System.nanoTime();
    int rows = train.rows();
    double klWeight = fit.klWeight(epoch);
    double rate = fit.learningRate(epoch);
    data.shuffle(net.seed(), backend.itemLong(net.noiseCounter()));
    step.startEpoch(klWeight, rows);
    optimizer.configure(fit, rate);
    int steps = (rows + fit.batch - 1) / fit.batch;
    int lookEvery = backend.isAsynchronous() ? LOOK_EVERY : 1;
    long before = optimizer.steps();
    for (int i = 0; i < steps; i++) {
      requireWanted(epoch, i);
      step.run(rowsUpTo(i + 1) - rowsUpTo(i));
      if ((i + 1) % lookEvery == 0 || i + 1 == steps) {
        requireFinite(before, i + 1);
      }
      if ((i + 1) % LOOK_EVERY == 0) {
        step.addUp(); // an asynchronous device was just waited for
      }
      for (Listener listener : listeners) {
        listener.onStep(epoch, i, steps);
      }
    }
    double[] sums = step.totals(); // waits for the steps, which the validation must see
    Validation.Result judged = validation == null ? Validation.NONE : validation.after(epoch);
    double logLik = sums[1] / rows - net.scaling().logUnit();
    double logPrior = sums[2] / rows;
    double logDet = sums[3] / rows;
    int dim = net.posterior().dim();
    double elbo =
        dim == 0 ? Double.NaN : rows * logLik + logPrior + logDet + Elbo.standardNormalEntropy(dim);
    return new Epoch(
        epoch,
        fit.epochs,
        logLik,
        logPrior,
        logDet,
        elbo,
        klWeight,
        rate,
        optimizer.gradientNorm(),
        judged.logLik(),
        judged.accuracy(),
        isBest(judged, klWeight),
        (System.nanoTime() - start) * 1e-9);
  }

  /** Rows that so many steps of an epoch have seen. */
  private int rowsUpTo(int steps) {
    return (int) Math.min(train.rows(), (long) steps * fit.batch);
  }

  /**
   * Looks whether all steps so far were finite. The first that was not has changed nothing and lets
   * none after it change anything, so the training goes back to it and says what it met.
   *
   * @param before steps before this epoch
   * @param done steps of this epoch
   */
  private void requireFinite(long before, int done) {
    if (optimizer.allStepsWereFinite()) {
      return;
    }
    long taken = optimizer.steps();
    int good = Math.toIntExact(taken - before);
    step.rewind(rowsUpTo(done) - rowsUpTo(good), done - good);
    throw new TrainingException(step.diagnose(rowsUpTo(good + 1) - rowsUpTo(good), taken + 1));
  }

  /** With a part of its KL weight an epoch has a colder posterior than the one asked for. */
  private boolean isBest(Validation.Result judged, double klWeight) {
    if (Double.isNaN(judged.logLik()) || klWeight != fit.temperature) {
      return false;
    }
    return bestEpoch < 0 || judged.isBetterThan(epochs.get(bestEpoch), fit.selection);
  }

  private boolean outOfPatience() {
    if (fit.patience == 0 || bestEpoch < 0) {
      return false;
    }
    long since =
        epochs.stream()
            .filter(e -> e.epoch() > bestEpoch && !Double.isNaN(e.validationLogLik()))
            .count();
    return since >= fit.patience;
  }

  BayesianNetwork net() {
    return net;
  }

  Map<String, Object> card() {
    return card;
  }

  Fit fit() {
    return fit;
  }

  Dataset train() {
    return train;
  }

  Optimizer optimizer() {
    return optimizer;
  }

  /** The best snapshot, or null if none is kept. */
  Snapshot best() {
    return best;
  }

  List<Epoch> epochs() {
    return epochs;
  }

  int bestEpoch() {
    return bestEpoch;
  }

  boolean stoppedEarly() {
    return stoppedEarly;
  }

  /** Takes over what a checkpoint holds. */
  void resume(List<Epoch> done, int bestSoFar, boolean stopped) {
    epochs.addAll(done);
    bestEpoch = bestSoFar;
    stoppedEarly = stopped;
  }

  @Override
  public void close() {
    memory.close();
  }
}
