package org.bhn.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bhn.backend.Backend;
import org.bhn.bayes.BayesianNetwork;
import org.bhn.bayes.TensorFiles;
import org.bhn.io.AtomicFiles;
import org.bhn.io.FormatException;
import org.bhn.io.Json;
import org.bhn.io.JsonObject;
import org.bhn.io.SafeTensors;
import org.bhn.tape.Param;
import org.bhn.tensor.Tensor;

/**
 * The whole state of a training between two epochs: parameters, Adam's moments and step, the noise
 * counter, the best snapshot and the history. Batches follow from seed and noise counter, so a
 * resumed training ends with the same bits as one that was never interrupted.
 */
final class Checkpoint {
  private static final String STATE = "training";
  private static final String HISTORY = "training.history";
  private static final String ANEW =
      "resume with the same model, data and settings, or remove the file to start anew";
  private static final int COLUMNS = 13;

  /**
   * Since version 2 it says which model and data it belongs to, since version 3 batches follow from
   * the noise counter, since version 4 learned noise is log σ² / 5 and no epoch of the warm-up is
   * the best.
   */
  private static final long FORMAT = 4;

  private final Path path;
  private final Trainer trainer;
  private final Map<String, Object> identity;

  /** Looks once at all data: they do not change while they are trained on. */
  Checkpoint(Path path, Trainer trainer) {
    this.path = path;
    this.trainer = trainer;
    this.identity = TrainingIdentity.of(trainer);
  }

  /** Refuses, before hours of training, a file that could not be written after them. */
  static void requireWritable(Path file) {
    try {
      AtomicFiles.check(file);
    } catch (IOException e) {
      throw new IllegalArgumentException("checkpoint: " + e.getMessage(), e);
    }
  }

  boolean exists() {
    return Files.exists(path);
  }

  void write(int nextEpoch) {
    BayesianNetwork net = trainer.net();
    Backend backend = net.backend();
    Map<String, Object> state = new LinkedHashMap<>();
    state.put("format", FORMAT);
    state.put("next_epoch", (long) nextEpoch);
    state.put("adam_steps", trainer.optimizer().steps());
    state.put("noise_counter", backend.itemLong(net.noiseCounter()));
    state.put("best_epoch", (long) trainer.bestEpoch());
    state.put("stopped_early", trainer.stoppedEarly());
    state.putAll(identity);
    TensorFiles.Writer writer = new TensorFiles.Writer().metadata(STATE, Json.write(state));
    tensors().forEach((name, t) -> writer.add(backend, name, t));
    writer.add(HISTORY, flatten(trainer.epochs()), trainer.epochs().size(), COLUMNS);
    writer.write(path);
  }

  /** What a checkpoint holds of the device. */
  private Map<String, Tensor> tensors() {
    Map<String, Tensor> all = new LinkedHashMap<>();
    List<Param> params = trainer.net().params();
    for (int i = 0; i < params.size(); i++) {
      Param p = params.get(i);
      all.put(p.name(), p.value());
      all.put("adam.m." + p.name(), trainer.optimizer().firstMoment(i));
      all.put("adam.v." + p.name(), trainer.optimizer().secondMoment(i));
      if (trainer.best() != null) {
        all.put("best." + p.name(), trainer.best().copy(i));
      }
    }
    all.putAll(trainer.net().posterior().constants());
    return all;
  }

  /**
   * Restores a training. Everything is checked before anything is changed, so a model whose
   * checkpoint is refused is as it was.
   *
   * @return the epoch to go on with
   * @throws FormatException if the file is damaged or belongs to another training
   */
  int read() {
    BayesianNetwork net = trainer.net();
    Backend backend = net.backend();
    try (SafeTensors.File file = SafeTensors.open(path)) {
      JsonObject state = state(file);
      requireSame(state);
      Map<String, Tensor> tensors = tensors();
      List<String> names = new ArrayList<>(tensors.keySet());
      names.add(HISTORY);
      TensorFiles.requireOnly(file, path, names);
      tensors.forEach((name, t) -> TensorFiles.check(file, path, name, t));
      int next = state.integer("next_epoch");
      file.require(HISTORY, SafeTensors.DType.F64, next, COLUMNS);
      List<Epoch> history = unflatten(file.doubles(HISTORY));
      int best = state.integer("best_epoch");
      if (best < -1 || best >= next) {
        throw refused("best_epoch", best + " is none of the " + next + " epochs");
      }
      boolean stopped = state.bool("stopped_early");
      long steps = state.longInteger("adam_steps");
      long noise = state.longInteger("noise_counter");

      tensors.forEach((name, t) -> TensorFiles.read(file, path, backend, name, t));
      trainer.optimizer().steps(steps);
      backend.upload(net.noiseCounter(), noise);
      trainer.resume(history, best, stopped);
      return next;
    }
  }

  private JsonObject state(SafeTensors.File file) {
    String text = file.metadata().get(STATE);
    if (text == null) {
      throw new FormatException(
          path.toString(),
          "__metadata__",
          "is not a checkpoint",
          "pass another file, or remove this one");
    }
    JsonObject state = JsonObject.of(Json.parse(text, path.toString()), path.toString());
    long format = state.has("format") ? state.longInteger("format") : 1;
    if (format != FORMAT) {
      throw new FormatException(
          path.toString(),
          "training/format",
          format + " where this version reads " + FORMAT,
          "use the version of the library that wrote it, or remove the file to start anew");
    }
    TensorFiles.verify(file, path);
    return state;
  }

  private void requireSame(JsonObject state) {
    List<String> differences = TrainingIdentity.differences(state.asMap(), identity);
    if (!differences.isEmpty()) {
      throw refused("", "belongs to another training: " + String.join("; ", differences));
    }
  }

  private FormatException refused(String place, String problem) {
    return new FormatException(path.toString(), place, problem, ANEW);
  }

  private static double[] flatten(List<Epoch> epochs) {
    double[] out = new double[epochs.size() * COLUMNS];
    for (int i = 0; i < epochs.size(); i++) {
      Epoch e = epochs.get(i);
      double[] row = {
        e.epoch(),
        e.epochs(),
        e.logLikelihood(),
        e.logPrior(),
        e.logDet(),
        e.elbo(),
        e.klWeight(),
        e.learningRate(),
        e.gradientNorm(),
        e.validationLogLik(),
        e.validationAccuracy(),
        e.best() ? 1 : 0,
        e.seconds()
      };
      System.arraycopy(row, 0, out, i * COLUMNS, COLUMNS);
    }
    return out;
  }

  private static List<Epoch> unflatten(double[] rows) {
    List<Epoch> epochs = new ArrayList<>();
    for (int i = 0; i + COLUMNS <= rows.length; i += COLUMNS) {
      epochs.add(
          new Epoch(
              (int) rows[i],
              (int) rows[i + 1],
              rows[i + 2],
              rows[i + 3],
              rows[i + 4],
              rows[i + 5],
              rows[i + 6],
              rows[i + 7],
              rows[i + 8],
              rows[i + 9],
              rows[i + 10],
              rows[i + 11] == 1,
              rows[i + 12]));
    }
    return epochs;
  }
}
