package org.bhn.backend;

import java.lang.foreign.MemorySegment;
import org.bhn.backend.ConvolutionKey.Kind;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;

/**
 * The weights of a convolution in the layout that oneDNN likes, with a primitive for the numbers of
 * images it has met last.
 */
final class OneDnnFilters implements PackedMatrix {
  /** Numbers of images that are kept; each has a copy of the weights. */
  private static final int KEPT = 8;

  private final CpuBackend backend;
  private final Convolution shape;
  private final Precision precision;
  private final Tensor plain; // another number of images may like another layout
  private final PreparedCache<Integer, OneDnnConvolution> calls =
      new PreparedCache<>(this::packed, KEPT);

  OneDnnFilters(CpuBackend backend, Tensor w, Convolution shape, Precision precision) {
    this.backend = backend;
    this.shape = shape;
    this.precision = precision;
    this.plain = backend.allocate(DType.REAL, w.rows(), w.columns());
    backend.copy(plain, w);
  }

  @Override
  public void product(Tensor y, Tensor x) {
    int images = CheckImages.conv(backend, y, x, plain, shape);
    if (images == 0) {
      return;
    }
    boolean recorded = backend.isRecording();
    MemorySegment from = NativeBuffer.address(x);
    MemorySegment to = NativeBuffer.address(y);
    backend.submit("packedConv", () -> calls.get(images, recorded).run(from, to));
  }

  private OneDnnConvolution packed(int images) {
    OneDnnConvolution call =
        new OneDnnConvolution(new ConvolutionKey(Kind.OUTPUTS, shape, images, false, precision));
    call.load(NativeBuffer.address(plain));
    return call;
  }

  @Override
  public void close() {
    backend.alone(calls::close);
    if (!plain.isStale()) {
      backend.release(plain);
    }
  }
}
