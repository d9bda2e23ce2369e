package org.bhn.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import org.bhn.backend.BackendsUnderTest.Subject;
import org.bhn.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Laws of the flows: who may see whom, volume, invertibility. */
class FlowLawTest {
  private static final String SUBJECTS = "org.bhn.backend.BackendsUnderTest#all";
  private static final double DELTA = 0x1p-10;

  /** One IAF step's conditioner, with random parameters. */
  private static final class Iaf {
    final int dim;
    final Conditioner net;
    final Tensor params;
    final Tensor hidden;
    final Tensor products;
    final Tensor r;
    final Tensor heads;

    Iaf(Backend b, int samples, int dim, int width, boolean weightNorm, long seed) {
      TestTensors t = new TestTensors(b);
      SplittableRandom random = new SplittableRandom(seed);
      this.dim = dim;
      this.net = Conditioner.autoregressive(b, dim, width, weightNorm);
      this.params =
          t.real(OpCase.fill(net.parameterCount(), () -> (float) (0.5 * random.nextGaussian())));
      this.hidden = t.zeros(samples, width);
      this.products = t.zeros(samples, net.rows());
      this.r = t.zeros(net.rows());
      this.heads = t.zeros(samples, 2 * dim);
    }

    double[] heads(Backend b, TestTensors t, double[] z) {
      b.made(heads, hidden, products, r, t.shaped(z, heads.rows(), dim), params, net);
      return t.read(heads);
    }
  }

