package org.bhn.backend;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.StringJoiner;
import java.util.function.ToIntFunction;
import org.bhn.backend.ConvolutionKey.Kind;
import org.bhn.nativelib.CudnnLibrary;
import org.bhn.nativelib.NativeException;
import org.bhn.nativelib.Status;
import org.bhn.nativelib.gen.cudnn.CudnnC;
import org.bhn.nativelib.gen.cudnn.cudnnConvolutionAlgoPerf_t;
import org.bhn.tensor.Tensor;

/**
 * A convolution of a given number of images, or one of its gradients: cuDNN's descriptions and the
 * algorithm. Images and weights stay where they are. Running it allocates nothing.
 */
final class CudnnConvolution implements PreparedCache.Ready {
  /** An algorithm that wants more is not taken. */
  private static final long WORKSPACE_MOST = 1L << 30;

  /** Algorithms may be listed once for each math type. */
  private static final int ALGORITHMS_MOST = 4 * CudnnC.CUDNN_CONVOLUTION_FWD_ALGO_COUNT();

  /** Factors of the results; cuDNN reads them from host memory. */
  private static final MemorySegment ZERO = Arena.global().allocateFrom(ValueLayout.JAVA_FLOAT, 0f);

  private static final MemorySegment ONE = Arena.global().allocateFrom(ValueLayout.JAVA_FLOAT, 1f);

  private final Cudnn cudnn;
  private final MemorySegment handle;
  private final ConvolutionKey key;
  private final WideKernel wide; // null where w itself serves
  private final MemorySegment beta;
  private MemorySegment x = MemorySegment.NULL;
  private MemorySegment w = MemorySegment.NULL;
  private MemorySegment y = MemorySegment.NULL;
  private MemorySegment convolution = MemorySegment.NULL;
  private int algorithm;
  private long workspaceBytes;

