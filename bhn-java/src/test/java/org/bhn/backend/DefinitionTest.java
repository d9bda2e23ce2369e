package org.bhn.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.bhn.backend.BackendsUnderTest.Subject;
import org.bhn.tensor.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Forwards that a gradient check cannot fault, because a wrong row or mask would be differentiated
 * as faithfully as the right one: here they are written out element by element.
 */
class DefinitionTest {
  private static final String SUBJECTS = "org.bhn.backend.BackendsUnderTest#all";

  private final SplittableRandom random = new SplittableRandom(1);

  private double[] normals(int n) {
    return OpCase.fill(n, () -> (float) random.nextGaussian());
  }

  private interface Element {
    double at(int i, int j);
  }

  private static double[] table(int rows, int columns, Element element) {
    double[] out = new double[rows * columns];
    Arrays.setAll(out, k -> element.at(k / columns, k % columns));
    return out;
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void products(Subject subject) {
    int m = 5;
    int n = 6;
    int k = 7;
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      double[] x = normals(m * k);
      double[] y = normals(k * n);
      double[] c = normals(m * n);
      for (int flags = 0; flags < 8; flags++) {
        boolean transA = (flags & 1) != 0;
        boolean transB = (flags & 2) != 0;
        int beta = flags >> 2;
        Tensor out = t.shaped(c, m, n);
        Tensor a = transA ? t.shaped(x, k, m) : t.shaped(x, m, k);
        Tensor w = transB ? t.shaped(y, n, k) : t.shaped(y, k, n);
        b.matmul(out, a, w, transA, transB, beta);
        double[] expected =
            table(
                m,
                n,
                (i, j) -> {
                  double sum = beta * c[i * n + j];
                  for (int p = 0; p < k; p++) {
                    sum += x[transA ? p * m + i : i * k + p] * y[transB ? j * k + p : p * n + j];
                  }
                  return sum;
                });
        assertArrayEquals(expected, t.read(out), 64 * subject.eps(), "flags " + flags);
      }
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void productsBySample(Subject subject) {
    int s = 3;
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      double[] x = normals(s * 4 * 5);
      double[] y = normals(s * 5 * 2);
      double[] c = normals(s * 4 * 2);
      // Bits say which of a, b, c is one matrix for all samples; not all three at once.
      for (int shared = 0; shared < 7; shared++) {
        int stepX = (shared & 1) != 0 ? 0 : 20;
        int stepY = (shared & 2) != 0 ? 0 : 10;
        boolean sum = (shared & 4) != 0;
        for (int beta = 0; beta < 2; beta++) {
          Tensor out = sum ? t.shaped(Arrays.copyOf(c, 8), 4, 2) : t.shaped(c, s, 4, 2);
          Tensor a = stepX == 0 ? t.shaped(Arrays.copyOf(x, 20), 4, 5) : t.shaped(x, s, 4, 5);
          Tensor w = stepY == 0 ? t.shaped(Arrays.copyOf(y, 10), 5, 2) : t.shaped(y, s, 5, 2);
          b.matmulBatched(out, a, w, false, false, beta);
          double[] expected = new double[sum ? 8 : 24];
          for (int e = 0; e < expected.length; e++) {
            expected[e] = beta * c[e];
          }
          for (int e = 0; e < 24 * 5; e++) {
            int q = e / 40;
            int i = e / 10 % 4;
            int j = e / 5 % 2;
            int p = e % 5;
            expected[(sum ? 0 : q * 8) + i * 2 + j] +=
                x[q * stepX + i * 5 + p] * y[q * stepY + p * 2 + j];
          }
          assertArrayEquals(expected, t.read(out), 128 * subject.eps(), "shared " + shared);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void gains(Subject subject) {
    int s = 3;
    int batch = 2;
    int out = 5;
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      double[] x = normals(s * batch * out);
      double[] g = normals(s * batch * out);
      double[] r = normals(out);
      double[] bias = normals(s * out);
      for (int flags = 0; flags < 64; flags++) {
        boolean shared = (flags & 1) != 0;
        boolean perExample = (flags & 2) != 0;
        boolean perSample = (flags & 4) != 0;
        boolean hasG = (flags & 8) != 0;
        boolean hasR = (flags & 16) != 0;
        boolean hasBias = (flags & 32) != 0;
        int rowsT = shared ? batch : s * batch;
        int rowsG = perExample ? s * batch : s;
        Tensor y = t.zeros(s * batch, out);
        b.gain(
            y,
            t.shaped(Arrays.copyOf(x, rowsT * out), rowsT, out),
            hasG ? t.shaped(Arrays.copyOf(g, rowsG * out), rowsG, out) : null,
            hasR ? t.real(r) : null,
            !hasBias ? null : perSample ? t.shaped(bias, s, out) : t.real(Arrays.copyOf(bias, out)),
            s,
            Activation.IDENTITY);
        double[] expected =
            table(
                s * batch,
                out,
                (row, j) -> {
                  double value = x[(shared ? row % batch : row) * out + j];
                  value *= hasG ? g[(perExample ? row : row / batch) * out + j] : 1;
                  value *= hasR ? r[j] : 1;
                  return value + (hasBias ? bias[(perSample ? row / batch : 0) * out + j] : 0);
                });
        assertArrayEquals(expected, t.read(y), 64 * subject.eps(), "flags " + flags);
      }
    }
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void gaussians(Subject subject) {
    int s = 3;
    int batch = 4;
    int o = 2;
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      double[] mean = normals(s * batch * o);
      double[] logVar = normals(s * batch * o);
      double[] target = normals(batch * o);
      for (LogVariance mode : LogVariance.values()) {
        int rows = new int[] {1, s, s * batch}[mode.ordinal()];
        double[] used = Arrays.copyOf(logVar, rows * o);
        Tensor logLik = t.zeros(s * batch);
        b.gaussian(
            logLik,
            t.shaped(mean, s * batch, o),
            rows == 1 ? t.real(used) : t.shaped(used, rows, o),
            t.shaped(target, batch, o),
            s,
            mode);
        double[] expected =
            table(
                s * batch,
                1,
                (row, unused) -> {
                  int v = rows == 1 ? 0 : rows == s ? row / batch : row;
                  double sum = 0;
                  for (int i = 0; i < o; i++) {
                    double variance = Math.exp(logVar[v * o + i]);
                    double error = target[row % batch * o + i] - mean[row * o + i];
                    sum += Math.log(Math.exp(-error * error / (2 * variance)));
                    sum -= 0.5 * Math.log(2 * Math.PI * variance);
                  }
                  return sum;
                });
        assertArrayEquals(expected, t.read(logLik), 256 * subject.eps(), mode.toString());
      }
    }
  }

  /** Degrees with ties, so that every ≤ of the mask matters. */
  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void conditioners(Subject subject) {
    int in = 5;
    int h = 6;
    int o = 4;
    int[] sees = {0, 1, 1, 3, 4, 5, 0, 2, 5, 6, 1, 1, 4, 6};
    int[] start = new int[sees.length + 1];
    for (int i = 0; i < sees.length; i++) {
      start[i + 1] = start[i] + sees[i];
    }
    try (Backend b = subject.open()) {
      TestTensors t = new TestTensors(b);
      for (int flags = 0; flags < 4; flags++) {
        boolean ragged = (flags & 1) != 0;
        boolean norm = (flags & 2) != 0;
        Conditioner net =
            ragged
                ? new Conditioner(in, h, o, start[sees.length], t.ints(start), norm)
                : Conditioner.dense(in, h, o, norm);
        double[] params = normals(net.parameterCount());
        double[] z = normals(2 * in);
        Tensor heads = t.zeros(2, 2 * o);
        b.made(
            heads,
            t.zeros(2, h),
            t.zeros(2, net.rows()),
            t.zeros(net.rows()),
            t.shaped(z, 2, in),
            t.real(params),
            net);
        double[] u1 =
            table(
                h,
                in,
                (j, i) -> ragged ? i < sees[j] ? params[start[j] + i] : 0 : params[j * in + i]);
        double[] u2 =
            table(
                2 * o,
                h,
                (j, i) ->
                    ragged
                        ? i < sees[h + j] ? params[start[h + j] + i] : 0
                        : params[h * in + j * h + i]);
        double[] hidden = layer(z, u1, params, net.gains(), net.biases(), in, h, norm);
        Arrays.setAll(hidden, i -> Math.max(0, hidden[i]));
        double[] expected =
            layer(hidden, u2, params, net.gains() + h, net.biases() + h, h, 2 * o, norm);
        assertArrayEquals(expected, t.read(heads), 256 * subject.eps(), "flags " + flags);
      }
    }
  }

  private static double[] layer(
      double[] x, double[] u, double[] params, int g, int bias, int in, int out, boolean norm) {
    return table(
        x.length / in,
        out,
        (s, j) -> {
          double dot = 0;
          double squares = 0;
          for (int i = 0; i < in; i++) {
            dot += x[s * in + i] * u[j * in + i];
            squares += u[j * in + i] * u[j * in + i];
          }
          if (norm) {
            dot = squares == 0 ? 0 : dot / Math.sqrt(squares) * params[g + j];
          }
          return dot + params[bias + j];
        });
  }
}
