package org.bhn.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

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
