package org.bhn.backend;

import java.util.Arrays;
import java.util.Collections;
import java.util.Set;
import java.util.WeakHashMap;
import org.bhn.backend.HeapBuffer.Ints;
import org.bhn.backend.HeapBuffer.Longs;
import org.bhn.backend.HeapBuffer.Reals;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;

/** Memory and host transfers of the plain Java backend. */
abstract class JavaMemory extends AbstractBackend {
  /** What a backend and its forks share; weak, so that forgotten tensors can be collected. */
  private static final class Family {
    private final Set<HeapBuffer> buffers =
        Collections.synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));
    private volatile boolean closed;
  }

  private final Family shared;
  private final boolean first;

  /** The first of a family, or a fork. */
  JavaMemory(JavaMemory parent) {
    this(parent == null ? new Family() : parent.shared, parent == null);
  }

  private JavaMemory(Family shared, boolean first) {
    super(shared);
    this.shared = shared;
    this.first = first;
  }

  @Override
  final DeviceBuffer newBuffer(DType dtype, long length) {
    HeapBuffer buffer;
    try {
      buffer = new HeapBuffer(shared, dtype, Math.toIntExact(length));
    } catch (OutOfMemoryError e) {
      throw new IllegalStateException(
          "cannot allocate "
              + length
              + " elements of "
              + dtype
              + " on a Java heap of at most "
              + (Runtime.getRuntime().maxMemory() >> 20)
              + " MiB: raise -Xmx",
          e);
    }
    shared.buffers.add(buffer);
    return buffer;
  }

  @Override
  final int bytes(DType dtype) {
    return dtype == DType.INT32 ? Integer.BYTES : Double.BYTES;
  }

  @Override
  final void closeDevice() {
    if (first) {
      synchronized (shared.buffers) {
        shared.closed = true;
        shared.buffers.forEach(HeapBuffer::free);
        shared.buffers.clear();
      }
    }
  }

  @Override
  final boolean isMemoryClosed() {
    return shared.closed;
  }

  @Override
  public final void sync() {
    checkOpen();
  }

  @Override
  public final void upload(Tensor to, float[] values) {
    CheckElementwise.upload(this, to, values);
    Reals x = Reals.of(to);
    immediate(
        () -> {
          for (int i = 0, k = 0; i < x.rows(); i++) {
            for (int j = 0; j < x.columns(); j++) {
              x.a()[x.row(i) + j] = values[k++];
            }
          }
        });
  }

  @Override
  public final void upload(Tensor to, double[] values) {
    CheckElementwise.upload(this, to, values);
    Reals x = Reals.of(to);
    immediate(
        () -> {
          for (int i = 0; i < x.rows(); i++) {
            System.arraycopy(values, i * x.columns(), x.a(), x.row(i), x.columns());
          }
        });
  }

  @Override
  public final void upload(Tensor to, int[] values) {
    CheckElementwise.upload(this, to, values);
    Ints x = Ints.of(to);
    immediate(() -> System.arraycopy(values, 0, x.a(), x.at(), x.size()));
  }

  @Override
  public final void upload(Tensor to, long value) {
    CheckElementwise.upload(this, to, value);
    Longs x = Longs.of(to);
    immediate(() -> Arrays.fill(x.a(), x.at(), x.at() + x.size(), value));
  }

  @Override
  public final void download(Tensor from, float[] values) {
    CheckElementwise.download(this, from, values);
    Reals x = Reals.of(from);
    immediate(
        () -> {
          for (int i = 0, k = 0; i < x.rows(); i++) {
            for (int j = 0; j < x.columns(); j++) {
              values[k++] = (float) x.a()[x.row(i) + j];
            }
          }
        });
  }

  @Override
  public final void download(Tensor from, double[] values) {
    CheckElementwise.download(this, from, values);
    Reals x = Reals.of(from);
    immediate(
        () -> {
          for (int i = 0; i < x.rows(); i++) {
            System.arraycopy(x.a(), x.row(i), values, i * x.columns(), x.columns());
          }
        });
  }

  @Override
  public final void download(Tensor from, int[] values) {
    CheckElementwise.download(this, from, values);
    Ints x = Ints.of(from);
    immediate(() -> System.arraycopy(x.a(), x.at(), values, 0, x.size()));
  }

  @Override
  public final double item(Tensor from, int index) {
    checkOpen();
    CheckElementwise.item(this, from, index);
    return ((HeapBuffer) from.buffer()).real(Math.toIntExact(from.offset()) + index);
  }

  @Override
  public final long itemLong(Tensor from) {
    checkOpen();
    CheckElementwise.itemLong(this, from);
    return ((HeapBuffer) from.buffer()).integer(Math.toIntExact(from.offset()));
  }
}