  private static double[] normals(int n, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    return OpCase.fill(n, () -> (float) random.nextGaussian());
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void outputsIgnoreInputsThatComeLaterExactly(Subject subject) {
    int d = 19;
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      for (boolean weightNorm : new boolean[] {false, true}) {
        Iaf iaf = new Iaf(b, 1, d, 24, weightNorm, 3);
        double[] z = normals(d, 4);
        double[] before = iaf.heads(b, t, z);
        int changed = 0;
        for (int i = 0; i < d; i++) {
          double[] moved = z.clone();
          moved[i] += 3;
          double[] after = iaf.heads(b, t, moved);
          for (int j = 0; j < 2 * d; j++) {
            if (i >= j % d) {
              assertEquals(before[j], after[j], "head " + j + " saw input " + i);
            } else if (before[j] != after[j]) {
              changed++;
            }
          }
        }
        assertTrue(changed > d, "only " + changed + " entries of the Jacobian are alive");
      }
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void theJacobianIsTriangularExactly(Subject subject) {
    int d = 13;
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      for (boolean weightNorm : new boolean[] {false, true}) {
        Iaf iaf = new Iaf(b, 1, d, 16, weightNorm, 5);
        Tensor z = t.shaped(normals(d, 6), 1, d);
        iaf.heads(b, t, normals(d, 6));
        Tensor factors = t.zeros(iaf.net.factorCount(1));
        for (int j = 0; j < 2 * d; j++) {
          double[] unit = new double[2 * d];
          unit[j] = 1;
          Tensor dZ = t.zeros(1, d);
          b.madeBackward(
              dZ,
              factors,
              t.shaped(unit, 1, 2 * d),
              z,
              iaf.hidden,
              iaf.products,
              iaf.r,
              iaf.params,
              iaf.net);
          double[] row = t.read(dZ);
          for (int i = 0; i < d; i++) {
            assertTrue(i < j % d || row[i] == 0, "d head " + j + " / d z " + i);
          }
        }
      }
    }
  }

  /** With at least as many hidden units as dimensions, output j can see every input before it. */
  @Test
  void autoregressiveNetsSeeAllThatComesBefore() {
    try (Backend b = JavaBackend.open()) {
      for (int dim : new int[] {2, 3, 7, 20}) {
        for (int hidden : new int[] {1, dim - 1, dim, 3 * dim + 1}) {
          Conditioner net = Conditioner.autoregressive(b, dim, hidden, true);
          int[] start = new int[net.rows() + 1];
          b.download(net.rowStart(), start);
          for (int j = 0; j < 2 * dim; j++) {
            int row = hidden + j;
            int units = start[row + 1] - start[row];
            int inputs = 0;
            for (int h = 0; h < units; h++) {
              inputs = Math.max(inputs, start[h + 1] - start[h]);
            }
            int before = j % dim;
            assertTrue(inputs <= before, "output " + before + " sees " + inputs + " inputs");
            assertTrue(hidden < dim - 1 || inputs == before, before + " sees only " + inputs);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void anOutputThatSeesNothingIsItsBias(Subject subject) {
    int d = 7;
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      Iaf iaf = new Iaf(b, 1, d, 4, true, 7);
      double[] heads = iaf.heads(b, t, normals(d, 8));
      double[] params = t.read(iaf.params);
      double[] r = t.read(iaf.r);
      for (int j = 0; j < 2 * d; j++) {
        if (j % d == 0) {
          assertEquals(0, r[4 + j]);
          assertEquals(params[iaf.net.biases() + 4 + j], heads[j]);
        }
      }
    }
  }

  @Test
  void logDetOfAnIafStepIsThatOfItsDenseJacobian() {
    int d = 9;
    try (Backend b = JavaBackend.open()) {
      TestTensors t = new TestTensors(b);
      Iaf iaf = new Iaf(b, 1, d, 12, true, 9);
      Tensor y = t.zeros(1, d);
      Tensor logDet = t.zeros(1);
      UnaryOperator<double[]> step =
          z -> {
            iaf.heads(b, t, z);
            b.coupling(y, logDet, t.shaped(z, 1, d), iaf.heads, null, DELTA);
            return t.read(y);
          };
      double[] z = normals(d, 10);
      double expected = Dense.logAbsDet(Dense.jacobian(step, z));
      step.apply(z);
      assertEquals(expected, b.item(logDet, 0), 1e-7);
    }
  }

  @Test
  void logDetOfACouplingAndOfTheLinearFlowIsThatOfTheirDenseJacobians() {
    int d = 6;
    try (Backend b = JavaBackend.open()) {
      TestTensors t = new TestTensors(b);
      Tensor heads = t.shaped(normals(2 * d, 11), 1, 2 * d);
      Tensor w = t.real(normals(d, 12));
      Tensor shift = t.real(normals(d, 13));
      Tensor y = t.zeros(1, d);
      Tensor logDet = t.zeros(1);
      Tensor before = t.real(0.25);
      double[] z = normals(d, 14);
      UnaryOperator<double[]> coupling =
          x -> {
            b.coupling(y, logDet, t.shaped(x, 1, d), heads, before, DELTA);
            return t.read(y);
          };
      double expected = 0.25 + Dense.logAbsDet(Dense.jacobian(coupling, z));
      assertEquals(expected, b.item(logDet, 0), 1e-8);
      UnaryOperator<double[]> affine =
          x -> {
            b.affine(y, logDet, t.shaped(x, 1, d), w, shift, before, DELTA);
            return t.read(y);
          };
      expected = 0.25 + Dense.logAbsDet(Dense.jacobian(affine, z));
      assertEquals(expected, b.item(logDet, 0), 1e-8);
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void inversesUndoTheirForwards(Subject subject) {
    int s = 3;
    int d = 33;
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      double[] zs = normals(s * d, 15);
      Tensor z = t.shaped(zs, s, d);
      Tensor heads = t.shaped(normals(2 * s * d, 16), s, 2 * d);
      Tensor w = t.real(normals(d, 17));
      Tensor shift = t.real(normals(d, 18));
      Tensor before = t.real(normals(s, 19));
      Tensor y = t.zeros(s, d);
      Tensor back = t.zeros(s, d);
      Tensor logDet = t.zeros(s);
      Tensor inverseLogDet = t.zeros(s);
      // z = (y − m)/s magnifies the rounding of y by 1/s, at most 1/delta and here below 50.
      double allowed = 50 * 16 * subject.eps();
      b.coupling(y, logDet, z, heads, before, DELTA);
      b.couplingInverse(back, inverseLogDet, y, heads, before, DELTA);
      assertArrayEquals(zs, t.read(back), allowed);
      assertArrayEquals(t.read(logDet), t.read(inverseLogDet), 64 * subject.eps());
      b.affine(y, logDet, z, w, shift, before, DELTA);
      b.affineInverse(back, inverseLogDet, y, w, shift, before, DELTA);
      assertArrayEquals(zs, t.read(back), allowed);
      assertArrayEquals(t.read(logDet), t.read(inverseLogDet), 64 * subject.eps());
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void permutingByTheInverseGivesBackTheSameBits(Subject subject) {
    int d = 21;
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      double[] p = FlowCases.permutation(new SplittableRandom(20), d);
      int[] there = Arrays.stream(p).mapToInt(x -> (int) x).toArray();
      int[] inverse = new int[d];
      for (int j = 0; j < d; j++) {
        inverse[there[j]] = j;
      }
      double[] x = normals(2 * d, 21);
      Tensor y = t.zeros(2, d);
      Tensor back = t.zeros(2, d);
      b.permute(y, t.shaped(x, 2, d), t.ints(there));
      assertEquals(x[there[5]], t.read(y)[5]);
      b.permute(back, y, t.ints(inverse));
      assertArrayEquals(x, t.read(back));
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void scalesNeverFallBelowDelta(Subject subject) {
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      Tensor y = t.zeros(1, 1);
      Tensor logDet = t.zeros(1);
      Tensor heads = t.shaped(new double[] {0.5, -200}, 1, 2);
      b.coupling(y, logDet, t.shaped(new double[] {2}, 1, 1), heads, null, DELTA);
      assertEquals(0.5 + 2 * DELTA, b.item(y, 0), 4 * subject.eps());
      assertEquals(Math.log(DELTA), b.item(logDet, 0), 8 * 4 * subject.eps());
    }
  }
}
