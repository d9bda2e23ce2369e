package org.bhn.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.HashMap;
import java.util.Map;
import org.bhn.Processes;
import org.bhn.nativelib.BhnLibrary;
import org.bhn.nativelib.NativeException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIfSystemProperty;

/** What the properties choose. */
class BackendsTest {
  private final Map<String, String> before = new HashMap<>();

  private void set(String name, String value) {
    if (!before.containsKey(name)) {
      before.put(name, System.getProperty(name));
    }
    System.setProperty(name, value);
  }

  @AfterEach
  void restore() {
    before.forEach(
        (name, value) -> {
          if (value == null) {
            System.clearProperty(name);
          } else {
            System.setProperty(name, value);
          }
        });
  }

  @Test
  void propertiesThatContradictEachOtherAreRefused() {
    set("bhn.backend", "java");
    set("bhn.require", "cuda");
    String message = assertThrows(IllegalArgumentException.class, Backends::best).getMessage();
    assertEquals(
        "-Dbhn.backend=java contradicts -Dbhn.require=cuda:"
            + " set one of them, or both to one device",
        message);
  }

  /** Opens the best backend in a process of its own. */
  static final class Best {
    private Best() {}

    public static void main(String[] args) {
      System.clearProperty("bhn.backend");
      System.clearProperty("bhn.require");
      try (Backend backend = Backends.best()) {
        System.out.println("opened " + backend.device());
      } catch (NativeException e) {
        System.out.println("refused: " + e.getMessage());
      }
    }
  }

  @Test
  @DisabledIfSystemProperty(
      named = "bhn.test.emulated",
      matches = "true",
      disabledReason = "the emulated device cannot be hidden, and is taken before the CPU")
  void aSettingThatIsUnknownIsNotTakenForAMissingDevice() throws Exception {
    assumeTrue(BhnLibrary.isAvailable(), "libbhn is not here");
    String output =
        Processes.run(Map.of("BHN_SIMD", "AVX-2", "CUDA_VISIBLE_DEVICES", ""), Best.class);
    assertTrue(output.contains("refused: context_create: BHN_SIMD = \"AVX-2\""), output);
    output = Processes.run(Map.of("BHN_SIMD", "base", "CUDA_VISIBLE_DEVICES", ""), Best.class);
    assertTrue(output.contains("opened CPU"), output);
  }

  @Test
  void propertiesThatAgreeAreFollowed() {
    set("bhn.backend", "java");
    set("bhn.require", "java");
    try (Backend backend = Backends.best()) {
      assertEquals(Device.JAVA, backend.device());
    }
    set("bhn.require", "auto");
    try (Backend backend = Backends.best()) {
      assertEquals(Device.JAVA, backend.device());
    }
  }
}
