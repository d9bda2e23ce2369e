package org.bhn.nativelib;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SettingsTest {
  @Test
  void openMpGetsModerateSpinningAndJavasProcessors() {
    assertEquals(
        Map.of("GOMP_SPINCOUNT", "10000", "OMP_NUM_THREADS", "3"),
        OpenMp.settings(Map.of(), null, 3));
  }

  @Test
  void whatTheUserHasSetStays() {
    Map<String, String> user = Map.of("GOMP_SPINCOUNT", "0", "OMP_NUM_THREADS", "1");
    assertEquals(Map.of(), OpenMp.settings(user, null, 3));
    user = Map.of("OMP_WAIT_POLICY", "active", "OMP_NUM_THREADS", "1");
    assertEquals(Map.of(), OpenMp.settings(user, null, 3));
    assertEquals(Map.of("OMP_NUM_THREADS", "2"), OpenMp.settings(user, "2", 3));
  }

  @Test
  void aWrongThreadCountIsNamed() {
    for (String wrong : List.of("0", "-1", "two", "", "1025", "9999")) {
      Exception e =
          assertThrows(IllegalArgumentException.class, () -> OpenMp.settings(Map.of(), wrong, 3));
      assertTrue(e.getMessage().startsWith("-Dbhn.threads=" + wrong + ":"), e.getMessage());
    }
  }

  @Test
  void cachesAreOrderedAndNeverRelativeToTheWorkingDirectoryUnlessAsked() {
    List<Path> caches = Locations.caches("/a", "/x");
    assertEquals(Path.of("/a"), caches.get(0));
    assertEquals(Path.of("/x/bhn"), caches.get(1));
    assertEquals(Path.of(System.getProperty("user.home"), ".cache", "bhn"), caches.get(2));
    assertTrue(caches.getLast().startsWith(System.getProperty("java.io.tmpdir")));
    assertEquals(caches.subList(2, 4), Locations.caches(null, "relative"));
  }

  @Test
  void unknownStatusNumbersAreInternalErrors() {
    for (Status status : Status.values()) {
      assertEquals(status, Status.of(status.code()));
    }
    assertEquals(Status.INTERNAL, Status.of(-1));
  }
}
