package org.bhn.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;
import org.bhn.backend.Backend;
import org.bhn.bayes.BayesianNetwork;
import org.bhn.bayes.TensorFiles;
import org.bhn.data.Dataset;
import org.bhn.io.AtomicFiles;
import org.bhn.io.FormatException;
import org.bhn.io.Json;
import org.bhn.io.JsonObject;
import org.bhn.io.SafeTensors;
import org.bhn.tape.Param;

/**
 * The whole state of a training between two epochs: parameters, Adam's moments and step, the noise
 * counter, the best snapshot and the history. Batches follow from seed and epoch, so a resumed
 * training ends with the same bits as one that was never interrupted.
 */
final class Checkpoint {
  private static final String STATE = "training";
  private static final String HISTORY = "training.history";
  private static final int COLUMNS = 13;

  private Checkpoint() {}

  static boolean exists(Path file) {
    return Files.exists(file);
  }

  /** Refuses, before hours of training, a file that could not be written after them. */
  static void requireWritable(Path file) {
    try {
      AtomicFiles.check(file);
    } catch (IOException e) {
      throw new IllegalArgumentException("checkpoint: " + e.getMessage(), e);
    }
  }

  static void write(Path path, Trainer trainer, int nextEpoch) {
    BayesianNetwork net = trainer.net();
    Backend backend = net.backend();
    Map<String, Object> state = new LinkedHashMap<>();
    state.put("next_epoch", (long) nextEpoch);
    state.put("adam_steps", trainer.optimizer().steps());
    state.put("noise_counter", backend.itemLong(net.noiseCounter()));
    state.put("best_epoch", (long) trainer.bestEpoch());
    state.put("stopped_early", trainer.stoppedEarly());
    state.put("seed", net.seed());
    state.put("data", fingerprint(trainer.train()));
    state.put("fit", trainer.fit().toMap());
    TensorFiles.Writer writer = new TensorFiles.Writer().metadata(STATE, Json.write(state));
    List<Param> params = net.params();
    for (int i = 0; i < params.size(); i++) {
      Param p = params.get(i);
      writer.add(backend, p.name(), p.value());
      writer.add(backend, "adam.m." + p.name(), trainer.optimizer().firstMoment(i));
      writer.add(backend, "adam.v." + p.name(), trainer.optimizer().secondMoment(i));
      if (trainer.best() != null) {
        writer.add(backend, "best." + p.name(), trainer.best().copy(i));
      }
    }
    net.posterior().constants().forEach((name, t) -> writer.add(backend, name, t));
    writer.add(HISTORY, flatten(trainer.epochs()), trainer.epochs().size(), COLUMNS);
    writer.write(path);
  }

  /**
   * Restores a training.
   *
   * @return the epoch to go on with
   * @throws FormatException if the file is damaged or belongs to another training
   */
  static int read(Path path, Trainer trainer) {
    BayesianNetwork net = trainer.net();
    Backend backend = net.backend();
    try (SafeTensors.File file = SafeTensors.open(path)) {
      String text = file.metadata().get(STATE);
      if (text == null) {
        throw new FormatException(
            path.toString(), "__metadata__", "is not a checkpoint", "remove the file");
      }
      TensorFiles.verify(file, path);
      JsonObject state = JsonObject.of(Json.parse(text, path.toString()), path.toString());
      same(path, "seed", state.longInteger("seed"), net.seed());
      same(path, "data", state.string("data"), fingerprint(trainer.train()));
      Map<String, Object> written = state.object("fit").asMap();
      trainer.fit().toMap().forEach((key, value) -> same(path, key, written.get(key), value));
      List<Param> params = net.params();
      for (int i = 0; i < params.size(); i++) {
        Param p = params.get(i);
        TensorFiles.read(file, path, backend, p.name(), p.value());
        TensorFiles.read(
            file, path, backend, "adam.m." + p.name(), trainer.optimizer().firstMoment(i));
        TensorFiles.read(
            file, path, backend, "adam.v." + p.name(), trainer.optimizer().secondMoment(i));
        if (trainer.best() != null) {
          TensorFiles.read(file, path, backend, "best." + p.name(), trainer.best().copy(i));
        }
      }
      net.posterior()
          .constants()
          .forEach((name, t) -> TensorFiles.read(file, path, backend, name, t));
      trainer.optimizer().steps(state.longInteger("adam_steps"));
      backend.upload(net.noiseCounter(), state.longInteger("noise_counter"));
      trainer.resume(
          unflatten(file.doubles(HISTORY)),
          state.integer("best_epoch"),
          state.bool("stopped_early"));
      return state.integer("next_epoch");
    }
  }

  private static void same(Path path, String what, Object found, Object expected) {
    if (!expected.equals(found)) {
      throw new FormatException(
          path.toString(),
          what,
          "belongs to another training: " + found + " where this one has " + expected,
          "resume with the same model, data and settings, or remove the file to start anew");
    }
  }

  /** A checksum of the data, so that a training is not continued on other data. */
  private static String fingerprint(Dataset data) {
    CRC32C crc = new CRC32C();
    byte[] word = new byte[4];
    for (float x : data.inputs()) {
      update(crc, word, Float.floatToRawIntBits(x));
    }
    if (data.isClassification()) {
      for (int label : data.labels()) {
        update(crc, word, label);
      }
    } else {
      for (float y : data.targets()) {
        update(crc, word, Float.floatToRawIntBits(y));
      }
    }
    return data.rows() + " rows, crc32c " + Long.toHexString(crc.getValue());
  }

  private static void update(CRC32C crc, byte[] word, int bits) {
    for (int i = 0; i < 4; i++) {
      word[i] = (byte) (bits >>> 8 * i);
    }
    crc.update(word, 0, 4);
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
