package org.bhn;

import java.lang.module.ModuleDescriptor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bhn.backend.Backend;
import org.bhn.bayes.BayesianNetwork;
import org.bhn.bayes.TensorFiles;
import org.bhn.io.FormatException;
import org.bhn.io.Json;
import org.bhn.io.JsonObject;
import org.bhn.io.SafeTensors;
import org.bhn.nn.Network;
import org.bhn.nn.WeightLayer;
import org.bhn.tape.Param;
import org.bhn.tape.Start;
import org.bhn.tensor.Tensor;

/**
 * A model in a safetensors file: every parameter and every mask and permutation by name, and in the
 * header a JSON card with architecture, flow, posterior, prior, likelihood, seed and versions.
 */
final class ModelFile {
  private static final String CARD = "card";

  /**
   * Since version 3 the checksum covers the card and all names. Version 4 added scaling, which a
   * reader must not overlook, and the noise counter, so that a training goes on with new noise. In
   * version 5 learned noise is log σ² / 5.
   */
  private static final long FORMAT = 5;

  private static final long OLDEST = 3;

  /** What log σ² is divided by in version 5. */
  private static final double NOISE_STEP = 5;

  private ModelFile() {}

  static void write(Path file, Map<String, Object> model, BayesianNetwork net) {
    if (file == null) {
      throw new IllegalArgumentException("file is null: pass the path to write");
    }
    Map<String, Object> card = new LinkedHashMap<>();
    card.put("format", FORMAT);
    card.put("library", version());
    card.put("device", net.backend().device().name());
    card.put("trained", net.isInitialised());
    card.put("noise_counter", net.backend().itemLong(net.noiseCounter()));
    card.put("model", model);
    TensorFiles.Writer writer = new TensorFiles.Writer().metadata(CARD, Json.write(card));
    for (Param param : net.params()) {
      writer.add(net.backend(), param.name(), param.value());
    }
    net.posterior().constants().forEach((name, t) -> writer.add(net.backend(), name, t));
    writer.write(file);
  }

  private static String version() {
    ModuleDescriptor module = Bhn.class.getModule().getDescriptor();
    return Optional.ofNullable(Bhn.class.getPackage().getImplementationVersion())
        .or(() -> Optional.ofNullable(module).flatMap(ModuleDescriptor::rawVersion))
        .orElse("development");
  }

  static Bhn read(Path path, Backend backend) {
    if (path == null || backend == null) {
      throw new IllegalArgumentException(
          (path == null ? "file" : "backend") + " is null: pass the model's file and a backend");
    }
    try (SafeTensors.File file = SafeTensors.open(path)) {
      String text = file.metadata().get(CARD);
      if (text == null) {
        throw new FormatException(
            path.toString(),
            "__metadata__",
            "no card: this safetensors file is not a model of this library",
            "pass a file written by Bhn.save");
      }
      JsonObject card = JsonObject.of(Json.parse(text, path.toString()), path.toString());
      long format = card.longInteger("format");
      if (format < OLDEST || format > FORMAT) {
        throw new FormatException(
            path.toString(),
            "card/format",
            format + " where this version reads " + OLDEST + " to " + FORMAT,
            "use the version of the library that wrote it, " + card.string("library"));
      }
      TensorFiles.verify(file, path);
      BhnBuilder builder = Card.builder(card.object("model"), path.toString());
      checkSize(path, file, builder.network(), card.object("model").object("posterior"));
      boolean trained = card.bool("trained");
      Bhn model = build(path, builder, backend);
      boolean whole = false;
      try {
        fill(file, path, model.network(), format);
        if (card.has("noise_counter")) {
          model
              .network()
              .backend()
              .upload(model.network().noiseCounter(), card.longInteger("noise_counter"));
        }
        if (trained) {
          model.network().markInitialised();
        }
        whole = true;
        return model;
      } finally {
        if (!whole) { // an Error included: memory that ran out has to be given back
          model.close();
        }
      }
    }
  }

  /** What a card describes may each be in range and yet not fit together. */
  private static Bhn build(Path path, BhnBuilder builder, Backend backend) {
    try {
      return builder.build(backend, Start.EMPTY);
    } catch (IllegalArgumentException | ArithmeticException | NegativeArraySizeException e) {
      throw Card.refused(path.toString(), e);
    }
  }

  /**
   * A hostile card could ask for any amount of memory before its tensors are missed: what it
   * describes must not be larger than what the file holds.
   */
  private static void checkSize(
      Path path, SafeTensors.File file, Network network, JsonObject posterior) {
    long held = 0;
    for (SafeTensors.TensorInfo info : file.tensors().values()) {
      held += info.elements();
    }
    double weights = 0;
    double units = 0;
    for (WeightLayer layer : network.weightLayers().toList()) {
      weights += layer.weights();
      units += layer.units();
    }
    double flow = 0;
    if (posterior.has("flow")) {
      JsonObject spec = posterior.object("flow");
      double dim = posterior.string("kind").equals("full") ? weights : units;
      flow = dim * spec.longInteger("steps") * spec.longInteger("hidden");
      flow = spec.string("kind").equals("affine") ? dim : flow;
    }
    if (weights > held || flow > held) {
      throw new FormatException(
          path.toString(),
          "card",
          "describes a model larger than the " + held + " values in the file",
          "the file was truncated or edited: save the model again");
    }
  }

  private static void fill(SafeTensors.File file, Path path, BayesianNetwork net, long format) {
    Backend backend = net.backend();
    List<String> names = new ArrayList<>();
    net.params().forEach(p -> names.add(stored(p, format)));
    names.addAll(net.posterior().constants().keySet());
    TensorFiles.requireOnly(file, path, names);
    for (Param param : net.params()) {
      String name = stored(param, format);
      TensorFiles.read(file, path, backend, name, param.value());
      if (!name.equals(param.name())) {
        param.set(
            Arrays.stream(param.get()).map(logVariance -> logVariance / NOISE_STEP).toArray());
      }
    }
    net.posterior()
        .constants()
        .forEach(
            (name, tensor) -> {
              TensorFiles.read(file, path, backend, name, tensor);
              requirePermutation(path, backend, name, tensor);
            });
  }

  /** The name of a parameter in a file of some format. */
  private static String stored(Param param, long format) {
    return format < 5 && param.name().equals("likelihood.noise")
        ? "likelihood.log_var"
        : param.name();
  }

  private static void requirePermutation(Path path, Backend backend, String name, Tensor tensor) {
    int[] values = new int[tensor.size()];
    backend.download(tensor, values);
    boolean[] seen = new boolean[values.length];
    for (int value : values) {
      if (value < 0 || value >= seen.length || seen[value]) {
        throw new FormatException(
            path.toString(),
            name,
            "is not a permutation: " + value + " is out of range or occurs twice",
            "the file is damaged or was edited: save the model again");
      }
      seen[value] = true;
    }
  }
}
