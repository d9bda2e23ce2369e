package org.bhn.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.bhn.backend.Backend;
import org.bhn.backend.Backends;
import org.junit.jupiter.api.Test;

class BenchTest {
  @Test
  void aTableGoesBetweenItsMarkersAndNowhereElse() {
    String page = "a\n<!-- step -->\nold\n<!-- /step -->\nb\n<!-- ops -->\n<!-- /ops -->\n";
    String once = Results.between(page, "step", "| new |\n");
    assertEquals(
        "a\n<!-- step -->\n\n| new |\n\n<!-- /step -->\nb\n<!-- ops -->\n<!-- /ops -->\n", once);
    assertEquals(once, Results.between(once, "step", "| new |\n"));
    assertEquals("no markers", Results.between("no markers", "step", "x"));
  }

  @Test
  void everyOpOfTheBenchmarkRunsAndKnowsItsCost() {
    try (Backend backend = Backends.best()) {
      for (String name : OpWork.names()) {
        OpWork work = OpWork.of(backend, name);
        work.call().run();
        assertTrue(work.bytes() > 0, name);
        assertTrue(work.flops() >= 0, name);
      }
    }
  }

  @Test
  void anUnknownFamilyIsRefusedByName() {
    Exception e =
        assertThrows(IllegalArgumentException.class, () -> Bench.main(new String[] {"opps"}));
    assertTrue(e.getMessage().contains("opps") && e.getMessage().contains("startup"));
  }
}
