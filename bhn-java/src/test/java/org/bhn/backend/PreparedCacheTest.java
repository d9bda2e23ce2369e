package org.bhn.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PreparedCacheTest {
  private final List<Integer> closed = new ArrayList<>();

  private record Entry(int key, List<Integer> closed) implements PreparedCache.Ready {
    @Override
    public void close() {
      closed.add(key);
    }
  }

  @Test
  void theLatestAreKeptAndRecordedOnesStay() {
    PreparedCache<Integer, Entry> cache = new PreparedCache<>(k -> new Entry(k, closed), 3);
    Entry recorded = cache.get(0, true);
    Entry first = cache.get(1, false);
    cache.get(2, false);
    cache.get(3, false);
    assertEquals(List.of(), closed);
    assertSame(first, cache.get(1, false));
    cache.get(4, false);
    assertEquals(List.of(2), closed, "the one that was asked for longest ago goes");
    for (int key = 5; key < 100; key++) {
      cache.get(key, false);
    }
    assertEquals(96, closed.size(), "three are kept besides the recorded one");
    assertSame(recorded, cache.get(0, false));
    cache.close();
    assertEquals(100, closed.size());
  }
}
