package org.bhn.backend;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.Supplier;
import org.bhn.nativelib.CublasLibrary;
import org.bhn.nativelib.NativeException;
import org.bhn.nativelib.gen.cublas.CublasC;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;

/**
 * Matrix products of one context by cuBLAS, on its stream and with a workspace of its own, so that
 * they can be captured. f32 unless TF32 is asked for: the default mode never rounds factors.
 *
 * <p>cuBLAS is column-major. A row-major matrix is its own transpose there, so {@code cᵀ = op(b)ᵀ
 * op(a)ᵀ} is asked for: b comes first, m and n change places, and the flags stay.
 */
final class Cublas {
  /** What cuBLAS itself takes on Hopper. */
  private static final long WORKSPACE_BYTES = 32L << 20;

  /** Factors of the products; cuBLAS reads them from host memory. */
  private static final MemorySegment ZERO = scalar(0);

  private static final MemorySegment ONE = scalar(1);

  private final MemorySegment handle;
  private final NativeBuffer workspace;

  Cublas(NativeMemory memory, MemorySegment stream) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
      CublasLibrary.check(CublasC.cublasCreate_v2(out), () -> "opening cuBLAS");
      this.handle = out.get(ValueLayout.ADDRESS, 0);
    }
    try {
      this.workspace = memory.allocate(DType.REAL, WORKSPACE_BYTES / Float.BYTES);
    } catch (NativeException e) {
      CublasC.cublasDestroy_v2(handle);
      throw e;
    }
    CublasLibrary.check(CublasC.cublasSetStream_v2(handle, stream), () -> "cuBLAS's stream");
    // After the stream, which sets it back.
    CublasLibrary.check(
        CublasC.cublasSetWorkspace_v2(handle, workspace.address(0), WORKSPACE_BYTES),
        () -> "cuBLAS's workspace");
    math(CublasC.CUBLAS_DEFAULT_MATH());
  }

  /** The stream must be idle. */
  void close() {
    CublasC.cublasDestroy_v2(handle);
    workspace.free();
  }

  private static MemorySegment scalar(float value) {
    return Arena.global().allocateFrom(ValueLayout.JAVA_FLOAT, value);
  }

  private void math(int mode) {
    CublasLibrary.check(CublasC.cublasSetMathMode(handle, mode), () -> "cuBLAS's math mode");
  }

  /** {@code c = op(a) op(b) + beta c} with all addresses bound. */
  Runnable product(Tensor c, Tensor a, Tensor b, boolean transA, boolean transB, double beta) {
    return plain(c, a, b, transA, transB, beta, c.rows(), transA ? a.rows() : a.columns());
  }

  /** {@code c = a bᵀ}, factors rounded to the ten bits of TF32. */
  Runnable rounded(Tensor c, Tensor a, Tensor b) {
    Runnable product = product(c, a, b, false, true, 0);
    return () -> {
      math(CublasC.CUBLAS_TF32_TENSOR_OP_MATH());
      try {
        product.run();
      } finally {
        math(CublasC.CUBLAS_DEFAULT_MATH());
      }
    };
  }

  private Runnable plain(
      Tensor c, Tensor a, Tensor b, boolean transA, boolean transB, double beta, int m, int k) {
    MemorySegment pc = NativeBuffer.address(c);
    MemorySegment pa = NativeBuffer.address(a);
    MemorySegment pb = NativeBuffer.address(b);
    MemorySegment pBeta = beta == 0 ? ZERO : ONE;
    int n = c.columns();
    int lda = ld(a);
    int ldb = ld(b);
    int ldc = ld(c);
    Supplier<String> what = what("matmul", c, a, b, transA, transB);
    return () -> {
      int status =
          CublasC.cublasSgemm_v2(
              handle, op(transB), op(transA), n, m, k, ONE, pb, ldb, pa, lda, pBeta, pc, ldc);
      if (status != 0) {
        CublasLibrary.check(status, what);
      }
    };
  }

  /** One product for each sample; tensors of rank 2 serve all samples. */
  Runnable batched(Tensor c, Tensor a, Tensor b, boolean transA, boolean transB, double beta) {
    boolean eachA = a.rank() == 3;
    boolean eachB = b.rank() == 3;
    if (c.rank() == 3 && eachA && !eachB && !transA) {
      // The samples' rows of a, one below the other, times the same b.
      return plain(c, a, b, false, transB, beta, c.rows(), a.columns());
    }
    if (c.rank() == 2 && eachA && eachB && transA && !transB) {
      // The sum over samples is the inner sum of products of the samples' rows, stacked.
      return plain(c, a, b, true, false, beta, c.rows(), a.rows());
    }
    return c.rank() == 3
        ? strided(c, a, b, transA, transB, beta)
        : summed(c, a, b, transA, transB, beta);
  }

  private Runnable strided(
      Tensor c, Tensor a, Tensor b, boolean transA, boolean transB, double beta) {
    MemorySegment pc = NativeBuffer.address(c);
    MemorySegment pa = NativeBuffer.address(a);
    MemorySegment pb = NativeBuffer.address(b);
    MemorySegment pBeta = beta == 0 ? ZERO : ONE;
    int m = c.dim(1);
    int n = c.columns();
    int k = transA ? a.dim(a.rank() - 2) : a.columns();
    int lda = ld(a);
    int ldb = ld(b);
    int ldc = ld(c);
    long strideA = stride(a);
    long strideB = stride(b);
    long strideC = stride(c);
    int samples = c.dim(0);
    Supplier<String> what = what("matmulBatched", c, a, b, transA, transB);
    return () -> {
      int status =
          CublasC.cublasSgemmStridedBatched(
              handle,
              op(transB),
              op(transA),
              n,
              m,
              k,
              ONE,
              pb,
              ldb,
              strideB,
              pa,
              lda,
              strideA,
              pBeta,
              pc,
              ldc,
              strideC,
              samples);
      if (status != 0) {
        CublasLibrary.check(status, what);
      }
    };
  }

  private Runnable summed(
      Tensor c, Tensor a, Tensor b, boolean transA, boolean transB, double beta) {
    int samples = a.rank() == 3 ? a.dim(0) : b.dim(0);
    Runnable[] products = new Runnable[samples];
    for (int s = 0; s < samples; s++) {
      products[s] = product(c, sample(a, s), sample(b, s), transA, transB, s == 0 ? beta : 1);
    }
    return () -> {
      for (Runnable product : products) {
        product.run();
      }
    };
  }

  private static Tensor sample(Tensor t, int s) {
    return t.rank() < 3 ? t : t.rows(s * t.dim(1), (s + 1) * t.dim(1));
  }

  private static long stride(Tensor t) {
    return t.rank() < 3 ? 0 : (long) t.dim(1) * t.ld();
  }

  private static int op(boolean transposed) {
    return transposed ? CublasC.CUBLAS_OP_T() : CublasC.CUBLAS_OP_N();
  }

  /** cuBLAS wants a leading dimension of at least 1. */
  private static int ld(Tensor t) {
    return Math.max(1, t.ld());
  }

  private static Supplier<String> what(
      String op, Tensor c, Tensor a, Tensor b, boolean transA, boolean transB) {
    return () -> op + ": c = " + c + ", a = " + a + t(transA) + ", b = " + b + t(transB);
  }

  private static String t(boolean transposed) {
    return transposed ? " transposed" : "";
  }
}
