package org.bhn.backend;

import static org.bhn.backend.NativeBuffer.address;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.bhn.nativelib.BhnLibrary;
import org.bhn.nativelib.OneDnnLibrary;
import org.bhn.nativelib.gen.bhn.BhnC;
import org.bhn.tensor.Tensor;

/** Native kernels on the CPU; oneDNN multiplies matrices. Single precision. */
final class CpuBackend extends NativeTrainingOps {
  private final boolean first;

  CpuBackend() {
    this(new NativeMemory(BhnC.BHN_CPU()), true);
  }

  private CpuBackend(NativeMemory memory, boolean first) {
    super(memory, NativeMemory.createContext(BhnC.BHN_CPU(), 0));
    this.first = first;
  }

  @Override
  public Device device() {
    return Device.CPU;
  }

  @Override
  public String description() {
    return "CPU ("
        + BhnLibrary.simdLevel()
        + ", "
        + BhnLibrary.buildInfo()
        + ", oneDNN "
        + OneDnnLibrary.version()
        + ")";
  }

  @Override
  public Backend fork() {
    checkOpen();
    return new CpuBackend(memory, false);
  }

  @Override
  boolean ownsMemory() {
    return first;
  }

  @Override
  public void matmul(Tensor c, Tensor a, Tensor b, boolean transA, boolean transB, double beta) {
    CheckElementwise.matmul(this, c, a, b, transA, transB, beta);
    if (!degenerate(c, transA ? a.rows() : a.columns(), beta)) {
      submit("matmul", OneDnnProducts.product(c, a, b, transA, transB, beta));
    }
  }

  @Override
  public void matmulBatched(
      Tensor c, Tensor a, Tensor b, boolean transA, boolean transB, double beta) {
    CheckElementwise.matmulBatched(this, c, a, b, transA, transB, beta);
    boolean noSamples = (a.rank() == 3 && a.dim(0) == 0) || (b.rank() == 3 && b.dim(0) == 0);
    int k = noSamples ? 0 : transA ? a.dim(a.rank() - 2) : a.columns();
    if (!degenerate(c, k, beta)) {
      submit("matmulBatched", OneDnnProducts.batched(c, a, b, transA, transB, beta));
    }
  }

  @Override
  public PackedMatrix pack(Tensor v, Precision precision) {
    Check.real(this, "pack: v", v);
    Check.present("pack: precision", precision);
    return v.size() == 0 ? new PlainMatrix(this, v) : new OneDnnMatrix(this, v, precision);
  }

  /** Products over nothing are zero; oneDNN is not asked. */
  private boolean degenerate(Tensor c, int k, double beta) {
    if (c.size() == 0) {
      return true;
    }
    if (k > 0) {
      return false;
    }
    if (beta == 0) {
      fill(c, 0);
    }
    return true;
  }

  // ---- copies between Java and this process's native memory ----

  @Override
  public void upload(Tensor to, float[] values) {
    CheckElementwise.upload(this, to, values);
    MemorySegment target = address(to);
    immediate(
        () -> {
          for (int i = 0; i < to.rows(); i++) {
            MemorySegment.copy(
                values,
                i * to.columns(),
                target,
                ValueLayout.JAVA_FLOAT,
                4L * i * to.ld(),
                to.columns());
          }
        });
  }

  @Override
  public void upload(Tensor to, double[] values) {
    CheckElementwise.upload(this, to, values);
    float[] rounded = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      rounded[i] = (float) values[i];
    }
    upload(to, rounded);
  }

  @Override
  public void upload(Tensor to, int[] values) {
    CheckElementwise.upload(this, to, values);
    MemorySegment target = address(to);
    immediate(() -> MemorySegment.copy(values, 0, target, ValueLayout.JAVA_INT, 0, values.length));
  }

  @Override
  public void upload(Tensor to, long value) {
    CheckElementwise.upload(this, to, value);
    MemorySegment target = address(to);
    immediate(
        () -> {
          for (int i = 0; i < to.size(); i++) {
            target.setAtIndex(ValueLayout.JAVA_LONG, i, value);
          }
        });
  }

  @Override
  public void download(Tensor from, float[] values) {
    CheckElementwise.download(this, from, values);
    MemorySegment source = address(from);
    immediate(
        () -> {
          for (int i = 0; i < from.rows(); i++) {
            MemorySegment.copy(
                source,
                ValueLayout.JAVA_FLOAT,
                4L * i * from.ld(),
                values,
                i * from.columns(),
                from.columns());
          }
        });
  }

  @Override
  public void download(Tensor from, double[] values) {
    CheckElementwise.download(this, from, values);
    float[] floats = new float[values.length];
    download(from, floats);
    for (int i = 0; i < values.length; i++) {
      values[i] = floats[i];
    }
  }

  @Override
  public void download(Tensor from, int[] values) {
    CheckElementwise.download(this, from, values);
    MemorySegment source = address(from);
    immediate(() -> MemorySegment.copy(source, ValueLayout.JAVA_INT, 0, values, 0, values.length));
  }

  @Override
  public double item(Tensor from, int index) {
    CheckElementwise.item(this, from, index);
    return ((NativeBuffer) from.buffer()).real(from.offset() + index);
  }

  @Override
  public long itemLong(Tensor from) {
    CheckElementwise.itemLong(this, from);
    return ((NativeBuffer) from.buffer()).integer(from.offset());
  }
}
