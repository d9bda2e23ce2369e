package org.bhn.train;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bhn.backend.Backend;
import org.bhn.bayes.BayesianNetwork;
import org.bhn.tape.Noise;
import org.bhn.tape.Param;
import org.bhn.tape.Replay;
import org.bhn.tape.Tape;
import org.bhn.tape.Var;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;

/**
 * One optimisation step: gather, draw, forward, backward, Adam, bookkeeping. It is recorded once
 * for each batch size and replayed from then on; nothing in it touches the host.
 */
final class TrainStep {
  private final BayesianNetwork net;
  private final Backend backend;
  private final TrainingData data;
  private final Optimizer optimizer;
  private final Fit fit;
  private final List<Param> params;
  private final Tensor klScale;
  private final Tensor totals; // of the steps since they were last added up
  private final double[] part = new double[4];
  private final double[] sums = new double[4];
  private final Map<Integer, Replay> replays = new HashMap<>();

  TrainStep(
      BayesianNetwork net, TrainingData data, Optimizer optimizer, Fit fit, TrainingMemory memory) {
    this.net = net;
    this.backend = net.backend();
    this.data = data;
    this.optimizer = optimizer;
    this.fit = fit;
    this.params = net.params();
    this.klScale = memory.allocate(DType.REAL, 1);
    this.totals = memory.allocate(DType.REAL, 4);
    memory.keep(() -> replays.values().forEach(Replay::close));
  }

  /** Sets β/N and clears the epoch's sums. */
  void startEpoch(double klWeight, int rows) {
    backend.fill(klScale, klWeight / rows);
    backend.fill(totals, 0);
    Arrays.fill(sums, 0);
  }

  /**
   * Adds up on the host what the steps since the last call came to, and waits for them. A sum in
   * single precision would lose a little with every step, of equal items always to the same side.
   */
  void addUp() {
    backend.download(totals, part);
    backend.fill(totals, 0);
    for (int i = 0; i < sums.length; i++) {
      sums[i] += part[i];
    }
  }

  /** Sums over the epoch of batch size times loss, log-likelihood, log-prior and log-det. */
  double[] totals() {
    addUp();
    return sums.clone();
  }

  void run(int batch) {
    if (!StepEvent.wanted()) {
      replay(batch);
      return;
    }
    StepEvent event = new StepEvent();
    event.batch = batch;
    event.begin();
    try {
      replay(batch);
    } finally {
      event.commit();
    }
  }

  private void replay(int batch) {
    data.prepare(batch);
    Replay replay = replays.get(batch);
    if (replay != null) {
      replay.run();
    } else {
      replays.put(batch, Replay.record(backend, () -> step(batch)));
    }
  }

  private void step(int batch) {
    Tape tape = Tape.training(backend);
    Var items = forward(tape, batch);
    optimizer.step(tape.backwardFactored(params));
    backend.axpy(totals, items.value(), batch);
    backend.advance(net.noiseCounter(), fit.samples);
    data.advance(batch);
  }

  private Var forward(Tape tape, int batch) {
    Tensor x = data.nextInputs(batch);
    Tensor y = data.nextTargets(batch);
    Noise noise = new Noise(net.seed(), net.noiseCounter(), 0);
    return net.loss(tape, noise, x, y, fit.samples, fit.examplesPerDraw, klScale);
  }

  /** Goes back to the minibatch and the noise of an earlier step. */
  void rewind(int rows, int steps) {
    data.back(rows);
    backend.advance(net.noiseCounter(), -(long) steps * fit.samples);
  }

  /**
   * Says where the next step first meets a value that is not finite, by running it with a look at
   * every value in the order they are made.
   */
  String diagnose(int batch, long step) {
    for (Param param : params) {
      String found = notFinite(param.value(), "parameter " + param.name());
      if (found != null) {
        return message(found, step);
      }
    }
    data.prepare(batch);
    Tape tape = Tape.training(backend);
    Tensor x = data.nextInputs(batch);
    String found = notFinite(x, "training inputs");
    if (found != null) {
      return message(found, step);
    }
    tape = Tape.training(backend);
    forward(tape, batch);
    for (Var value : tape.outputs()) {
      found = notFinite(value.value(), "output of " + value.label());
      if (found != null) {
        return message(found, step);
      }
    }
    tape.backward(params);
    for (Param param : params) {
      found = notFinite(param.gradient(), "gradient of " + param.name());
      if (found != null) {
        return message(found, step);
      }
    }
    return message("the gradients' global norm is too large to be clipped", step);
  }

  private static String message(String found, long step) {
    return "training stopped at step "
        + step
        + ": "
        + found
        + ". The parameters are those of the step before. Lower the learning rate, clip harder, or"
        + " scale the inputs";
  }

  private String notFinite(Tensor tensor, String name) {
    double[] values = new double[tensor.size()];
    backend.download(tensor, values);
    for (int i = 0; i < values.length; i++) {
      if (!Double.isFinite(values[i])) {
        return name
            + " ["
            + i / tensor.columns()
            + ", "
            + i % tensor.columns()
            + "] = "
            + values[i]
            + " (shape "
            + tensor
            + ")";
      }
    }
    return null;
  }
}
