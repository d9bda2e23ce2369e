package org.bhn.backend;

import java.util.Arrays;
import org.bhn.backend.HeapBuffer.Reals;
import org.bhn.tensor.Tensor;

/** Dense products. */
final class JavaProducts {
  /** A block of op(b) is copied to be row-major and to stay in the second-level cache. */
  private static final int BLOCK = 128;

  static final int PACK = BLOCK * BLOCK;

  private JavaProducts() {}

  /** c = op(a) op(b) + beta c. */
  static Runnable matmul(
      Tensor c, Tensor a, Tensor b, boolean transA, boolean transB, double beta, double[] pack) {
    Reals rc = Reals.of(c);
    Reals ra = Reals.of(a);
    Reals rb = Reals.of(b);
    int inner = transA ? a.rows() : a.columns();
    Product product = Product.of(rc, c.rows(), ra, transA, rb, transB, inner, pack);
    return () -> product.run(rc.at(), ra.at(), rb.at(), beta != 0);
  }

  /** One product for each sample; operands of rank 2 serve, or sum over, all samples. */
  static Runnable matmulBatched(
      Tensor c, Tensor a, Tensor b, boolean transA, boolean transB, double beta, double[] pack) {
    Reals rc = Reals.of(c);
    Reals ra = Reals.of(a);
    Reals rb = Reals.of(b);
    int samples = Math.max(samples(c), Math.max(samples(a), samples(b)));
    int inner = transA ? a.dim(a.rank() - 2) : a.columns();
    Product product = Product.of(rc, c.dim(c.rank() - 2), ra, transA, rb, transB, inner, pack);
    int stepC = step(c);
    int stepA = step(a);
    int stepB = step(b);
    boolean sum = c.rank() == 2;
    return () -> {
      for (int s = 0; s < samples; s++) {
        product.run(
            rc.at() + s * stepC,
            ra.at() + s * stepA,
            rb.at() + s * stepB,
            beta != 0 || (sum && s > 0));
      }
      if (sum && samples == 0 && beta == 0) {
        product.clear(rc.at());
      }
    };
  }

  private static int samples(Tensor t) {
    return t.rank() == 3 ? t.dim(0) : 0;
  }

  /** Distance between the matrices of two samples. */
  private static int step(Tensor t) {
    return t.rank() == 3 ? t.dim(1) * t.ld() : 0;
  }

  /** op(a) is [m, k] with element (i, p) at i·aRow + p·aColumn; op(b) is [k, n] likewise. */
  private record Product(
      int m,
      int n,
      int k,
      double[] c,
      int ldC,
      double[] a,
      int aRow,
      int aColumn,
      double[] b,
      int bRow,
      int bColumn,
      double[] pack) {

    static Product of(
        Reals c, int m, Reals a, boolean transA, Reals b, boolean transB, int k, double[] pack) {
      return new Product(
          m,
          c.columns(),
          k,
          c.a(),
          c.ld(),
          a.a(),
          transA ? 1 : a.ld(),
          transA ? a.ld() : 1,
          b.a(),
          transB ? 1 : b.ld(),
          transB ? b.ld() : 1,
          pack);
    }

    void run(int cAt, int aAt, int bAt, boolean add) {
      if (!add) {
        clear(cAt);
      }
      for (int j = 0; j < n; j += BLOCK) {
        int nb = Math.min(BLOCK, n - j);
        for (int p = 0; p < k; p += BLOCK) {
          int kb = Math.min(BLOCK, k - p);
          pack(bAt + p * bRow + j * bColumn, kb, nb);
          for (int i = 0; i < m; i++) {
            row(cAt + i * ldC + j, aAt + i * aRow + p * aColumn, kb, nb);
          }
        }
      }
    }

    void clear(int cAt) {
      for (int i = 0; i < m; i++) {
        Arrays.fill(c, cAt + i * ldC, cAt + i * ldC + n, 0);
      }
    }

    private void pack(int from, int kb, int nb) {
      for (int p = 0; p < kb; p++) {
        for (int j = 0; j < nb; j++) {
          pack[p * nb + j] = b[from + p * bRow + j * bColumn];
        }
      }
    }

    /** c[0..nb) += Σ_p a[p] pack[p, :]; four p at a time read and write c a quarter as often. */
    private void row(int cAt, int aAt, int kb, int nb) {
      int p = 0;
      for (; p + 4 <= kb; p += 4) {
        double a0 = a[aAt + p * aColumn];
        double a1 = a[aAt + (p + 1) * aColumn];
        double a2 = a[aAt + (p + 2) * aColumn];
        double a3 = a[aAt + (p + 3) * aColumn];
        int b0 = p * nb;
        int b1 = b0 + nb;
        int b2 = b1 + nb;
        int b3 = b2 + nb;
        for (int j = 0; j < nb; j++) {
          c[cAt + j] +=
              a0 * pack[b0 + j] + a1 * pack[b1 + j] + a2 * pack[b2 + j] + a3 * pack[b3 + j];
        }
      }
      for (; p < kb; p++) {
        double a0 = a[aAt + p * aColumn];
        for (int j = 0; j < nb; j++) {
          c[cAt + j] += a0 * pack[p * nb + j];
        }
      }
    }
  }
}
