package org.bhn.backend;

import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.bhn.backend.OneDnnConvolution.Key;

/**
 * The convolutions that a backend has met, ready to run again. Those of recorded calls stay; of the
 * others the latest are kept, since inputs may come in any number.
 */
final class OneDnnConvolutions implements AutoCloseable {
  private static final int KEPT = 64;

  private final Map<Key, OneDnnConvolution> recent = new LinkedHashMap<>(16, 0.75f, true);
  private final Set<Key> recorded = new HashSet<>();

  /**
   * The primitive of a call.
   *
   * @param recording whether the call is recorded, and so needs it for good
   */
  OneDnnConvolution get(Key key, boolean recording) {
    if (recording) {
      recorded.add(key);
    }
    OneDnnConvolution known = recent.get(key);
    if (known == null) {
      forget();
      known = new OneDnnConvolution(key);
      recent.put(key, known);
    }
    return known;
  }

  /** Makes room for one more. */
  private void forget() {
    Iterator<Map.Entry<Key, OneDnnConvolution>> oldest = recent.entrySet().iterator();
    while (recent.size() - recorded.size() >= KEPT) {
      Map.Entry<Key, OneDnnConvolution> entry = oldest.next();
      if (!recorded.contains(entry.getKey())) {
        entry.getValue().close();
        oldest.remove();
      }
    }
  }

  @Override
  public void close() {
    recent.values().forEach(OneDnnConvolution::close);
    recent.clear();
  }
}
