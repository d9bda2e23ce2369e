package org.bhn.backend;

import static org.bhn.backend.NativeBuffer.address;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.bhn.backend.OneDnnConvolution.Key;
import org.bhn.backend.OneDnnConvolution.Kind;
import org.bhn.nativelib.BhnLibrary;
import org.bhn.nativelib.OneDnnLibrary;
import org.bhn.nativelib.gen.bhn.BhnC;
import org.bhn.tensor.Tensor;

/** Native kernels on the CPU; oneDNN multiplies matrices and convolves. Single precision. */
final class CpuBackend extends NativeBackend {
  private final OneDnnConvolutions convolutions = new OneDnnConvolutions();

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
    super.closeDevice();
  }

  @Override
  public void conv(Tensor y, Tensor x, Tensor w, Convolution shape) {
    int n = CheckImages.conv(this, y, x, w, shape);
    convolve("conv", Kind.OUTPUTS, shape, n, 0, x, w, y);
  }

  @Override
  public void convInputs(Tensor dX, Tensor dY, Tensor w, Convolution shape, double beta) {
    int n = CheckImages.convInputs(this, dX, dY, w, shape, beta);
    convolve("convInputs", Kind.INPUTS, shape, n, beta, dX, w, dY);
  }

  @Override
  public void convWeights(Tensor dW, Tensor dY, Tensor x, Convolution shape, double beta) {
    int n = CheckImages.convWeights(this, dW, dY, x, shape, beta);
    if (n == 0 && beta == 0) {
      fill(dW, 0);
    }
    convolve("convWeights", Kind.WEIGHTS, shape, n, beta, x, dW, dY);
  }

  private void convolve(
      String op, Kind kind, Convolution shape, int n, double beta, Tensor x, Tensor w, Tensor y) {
    if (n == 0) {
      return;
    }
    Key key = new Key(kind, shape, n, beta != 0, Precision.STRICT);
    OneDnnConvolution[] found = new OneDnnConvolution[1];
    immediate(() -> found[0] = convolutions.get(key, isRecording()));
    OneDnnConvolution call = found[0];
    MemorySegment px = address(x);
    MemorySegment pw = address(w);
    MemorySegment py = address(y);
    submit(op, () -> call.run(px, pw, py));
  }

  @Override
  public PackedMatrix pack(Tensor w, Convolution shape, Precision precision) {
    Check.present("pack: shape", shape);
    Check.present("pack: precision", precision);
    Check.denseMatrix(this, "pack: w", w, "[out, KH·KW·in]", shape.out(), shape.fanIn());
    return new OneDnnFilters(this, w, shape, precision);
  }

  @Override
  Runnable batched(Tensor c, Tensor a, Tensor b, boolean transA, boolean transB, double beta) {
    return OneDnnProducts.batched(c, a, b, transA, transB, beta);
  }

  @Override
  PackedMatrix packed(Tensor v, Precision precision) {
    return new OneDnnMatrix(this, v, precision);
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
