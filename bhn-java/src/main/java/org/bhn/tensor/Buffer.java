package org.bhn.tensor;

/**
 * Memory on a device. Its address never leaves the backend that made it, so device memory cannot be
 * dereferenced by Java.
 *
 * <p>A buffer has a generation. Tensors remember the generation they were made in; reusing the
 * memory (a step pool's reset) or freeing it starts a new one, and every older tensor is then
 * refused with an exception.
 */
public abstract class Buffer {
  private final DType dtype;
  private final long length;
  private volatile int generation;

  /**
   * A buffer of {@code length} elements.
   *
   * @throws IllegalArgumentException if the length is negative
   */
  protected Buffer(DType dtype, long length) {
    if (length < 0) {
      throw new IllegalArgumentException("length = " + length + " is negative");
    }
    this.dtype = dtype;
    this.length = length;
  }

  /** What the elements are. */
  public final DType dtype() {
    return dtype;
  }

  /** Number of elements. */
  public final long length() {
    return length;
  }

  /** The present generation; tensors of older ones are stale. */
  public final int generation() {
    return generation;
  }

  /** Makes every tensor on this buffer stale. Called by the owner when it reuses or frees it. */
  protected final void retire() {
    generation++;
  }
}
