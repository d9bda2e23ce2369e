package org.bhn.flow;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.bhn.backend.Backend;
import org.bhn.backend.JavaBackend;
import org.bhn.tape.FlowOps;
import org.bhn.tape.Param;
import org.bhn.tape.Tape;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What every flow must satisfy, far from the identity and in double precision. */
class FlowLawsTest {
  private static final int DIM = 7;

  private Backend backend;

  @BeforeEach
  void open() {
    backend = JavaBackend.open();
  }

  @AfterEach
  void close() {
    backend.close();
  }

  static Stream<FlowSpec> flows() {
    return Stream.of(
        Flows.affine(),
        Flows.coupling(1),
        Flows.coupling(4),
        Flows.coupling(4).shuffle(true),
        Flows.coupling(3).weightNorm(false),
        Flows.iaf(1),
        Flows.iaf(3),
        Flows.iaf(2).weightNorm(false));
  }

  /** A flow whose parameters are far from their initial values. */
  private FlowStack wild(FlowSpec spec, int dim) {
    FlowStack flow = spec.hidden(11).build(backend, "flow", dim, 0.7, 5);
    SplittableRandom random = new SplittableRandom(99);
    for (Param param : flow.params()) {
      double[] values = param.get();
      for (int i = 0; i < values.length; i++) {
        values[i] += 0.25 * random.nextGaussian();
      }
      param.set(values);
    }
    return flow;
  }

  private double[][] forward(FlowStack flow, double[] eps, int samples) {
    Tape tape = Tape.inference(backend);
    Tensor in = backend.pool().take(samples, flow.dim());
    backend.upload(in, eps);
    FlowOps.State out = flow.forward(tape, new FlowOps.State(tape.constant(in), null));
    double[] z = new double[eps.length];
    double[] logDet = new double[samples];
    backend.download(out.z().value(), z);
    backend.download(out.logDet().value(), logDet);
    return new double[][] {z, logDet};
  }

  private static double[] noise(int n) {
    SplittableRandom random = new SplittableRandom(3);
    return random.doubles(n).map(u -> 3 * u - 1.5).toArray();
  }

  @ParameterizedTest
  @MethodSource("flows")
  void inverseUndoesForward(FlowSpec spec) {
    try (FlowStack flow = wild(spec, DIM)) {
      double[] eps = noise(3 * DIM);
      double[][] out = forward(flow, eps, 3);
      backend.pool().reset();
      Tensor y = backend.pool().take(3, DIM);
      Tensor logDet = backend.pool().take(3);
      backend.upload(y, out[0]);
      backend.fill(logDet, 0);
      double[] back = new double[eps.length];
      double[] sum = new double[3];
      backend.download(flow.inverse(backend, y, logDet), back);
      backend.download(logDet, sum);
      assertArrayEquals(eps, back, 1e-8);
      assertArrayEquals(out[1], sum, 1e-8);
    }
  }

  @ParameterizedTest
  @MethodSource("flows")
  void logDetIsThatOfTheDenseJacobian(FlowSpec spec) {
    try (FlowStack flow = wild(spec, DIM)) {
      double[] eps = noise(DIM);
      double h = 1e-6;
      double[][] jacobian = new double[DIM][DIM];
      for (int j = 0; j < DIM; j++) {
        double[] up = eps.clone();
        double[] down = eps.clone();
        up[j] += h;
        down[j] -= h;
        double[] a = forward(flow, up, 1)[0];
        double[] b = forward(flow, down, 1)[0];
        for (int i = 0; i < DIM; i++) {
          jacobian[i][j] = (a[i] - b[i]) / (2 * h);
        }
      }
      assertEquals(logAbsDet(jacobian), forward(flow, eps, 1)[1][0], 1e-6);
    }
  }

  @ParameterizedTest
  @MethodSource("flows")
  void startsNearTheIdentityAroundTheMeanItIsGiven(FlowSpec spec) {
    try (FlowStack flow = spec.build(backend, "flow", DIM, 0.5, 8)) {
      double[] target = noise(DIM);
      flow.setMean(backend, target);
      double[][] out = forward(flow, new double[DIM], 1);
      assertArrayEquals(target, out[0], 1e-9);
      assertEquals(DIM * Math.log(0.5), out[1][0], 0.1);
    }
  }

  @Test
  void samplesDoNotInfluenceEachOther() {
    try (FlowStack flow = wild(Flows.iaf(2), DIM)) {
      double[] eps = noise(5 * DIM);
      double[][] all = forward(flow, eps, 5);
      for (int s = 0; s < 5; s++) {
        double[] own = java.util.Arrays.copyOfRange(eps, s * DIM, (s + 1) * DIM);
        double[][] one = forward(flow, own, 1);
        assertArrayEquals(
            one[0], java.util.Arrays.copyOfRange(all[0], s * DIM, (s + 1) * DIM), 1e-12);
        assertEquals(one[1][0], all[1][s], 1e-12);
      }
    }
  }

  @Test
  void couplingsReachEveryDimensionOfOddWidth() {
    try (FlowStack flow = wild(Flows.coupling(2), 5)) {
      double[] eps = noise(5);
      double[] base = forward(flow, eps, 1)[0];
      AffineFlow first = (AffineFlow) flow.flows().get(0);
      double[] scale = first.scale();
      double[] shift = first.params().get(1).get();
      for (int d = 0; d < 5; d++) {
        assertTrue(Math.abs(base[d] - (eps[d] * scale[d] + shift[d])) > 1e-3, "dimension " + d);
      }
    }
  }

  @Test
  void constantsAreSavedWithEveryFlowThatNeedsThem() {
    try (FlowStack iaf = Flows.iaf(2).build(backend, "a", DIM, 0.1, 1);
        FlowStack shuffled = Flows.coupling(3).shuffle(true).build(backend, "b", DIM, 0.1, 1)) {
      assertEquals(2, iaf.constants().size());
      assertEquals(2, shuffled.constants().size());
      for (Tensor t : iaf.constants().values()) {
        assertEquals(DType.INT32, t.dtype());
      }
    }
  }

  private static double logAbsDet(double[][] a) {
    int n = a.length;
    double sum = 0;
    for (int k = 0; k < n; k++) {
      int pivot = k;
      for (int i = k; i < n; i++) {
        pivot = Math.abs(a[i][k]) > Math.abs(a[pivot][k]) ? i : pivot;
      }
      double[] swap = a[k];
      a[k] = a[pivot];
      a[pivot] = swap;
      sum += Math.log(Math.abs(a[k][k]));
      for (int i = k + 1; i < n; i++) {
        double f = a[i][k] / a[k][k];
        for (int j = k; j < n; j++) {
          a[i][j] -= f * a[k][j];
        }
      }
    }
    return sum;
  }
}
