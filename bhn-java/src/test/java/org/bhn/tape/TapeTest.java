package org.bhn.tape;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.bhn.backend.Activation;
import org.bhn.backend.Backend;
import org.bhn.backend.Conditioner;
import org.bhn.backend.JavaBackend;
import org.bhn.backend.MadeGradient;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The chain rule through values that are used twice, viewed, or never reached. */
class TapeTest {
  private static final int ROWS = 4;
  private static final int COLUMNS = 6;

  private Backend backend;
  private Param p;
  private Param w;
  private Param unused;

  @BeforeEach
  void open() {
    backend = JavaBackend.open();
    SplittableRandom random = new SplittableRandom(3);
    p = new Param(backend, "p", ROWS, COLUMNS);
    w = new Param(backend, "w", COLUMNS, COLUMNS);
    unused = new Param(backend, "unused", 2);
    p.set(random.doubles(p.size(), -1, 1).toArray());
    w.set(random.doubles(w.size(), -1, 1).toArray());
  }

  @AfterEach
  void close() {
    backend.close();
  }

  private interface Graph {
    /** A matrix of ROWS rows; the loss is minus the mean of their sums. */
    Var of(Var p, Var w);
  }

  private double loss(Graph graph, boolean backward) {
    Tape tape = backward ? Tape.training(backend) : Tape.inference(backend);
    Var items = record(tape, graph);
    if (backward) {
      tape.backward(List.of(p, w, unused));
    }
    return backend.item(items.value(), 0);
  }

  private Tape recorded(Graph graph) {
    Tape tape = Tape.training(backend);
    record(tape, graph);
    return tape;
  }

  private Var record(Tape tape, Graph graph) {
    Var logLik = Ops.sumRows(graph.of(tape.param(p), tape.param(w))).view(0, 1, ROWS);
    Tensor zero = backend.pool().take(1);
    backend.fill(zero, 0);
    return BayesOps.elbo(logLik, tape.constant(zero), tape.constant(zero), zero);
  }

  private void check(Graph graph) {
    loss(graph, true);
    double[] gradientP = download(p.gradient());
    double[] gradientW = download(w.gradient());
    assertArrayEquals(differences(graph, p), gradientP, 1e-8);
    assertArrayEquals(differences(graph, w), gradientW, 1e-8);
    // A second run overwrites the first's gradients.
    loss(graph, true);
    assertArrayEquals(gradientP, download(p.gradient()));
    assertArrayEquals(new double[2], download(unused.gradient()));
  }

  private double[] differences(Graph graph, Param param) {
    double[] at = param.get();
    double[] out = new double[at.length];
    for (int i = 0; i < at.length; i++) {
      double h = 1e-5;
      double[] moved = at.clone();
      moved[i] = at[i] + h;
      param.set(moved);
      double high = loss(graph, false);
      moved[i] = at[i] - h;
      param.set(moved);
      out[i] = (high - loss(graph, false)) / (2 * h);
    }
    param.set(at);
    return out;
  }

  private double[] download(Tensor t) {
    double[] out = new double[t.size()];
    backend.download(t, out);
    return out;
  }

  @Test
  void aValueTimesItself() {
    check((p, w) -> TestOps.mul(p, p));
  }

  @Test
  void aValuePlusItself() {
    check((p, w) -> TestOps.mul(TestOps.add(p, p), p));
  }

  @Test
  void aParameterUsedByTwoProducts() {
    check((p, w) -> Ops.product(TestOps.activation(Ops.product(p, w), Activation.TANH), w));
  }

  @Test
  void overlappingViewsOfOneValue() {
    check(
        (p, w) -> {
          Var y = Ops.product(p, w);
          Var left = Ops.contiguous(y.columns(0, 4));
          Var right = Ops.contiguous(y.columns(2, 6));
          return TestOps.mul(left, right);
        });
  }

  @Test
  void viewsOfViewsAndRows() {
    check(
        (p, w) -> {
          Var y = TestOps.activation(Ops.product(p, w), Activation.GELU);
          Var part = y.rows(1, 3).columns(1, 5);
          Var again = Ops.contiguous(part).view(0, ROWS, 2);
          return TestOps.mul(again, again);
        });
  }

  @Test
  void aConditionersGradientStaysInFactorsUntilItIsAskedFor() {
    Conditioner net = Conditioner.autoregressive(backend, COLUMNS, 5, true);
    Param params = conditionerParams(net);
    Graph once = (p, w) -> TestOps.made(p, p.tape().param(params), net);
    Map<Integer, MadeGradient> factored = factored(once, params);
    assertEquals(Set.of(1), factored.keySet());
    double[] written = new double[params.size()];
    Tensor gradient = backend.allocate(DType.REAL, params.size());
    MadeGradient g = factored.get(1);
    backend.madeGradient(gradient, g.factors(), g.z(), g.hidden(), params.value(), net);
    backend.download(gradient, written);
    assertArrayEquals(differences(once, params), written, 1e-8);
    recorded(once).backward(List.of(p, params));
    assertArrayEquals(written, download(params.gradient()));
  }

  @Test
  void aConditionerUsedTwiceAddsBothGradients() {
    Conditioner net = Conditioner.autoregressive(backend, COLUMNS, 5, true);
    Param params = conditionerParams(net);
    Graph twice =
        (p, w) -> {
          Var c = p.tape().param(params);
          Var first = TestOps.made(p, c, net);
          return TestOps.made(Ops.contiguous(first.columns(0, COLUMNS)), c, net);
        };
    assertEquals(Map.of(), factored(twice, params));
    assertArrayEquals(differences(twice, params), download(params.gradient()), 1e-8);
  }

  private Param conditionerParams(Conditioner net) {
    Param params = new Param(backend, "conditioner", net.parameterCount());
    params.set(new SplittableRandom(4).doubles(params.size(), -1, 1).toArray());
    return params;
  }

  private Map<Integer, MadeGradient> factored(Graph graph, Param params) {
    return recorded(graph).backwardFactored(List.of(p, params));
  }

  @Test
  void anInferenceTapeCannotRunBackwards() {
    Tape tape = Tape.inference(backend);
    String message =
        assertThrows(IllegalStateException.class, () -> tape.backward(List.of())).getMessage();
    assertEquals("an inference tape cannot run backwards: use training()", message);
  }

  @Test
  void gradientsOfInputsAreThere() {
    Tape tape = Tape.training(backend);
    Tensor x = backend.allocate(DType.REAL, ROWS, COLUMNS);
    backend.upload(x, p.get());
    Var input = tape.input(x);
    Var logLik = Ops.sumRows(TestOps.mul(input, tape.constant(x))).view(0, 1, ROWS);
    Tensor zero = backend.pool().take(1);
    backend.fill(zero, 0);
    BayesOps.elbo(logLik, tape.constant(zero), tape.constant(zero), zero);
    tape.backward(List.of());
    double[] expected = p.get();
    for (int i = 0; i < expected.length; i++) {
      expected[i] /= -ROWS;
    }
    assertArrayEquals(expected, download(input.gradient()), 1e-12);
  }

  @Test
  void moreRowsThanATensorHoldsAreRefused() {
    Tape tape = Tape.inference(backend);
    Var t = tape.constant(backend.allocate(DType.REAL, 1, 1));
    for (int batch : new int[] {1 << 15, 1 << 16}) {
      String message =
          assertThrows(
                  IllegalArgumentException.class,
                  () -> Ops.gain(t, null, null, null, 1 << 16, batch, Activation.RELU))
              .getMessage();
      assertTrue(message.contains("samples = 65536 times batch = " + batch), message);
    }
  }
}