  /**
   * Describes a convolution and chooses its algorithm.
   *
   * @throws NativeException if cuDNN has no algorithm for these sizes that gives the same bits each
   *     time
   */
  CudnnConvolution(Cudnn cudnn, ConvolutionKey key) {
    this.cudnn = cudnn;
    this.handle = cudnn.handle();
    this.key = key;
    Convolution c = key.shape();
    this.wide = WideKernel.isNeeded(c) ? new WideKernel(cudnn.backend(), c) : null;
    this.beta = key.add() && !writesWide() ? ONE : ZERO;
    try {
      this.x = Cudnn.created("images", CudnnC::cudnnCreateTensorDescriptor);
      this.w = Cudnn.created("filters", CudnnC::cudnnCreateFilterDescriptor);
      this.y = Cudnn.created("images", CudnnC::cudnnCreateTensorDescriptor);
      this.convolution = Cudnn.created("convolution", CudnnC::cudnnCreateConvolutionDescriptor);
      describe(x, c.height(), c.width(), c.in());
      describe(y, c.outHeight(), c.outWidth(), c.out());
      describeFilters(c);
      describeConvolution(c);
      choose();
      cudnn.reserve(workspaceBytes);
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  private boolean writesWide() {
    return wide != null && key.kind() == Kind.WEIGHTS;
  }

  private void check(int status) {
    if (status != 0) {
      CudnnLibrary.check(status, key::toString);
    }
  }

  // ---- descriptions ----

  private void describe(MemorySegment images, int height, int width, int channels) {
    int layout = CudnnC.CUDNN_TENSOR_NHWC();
    int type = CudnnC.CUDNN_DATA_FLOAT();
    check(
        CudnnC.cudnnSetTensor4dDescriptor(
            images, layout, type, key.images(), channels, height, width));
  }

  private void describeFilters(Convolution c) {
    int layout = CudnnC.CUDNN_TENSOR_NHWC();
    int type = CudnnC.CUDNN_DATA_FLOAT();
    int height = WideKernel.height(c);
    int width = WideKernel.width(c);
    check(CudnnC.cudnnSetFilter4dDescriptor(w, type, layout, c.out(), c.in(), height, width));
  }

  private void describeConvolution(Convolution c) {
    int mode = CudnnC.CUDNN_CROSS_CORRELATION();
    int type = CudnnC.CUDNN_DATA_FLOAT();
    int stride = c.stride();
    check(
        CudnnC.cudnnSetConvolution2dDescriptor(
            convolution, c.bottom(), c.right(), stride, stride, 1, 1, mode, type));
    // The default would let f32 mean TF32.
    boolean rounded = key.precision() == Precision.FAST;
    int math = rounded ? CudnnC.CUDNN_DEFAULT_MATH() : CudnnC.CUDNN_FMA_MATH();
    check(CudnnC.cudnnSetConvolutionMathType(convolution, math));
  }

  // ---- the algorithm ----

  /**
   * Takes the first that gives the same bits each time and fits. They come fastest first by cuDNN's
   * own guess, which fills in no times; the math type is the description's, not the one listed.
   */
  private void choose() {
    StringJoiner refused = new StringJoiner("; ");
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment count = arena.allocate(ValueLayout.JAVA_INT);
      MemorySegment all = cudnnConvolutionAlgoPerf_t.allocateArray(ALGORITHMS_MOST, arena);
      check(list(count, all));
      for (int i = 0; i < count.get(ValueLayout.JAVA_INT, 0); i++) {
        MemorySegment one = cudnnConvolutionAlgoPerf_t.asSlice(all, i);
        String problem = problem(one, arena.allocate(ValueLayout.JAVA_LONG));
        if (problem == null) {
          return;
        }
        refused.add("algorithm " + cudnnConvolutionAlgoPerf_t.algo(one) + ": " + problem);
      }
      String problem = problem(unlisted(), arena.allocate(ValueLayout.JAVA_LONG));
      if (problem == null) {
        return;
      }
      refused.add("algorithm " + unlisted() + ", listed or not: " + problem);
    }
    throw new NativeException(
        Status.UNSUPPORTED,
        key
            + ": cuDNN "
            + CudnnLibrary.version()
            + " has no algorithm that gives the same bits each time with channels last ("
            + refused
            + "): use other sizes, or the CPU with -Dbhn.backend=cpu");
  }

  /** The one that cuDNN's manual calls reproducible and knows channels last for. */
  private int unlisted() {
    return switch (key.kind()) {
      case OUTPUTS -> CudnnC.CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM();
      case INPUTS -> CudnnC.CUDNN_CONVOLUTION_BWD_DATA_ALGO_1();
      case WEIGHTS -> CudnnC.CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1();
    };
  }

  /** Takes an algorithm that is listed, or says why it cannot be taken. */
  private String problem(MemorySegment listed, MemorySegment size) {
    int status = cudnnConvolutionAlgoPerf_t.status(listed);
    if (status != CudnnC.CUDNN_STATUS_SUCCESS()) {
      return CudnnLibrary.text(status);
    }
    if (cudnnConvolutionAlgoPerf_t.determinism(listed) != CudnnC.CUDNN_DETERMINISTIC()) {
      return "not deterministic";
    }
    return problem(cudnnConvolutionAlgoPerf_t.algo(listed), size);
  }

  private String problem(int candidate, MemorySegment size) {
    int status = workspaceOf(candidate, size);
    if (status != CudnnC.CUDNN_STATUS_SUCCESS()) {
      return CudnnLibrary.text(status);
    }
    long bytes = size.get(ValueLayout.JAVA_LONG, 0);
    if (bytes > WORKSPACE_MOST) {
      return "wants " + bytes + " bytes of workspace, at most " + WORKSPACE_MOST + " are given";
    }
    algorithm = candidate;
    workspaceBytes = bytes;
    return null;
  }

  private int list(MemorySegment count, MemorySegment all) {
    int most = ALGORITHMS_MOST;
    return switch (key.kind()) {
      case OUTPUTS ->
          CudnnC.cudnnGetConvolutionForwardAlgorithm_v7(
              handle, x, w, convolution, y, most, count, all);
      case INPUTS ->
          CudnnC.cudnnGetConvolutionBackwardDataAlgorithm_v7(
              handle, w, y, convolution, x, most, count, all);
      case WEIGHTS ->
          CudnnC.cudnnGetConvolutionBackwardFilterAlgorithm_v7(
              handle, x, y, convolution, w, most, count, all);
    };
  }

  private int workspaceOf(int candidate, MemorySegment size) {
    return switch (key.kind()) {
      case OUTPUTS ->
          CudnnC.cudnnGetConvolutionForwardWorkspaceSize(
              handle, x, w, convolution, y, candidate, size);
      case INPUTS ->
          CudnnC.cudnnGetConvolutionBackwardDataWorkspaceSize(
              handle, w, y, convolution, x, candidate, size);
      case WEIGHTS ->
          CudnnC.cudnnGetConvolutionBackwardFilterWorkspaceSize(
              handle, x, y, convolution, w, candidate, size);
    };
  }

  // ---- running ----

  /** Computes one of the three from the other two. */
  void submit(String op, Tensor images, Tensor weights, Tensor outputs) {
    if (wide != null && !writesWide()) {
      wide.put(weights);
    }
    MemorySegment px = NativeBuffer.address(images);
    MemorySegment pw = NativeBuffer.address(wide == null ? weights : wide.weights());
    MemorySegment py = NativeBuffer.address(outputs);
    cudnn.backend().submit(op, () -> check(run(px, pw, py)));
    if (writesWide()) {
      wide.take(weights, key.add());
    }
  }

  private int run(MemorySegment px, MemorySegment pw, MemorySegment py) {
    MemorySegment work = cudnn.workspace();
    long bytes = workspaceBytes;
    return switch (key.kind()) {
      case OUTPUTS ->
          CudnnC.cudnnConvolutionForward(
              handle, ONE, x, px, w, pw, convolution, algorithm, work, bytes, beta, y, py);
      case INPUTS ->
          CudnnC.cudnnConvolutionBackwardData(
              handle, ONE, w, pw, y, py, convolution, algorithm, work, bytes, beta, x, px);
      case WEIGHTS ->
          CudnnC.cudnnConvolutionBackwardFilter(
              handle, ONE, x, px, y, py, convolution, algorithm, work, bytes, beta, w, pw);
    };
  }

  @Override
  public void close() {
    destroy(convolution, CudnnC::cudnnDestroyConvolutionDescriptor);
    destroy(x, CudnnC::cudnnDestroyTensorDescriptor);
    destroy(w, CudnnC::cudnnDestroyFilterDescriptor);
    destroy(y, CudnnC::cudnnDestroyTensorDescriptor);
    if (wide != null) {
      wide.close();
    }
  }

  private static void destroy(MemorySegment made, ToIntFunction<MemorySegment> destroy) {
    if (!made.equals(MemorySegment.NULL)) {
      destroy.applyAsInt(made);
    }
  }
}
