package org.bhn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.bhn.backend.Backend;
import org.bhn.backend.Backends;
import org.bhn.backend.Device;
import org.bhn.bayes.TensorFiles;
import org.bhn.data.Scaling;
import org.bhn.flow.Flows;
import org.bhn.io.FormatException;
import org.bhn.io.SafeTensors;
import org.bhn.posterior.Posterior;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A file that is not what was saved is refused with its name. */
class DamagedModelTest {
  @TempDir Path directory;
  private Backend backend;
  private Path file;
  private Path bad;

  @BeforeEach
  void save() {
    backend = Backends.open(Device.JAVA);
    file = directory.resolve("model.safetensors");
    bad = directory.resolve("bad.safetensors");
    try (Bhn model =
        Bhn.classifier(2, 3)
            .hidden(2)
            .posterior(Posterior.weightNorm(Flows.iaf(1).hidden(2)))
            .seed(3)
            .build(backend)) {
      model.save(file);
    }
  }

  @AfterEach
  void close() {
    backend.close();
  }

  @Test
  void noBitMayFlip() throws IOException {
    byte[] good = Files.readAllBytes(file);
    for (int at = 0; at < good.length; at++) {
      for (int bit = 0; bit < 8; bit++) {
        assertTrue(refused(good, at, 1 << bit), "bit " + bit + " of byte " + at + " flipped");
      }
    }
  }

  /** Blanks of the header may become tabs or line feeds; nothing else may change. */
  @Test
  void whatLoadsFromAChangedHeaderIsTheSameModel() throws IOException {
    byte[] good = Files.readAllBytes(file);
    int header = 8 + Math.toIntExact(header(good));
    int blanks = 0;
    for (int at = 0; at < header; at++) {
      for (int mask : new int[] {' ' ^ '\t', ' ' ^ '\n', 3, 0x5A, 0xFF}) {
        if (!refused(good, at, mask)) {
          assertEquals(' ', good[at], "byte " + at);
          try (Bhn model = Bhn.load(bad, backend)) {
            Path again = directory.resolve("again.safetensors");
            model.save(again);
            assertArrayEquals(good, Files.readAllBytes(again), "byte " + at);
          }
          blanks++;
        }
      }
    }
    assertTrue(blanks < header / 10, blanks + " changed headers loaded");
  }

