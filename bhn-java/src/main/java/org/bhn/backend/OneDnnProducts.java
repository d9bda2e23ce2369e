package org.bhn.backend;

import java.lang.foreign.MemorySegment;
import org.bhn.nativelib.OneDnnLibrary;
import org.bhn.nativelib.gen.dnnl.DnnlC;
import org.bhn.tensor.Tensor;

/** Matrix products by oneDNN, strict f32. */
final class OneDnnProducts {
  private OneDnnProducts() {}

  /** {@code c = op(a) op(b) + beta c} with all addresses bound. */
  static Runnable product(
      Tensor c, Tensor a, Tensor b, boolean transA, boolean transB, double beta) {
    int m = c.rows();
    int n = c.columns();
    int k = transA ? a.rows() : a.columns();
    return gemm(
        NativeBuffer.address(c),
        NativeBuffer.address(a),
        NativeBuffer.address(b),
        new Shape(m, n, k, transA, transB, ld(a), ld(b), ld(c)),
        (float) beta);
  }

  /** One product for each sample; tensors of rank 2 serve all samples. */
  static Runnable batched(
      Tensor c, Tensor a, Tensor b, boolean transA, boolean transB, double beta) {
    int samples = Math.max(samples(c), Math.max(samples(a), samples(b)));
    int m = c.dim(c.rank() - 2);
    int n = c.columns();
    int k = transA ? a.dim(a.rank() - 2) : a.columns();
    Shape shape = new Shape(m, n, k, transA, transB, ld(a), ld(b), ld(c));
    Runnable[] products = new Runnable[samples];
    for (int s = 0; s < samples; s++) {
      boolean summed = samples(c) == 1 && s > 0;
      products[s] = gemm(at(c, s), at(a, s), at(b, s), shape, summed ? 1 : (float) beta);
    }
    return () -> {
      for (Runnable product : products) {
        product.run();
      }
    };
  }

  private record Shape(
      long m, long n, long k, boolean transA, boolean transB, long lda, long ldb, long ldc) {}

  private static Runnable gemm(
      MemorySegment c, MemorySegment a, MemorySegment b, Shape s, float beta) {
    byte ta = (byte) (s.transA ? 'T' : 'N');
    byte tb = (byte) (s.transB ? 'T' : 'N');
    return () -> {
      int status = DnnlC.dnnl_sgemm(ta, tb, s.m, s.n, s.k, 1f, a, s.lda, b, s.ldb, beta, c, s.ldc);
      if (status != 0) {
        OneDnnLibrary.check(status, "matmul " + s);
      }
    };
  }

  /** oneDNN wants a leading dimension of at least 1. */
  private static long ld(Tensor t) {
    return Math.max(1, t.ld());
  }

  private static int samples(Tensor t) {
    return t.rank() == 3 ? t.dim(0) : 1;
  }

  private static MemorySegment at(Tensor t, int sample) {
    if (t.rank() < 3) {
      return NativeBuffer.address(t);
    }
    int rows = t.dim(1);
    return NativeBuffer.address(t.rows(sample * rows, (sample + 1) * rows));
  }
}
