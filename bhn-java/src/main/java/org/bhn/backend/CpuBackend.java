package org.bhn.backend;

import static org.bhn.backend.NativeBuffer.address;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.bhn.nativelib.BhnLibrary;
import org.bhn.nativelib.OneDnnLibrary;
import org.bhn.nativelib.gen.bhn.BhnC;
import org.bhn.tensor.Tensor;

/** Native kernels on the CPU; oneDNN multiplies matrices and convolves. Single precision. */
final class CpuBackend extends NativeBackend {
  private final PreparedCache<ConvolutionKey, OneDnnConvolution> convolutions =
      new PreparedCache<>(OneDnnConvolution::new, ConvolutionKey.KEPT);

  /** Rooms for packed matrices that are kept for the next prediction. */
  private static final int SPARES = 16;

  private final List<OneDnnMatrix> spares = new ArrayList<>();
  private boolean gone;

  CpuBackend() {
    this(new NativeMemory(BhnC.BHN_CPU()), true);
  }

  private CpuBackend(NativeMemory memory, boolean first) {
    super(memory, NativeMemory.createContext(BhnC.BHN_CPU(), MemorySegment.NULL), first);
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
  Runnable product(Tensor c, Tensor a, Tensor b, boolean transA, boolean transB, double beta) {
    return OneDnnProducts.product(c, a, b, transA, transB, beta);
  }

  @Override
  void closeDevice() {
    convolutions.close();
    synchronized (spares) {
      gone = true;
      spares.forEach(OneDnnMatrix::destroy);
      spares.clear();
    }
    super.closeDevice();
  }

  @Override
  void convolve(String op, ConvolutionKey key, Tensor x, Tensor w, Tensor y) {
    boolean recorded = isRecording();
    MemorySegment px = address(x);
    MemorySegment pw = address(w);
    MemorySegment py = address(y);
    submit(op, () -> convolutions.get(key, recorded).run(px, pw, py));
  }

  @Override
  PackedMatrix packed(Tensor w, Convolution shape, Precision precision) {
    return new OneDnnFilters(this, w, shape, precision);
  }

  @Override
  Runnable batched(Tensor c, Tensor a, Tensor b, boolean transA, boolean transB, double beta) {
    return OneDnnProducts.batched(c, a, b, transA, transB, beta);
  }

  @Override
  PackedMatrix packed(Tensor v, Precision precision) {
    OneDnnMatrix room = room(v.rows(), v.columns(), precision);
    try {
      room.pack(v);
    } catch (RuntimeException e) {
      giveBack(room);
      throw e;
    }
    return new LentMatrix(this, room);
  }

  private OneDnnMatrix room(int outputs, int inputs, Precision precision) {
    synchronized (spares) {
      for (OneDnnMatrix spare : spares) {
        if (spare.fits(outputs, inputs, precision)) {
          spares.remove(spare);
          return spare;
        }
      }
    }
    return new OneDnnMatrix(this, outputs, inputs, precision);
  }

  /** Takes back the room of a packed matrix; the oldest makes way. */
  void giveBack(OneDnnMatrix room) {
    synchronized (spares) {
      if (gone) {
        room.destroy();
        return;
      }
      if (spares.size() == SPARES) {
        spares.removeFirst().destroy();
      }
      spares.add(room);
    }
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