  private static long header(byte[] content) {
    return ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN).getLong();
  }

  private boolean refused(byte[] good, int at, int mask) throws IOException {
    byte[] content = good.clone();
    content[at] ^= (byte) mask;
    Files.write(bad, content);
    return refused();
  }

  private boolean refused() {
    try (Bhn loaded = Bhn.load(bad, backend)) {
      return false;
    } catch (FormatException e) {
      assertTrue(e.getMessage().contains("bad.safetensors"), e.getMessage());
      return true;
    }
  }

  @Test
  void truncatedFilesAreRefused() throws IOException {
    byte[] good = Files.readAllBytes(file);
    for (int cut = 0; cut < good.length; cut += 1 + good.length / 97) {
      Files.write(bad, Arrays.copyOf(good, cut));
      assertTrue(refused(), "cut after " + cut + " bytes");
    }
  }

  @Test
  void partsThatDoNotFitTogetherAreTheFilesFault() {
    rewrite("\"delta\": 0.001", "\"delta\": 0.75");
    String message = assertThrows(FormatException.class, () -> Bhn.load(bad, backend)).getMessage();
    assertTrue(message.contains("bad.safetensors") && message.contains("delta = 0.75"), message);
  }

  @Test
  void filesOfAnotherFormatNameIt() {
    rewrite("\"format\": 5", "\"format\": 2");
    String message = assertThrows(FormatException.class, () -> Bhn.load(bad, backend)).getMessage();
    assertTrue(message.contains("2 where this version reads 3 to 5"), message);
  }

  @Test
  void filesWithoutScalingAreStillRead() {
    rewrite("\"format\": 5", "\"format\": 3");
    try (Bhn model = Bhn.load(bad, backend)) {
      assertEquals(Scaling.NONE, model.network().scaling());
    }
  }

  /** Writes a model again, checksum included, with another card. */
  private void rewrite(String from, String to) {
    try (Bhn model =
        Bhn.classifier(2, 3).hidden(2).posterior(Posterior.meanField()).build(backend)) {
      model.save(file); // it has no integers
    }
    try (SafeTensors.File open = SafeTensors.open(file)) {
      String card = open.metadata().get("card");
      assertTrue(card.contains(from), card);
      TensorFiles.Writer writer = new TensorFiles.Writer().metadata("card", card.replace(from, to));
      open.tensors()
          .forEach((name, info) -> writer.add(name, open.doubles(name), info.dimensions()));
      writer.write(bad);
    }
  }

  @Test
  void aPermutationThatHoldsAColumnTwiceIsRefused() {
    try (SafeTensors.File open = SafeTensors.open(file)) {
      TensorFiles.Writer writer =
          new TensorFiles.Writer().metadata("card", open.metadata().get("card"));
      for (SafeTensors.TensorInfo info : open.tensors().values()) {
        if (info.type() == SafeTensors.DType.I32) {
          int[] order = open.ints(info.name());
          order[0] = order[1];
          Tensor tensor = backend.allocate(DType.INT32, order.length);
          backend.upload(tensor, order);
          writer.add(backend, info.name(), tensor);
        } else {
          writer.add(info.name(), open.doubles(info.name()), info.dimensions());
        }
      }
      writer.write(bad);
    }
    String message = assertThrows(FormatException.class, () -> Bhn.load(bad, backend)).getMessage();
    assertTrue(message.contains("is not a permutation"), message);
  }

  @Test
  void memoryThatRunsOutWhileLoadingIsGivenBack() {
    HeldMemory memory = new HeldMemory();
    memory.fail("download", 0); // to check a permutation, when all parameters are there
    assertThrows(OutOfMemoryError.class, () -> Bhn.load(file, memory.of(backend)));
    assertEquals(0, memory.tensors(), "tensors still held");
  }

  @Test
  void aFileThatIsNotThereIsNoDamage() {
    assertThrows(UncheckedIOException.class, () -> Bhn.load(bad, backend));
  }

  @Test
  void foreignAndHostileFilesAreRefused() {
    new SafeTensors.Writer().add("x", new float[] {1, 2}, 2).write(bad);
    String message = assertThrows(FormatException.class, () -> Bhn.load(bad, backend)).getMessage();
    assertTrue(message.contains("not a model"), message);
    String card =
        "{\"format\":3,\"library\":\"x\",\"device\":\"CPU\",\"trained\":true,\"model\":{"
            + "\"inputs\":1000000,\"hidden\":[1000,1000],\"activation\":\"relu\",\"bias\":true,"
            + "\"likelihood\":{\"kind\":\"categorical\",\"size\":10},"
            + "\"posterior\":{\"kind\":\"point\"},"
            + "\"prior\":{\"kind\":\"normal\",\"p0\":0.0,\"p1\":1.0,\"p2\":0.0},\"seed\":1}}";
    String flow =
        card.replace("1000000,\"hidden\":[1000,1000]", "1,\"hidden\":[]")
            .replace("\"size\":10", "\"size\":2")
            .replace(
                "{\"kind\":\"point\"}",
                "{\"kind\":\"weight_norm\",\"flow\":{\"kind\":\"iaf\",\"steps\":100,\"hidden\":60000,"
                    + "\"weight_norm\":true,\"shuffle\":false,\"delta\":0.001,\"row_std\":0.01,"
                    + "\"gain_std\":0.0001}}");
    for (String hostile : List.of(card, flow)) {
      new TensorFiles.Writer()
          .add("x", new double[] {1, 2}, 2)
          .metadata("card", hostile)
          .write(bad);
      message = assertThrows(FormatException.class, () -> Bhn.load(bad, backend)).getMessage();
      assertTrue(message.contains("larger than"), message);
    }
  }
}
