package org.bhn.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.bhn.backend.Backend;
import org.bhn.backend.Backends;
import org.bhn.io.Json;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
  void fastProductsAreComparedWithStrictOnes(@TempDir Path directory) throws IOException {
    FastProducts.measure(Optional.of(directory), 1, 8, directory);
    try (Stream<Path> files = Files.list(directory)) {
      Path file =
          files.filter(f -> f.toString().endsWith("-precision.json")).findAny().orElseThrow();
      List<?> rows =
          (List<?>) ((Map<?, ?>) Json.parse(Files.readString(file), "results")).get("rows");
      assertEquals(3, rows.size());
      Map<?, ?> fast = (Map<?, ?>) rows.get(1);
      Map<?, ?> others = (Map<?, ?>) rows.get(2);
      assertTrue(number(fast, "probability_rms") < number(others, "probability_rms"));
      assertEquals(number((Map<?, ?>) rows.get(0), "accuracy"), number(fast, "accuracy"), 0.02);
    }
  }

  private static double number(Map<?, ?> row, String key) {
    return ((Number) row.get(key)).doubleValue();
  }

  @Test
  void anUnknownFamilyIsRefusedByName() {
    Exception e =
        assertThrows(IllegalArgumentException.class, () -> Bench.main(new String[] {"opps"}));
    assertTrue(e.getMessage().contains("opps") && e.getMessage().contains("startup"));
  }
}
