package org.bhn.backend;

import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/**
 * What was prepared for calls of some shape, ready to run again. That of recorded calls stays; of
 * the others the latest are kept, since inputs may come in any number.
 */
final class PreparedCache<K, C extends PreparedCache.Ready> implements AutoCloseable {
  /** A call with all that it needs to run. */
  interface Ready extends AutoCloseable {
    @Override
    void close();
  }

  private final Map<K, C> recent = new LinkedHashMap<>(16, 0.75f, true);
  private final Set<K> recorded = new HashSet<>();
  private final Function<K, C> prepare;
  private final int kept;

  PreparedCache(Function<K, C> prepare, int kept) {
    this.prepare = prepare;
    this.kept = kept;
  }

  /**
   * What was prepared for a call. It is to be looked up where it runs, within the one-thread rule:
   * another thread could have it forgotten between the two.
   *
   * @param recording whether the call is recorded, and so needs it for good
   */
  C get(K key, boolean recording) {
    C known = recent.get(key);
    if (known == null) {
      forget();
      known = prepare.apply(key);
      recent.put(key, known);
    }
    if (recording) {
      recorded.add(key);
    }
    return known;
  }

  /** Makes room for one more. */
  private void forget() {
    Iterator<Map.Entry<K, C>> oldest = recent.entrySet().iterator();
    while (recent.size() - recorded.size() >= kept) {
      Map.Entry<K, C> entry = oldest.next();
      if (!recorded.contains(entry.getKey())) {
        entry.getValue().close();
        oldest.remove();
      }
    }
  }

  @Override
  public void close() {
    recent.values().forEach(Ready::close);
    recent.clear();
  }
}
