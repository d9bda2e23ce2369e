package org.bhn.backend;

import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/**
 * The convolutions that a backend has met, ready to run again. Those of recorded calls stay; of the
 * others the latest are kept, since inputs may come in any number.
 */
final class ConvolutionCache<C extends ConvolutionCache.Ready> implements AutoCloseable {
  /** A convolution with all that it needs to run. */
  interface Ready extends AutoCloseable {
    @Override
    void close();
  }

  private static final int KEPT = 64;

  private final Map<ConvolutionKey, C> recent = new LinkedHashMap<>(16, 0.75f, true);
  private final Set<ConvolutionKey> recorded = new HashSet<>();
  private final Function<ConvolutionKey, C> prepare;

  ConvolutionCache(Function<ConvolutionKey, C> prepare) {
    this.prepare = prepare;
  }

  /**
   * The convolution of a call.
   *
   * @param recording whether the call is recorded, and so needs it for good
   */
  C get(ConvolutionKey key, boolean recording) {
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
    Iterator<Map.Entry<ConvolutionKey, C>> oldest = recent.entrySet().iterator();
    while (recent.size() - recorded.size() >= KEPT) {
      Map.Entry<ConvolutionKey, C> entry = oldest.next();
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
