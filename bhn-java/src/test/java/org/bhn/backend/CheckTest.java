package org.bhn.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.bhn.backend.BackendsUnderTest.Subject;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Wrong calls are exceptions that name the argument, never a crash: valid calls of every op, taken
 * from its cases, are spoilt in one argument at a time.
 */
class CheckTest {
  private static final String SUBJECTS = "org.bhn.backend.BackendsUnderTest#all";
  private static final int WRONG_CALLS = 6000;

  /** A call as it reached the backend. */
  private record Call(Method method, Object[] args) {
    Call with(int i, Object value) {
      Object[] changed = args.clone();
      changed[i] = value;
      return new Call(method, changed);
    }

    void on(Backend backend) throws Throwable {
      try {
        method.invoke(backend, args);
      } catch (InvocationTargetException e) {
        throw e.getCause();
      }
    }

    @Override
    public String toString() {
      return method.getName() + Arrays.toString(args);
    }
  }

  /**
   * One argument made wrong.
   *
   * @param named whether the message must name that very argument
   * @param mayPass whether the call may also be a valid one
   */
  private record Wrong(Object value, String how, boolean named, boolean mayPass) {
    Wrong(Object value, String how, boolean named) {
      this(value, how, named, false);
    }
  }

  // ---- valid calls of every op ----

  private static List<Call> validCalls(Backend backend) {
    List<Call> calls = new ArrayList<>();
    Backend spy =
        (Backend)
            Proxy.newProxyInstance(
                Backend.class.getClassLoader(),
                new Class<?>[] {Backend.class},
                (proxy, method, args) -> {
                  if (Signature.of(method) != null) {
                    calls.add(new Call(method, args));
                  }
                  return method.invoke(backend, args);
                });
    for (OpCase op : OpCases.all()) {
      OpCase.Size size = someSize(op);
      OpCall call = new OpCall(backend, op, size, false);
      call.load(OpData.random(op, size, 1));
      op.forward().run(spy, call);
      if (op.backward() != null) {
        op.backward().run(spy, call);
      }
    }
    return calls;
  }

  /** A small one whose dimensions are neither 0 nor all 1. */
  private static OpCase.Size someSize(OpCase op) {
    return op.sizes().stream()
        .filter(s -> !s.large() && Arrays.stream(s.n()).allMatch(n -> n > 1))
        .findFirst()
        .orElse(op.sizes().getFirst());
  }

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void everyOpIsCalled(Subject subject) {
    try (Backend backend = subject.open()) {
      Set<String> called = new HashSet<>();
      validCalls(backend).forEach(c -> called.add(c.method().getName()));
      for (Method method : Backend.class.getMethods()) {
        if (Signature.of(method) != null) {
          assertTrue(called.contains(method.getName()), method.getName());
        }
      }
      assertEquals(57, called.size());
    }
  }

  // ---- wrong calls ----

  @ParameterizedTest
  @MethodSource(SUBJECTS)
  void wrongArgumentsAreNamedAndNothingIsTouched(Subject subject) throws Throwable {
    SplittableRandom random = new SplittableRandom(1);
    try (Backend backend = subject.open();
        Backend foreign = subject.open()) {
      List<Call> calls = validCalls(backend);
      int done = 0;
      while (done < WRONG_CALLS) {
        Call call = calls.get(random.nextInt(calls.size()));
        int i = random.nextInt(call.args().length);
        List<Wrong> ways = ways(backend, foreign, call, i);
        if (!ways.isEmpty()) {
          refuse(backend, call, i, ways.get(random.nextInt(ways.size())));
          done++;
        }
      }
      for (Call call : calls) {
        call.on(backend);
      }
    }
  }

  private static void refuse(Backend backend, Call call, int i, Wrong wrong) throws Throwable {
    Signature signature = Signature.of(call.method());
    Call bad = call.with(i, wrong.value());
    String where = bad + " with " + signature.name(i) + " " + wrong.how();
    double[][] before = contents(backend, call);
    Throwable e;
    try {
      bad.on(backend);
      backend.sync();
      assertTrue(wrong.mayPass(), where + " was accepted");
      return;
    } catch (IllegalArgumentException | IllegalStateException expected) {
      e = expected;
    }
    String message = String.valueOf(e.getMessage());
    Set<String> words = new HashSet<>(Arrays.asList(message.split("[^A-Za-z0-9]+")));
    boolean names =
        wrong.named()
            ? words.contains(signature.name(i))
            : signature.names().stream().anyMatch(words::contains);
    assertTrue(names, () -> where + " said: " + message);
    // What only turns out when the op runs may be told by the native op of nearly that name.
    boolean starts = message.startsWith(call.method().getName() + ": ");
    assertTrue(starts || wrong.mayPass(), () -> where + " said: " + message);
    if (wrong.mayPass() && backend.isAsynchronous()) {
      return; // the device came upon it while it wrote the rest
    }
    double[][] after = contents(backend, call);
    for (int k = 0; k < before.length; k++) {
      assertTrue(Arrays.equals(before[k], after[k]), () -> where + " wrote");
    }
  }

  private static double[][] contents(Backend backend, Call call) {
    return Stream.of(call.args())
        .filter(a -> a instanceof Tensor t && t.dtype() == DType.REAL)
        .map(a -> new TestTensors(backend).read((Tensor) a))
        .toArray(double[][]::new);
  }

  private static List<Wrong> ways(Backend backend, Backend foreign, Call call, int i) {
    Signature signature = Signature.of(call.method());
    Class<?> type = call.method().getParameterTypes()[i];
    List<Wrong> ways = new ArrayList<>();
    if (!type.isPrimitive() && !signature.isNullable(i)) {
      ways.add(new Wrong(null, "null", true));
    }
    if (type == Tensor.class && call.args()[i] != null) {
      tensors(backend, foreign, (Tensor) call.args()[i], signature.isStrided(i), ways);
      shapes(backend, (Tensor) call.args()[i], signature.isAnyShape(i), ways);
    } else if (type == double.class) {
      for (double x : new double[] {Double.NaN, 1.0 / 0, -1.0 / 0, 1e300, -1e39}) {
        ways.add(new Wrong(x, "not finite", true));
      }
      if (signature.name(i).equals("delta")) {
        ways.add(new Wrong(1e-40, "not a normal number", true));
      }
    } else if (type == long.class && !signature.isAnyNumber(i)) {
      for (long x : new long[] {-1, Long.MIN_VALUE, Long.MAX_VALUE, 1L << 34, 1L << 60}) {
        ways.add(new Wrong(x, "out of range", true));
      }
    } else if (type == int.class) {
      for (int x : new int[] {0, -1, Integer.MIN_VALUE, Integer.MAX_VALUE, 1 << 20}) {
        ways.add(new Wrong(x, "out of range", true));
      }
    } else if (type == Conditioner.class) {
      conditioners(backend, (Conditioner) call.args()[i], ways);
    } else if (type == List.class) {
      flowSteps(backend, foreign, (List<?>) call.args()[i], ways);
    } else if (type == AdamState.class) {
      states(backend, foreign, (AdamState) call.args()[i], ways);
    }
    return ways;
  }

  private static void tensors(
      Backend backend, Backend foreign, Tensor t, boolean strided, List<Wrong> ways) {
    int[] shape = t.shape();
    for (DType other : DType.values()) {
      if (other != t.dtype()) {
        ways.add(new Wrong(backend.allocate(other, shape), "of type " + other, true));
      }
    }
    ways.add(new Wrong(foreign.allocate(t.dtype(), shape), "of another backend", true));
    Tensor stale = backend.allocate(t.dtype(), shape);
    backend.release(stale);
    ways.add(new Wrong(stale, "released", true));
    Tensor past = backend.pool().take(t.dtype(), shape);
    backend.pool().reset();
    ways.add(new Wrong(past, "of an ended step", true));
    if (!strided && t.rank() > 1) {
      int[] wide = shape.clone();
      wide[wide.length - 1] += 2;
      Tensor view = backend.allocate(t.dtype(), wide).columns(1, 1 + t.columns());
      ways.add(new Wrong(view, "with gaps", true));
    }
  }

  private static void shapes(Backend backend, Tensor t, boolean mayPass, List<Wrong> ways) {
    for (int d = 0; d < t.rank(); d++) {
      for (int by : new int[] {-1, 1}) {
        int[] shape = t.shape();
        shape[d] += by;
        Tensor other = backend.allocate(t.dtype(), shape);
        ways.add(new Wrong(other, "one off in a dimension", false, mayPass));
      }
    }
  }

  @Test
  void moreParametersThanAnArrayHoldsAreRefused() {
    int huge = Integer.MAX_VALUE;
    for (int[] n : new int[][] {{huge, huge, huge}, {1 << 16, 1 << 15, 1}, {1, 1 << 15, 1 << 15}}) {
      String message =
          assertThrows(
                  IllegalArgumentException.class, () -> Conditioner.dense(n[0], n[1], n[2], true))
              .getMessage();
      assertTrue(message.contains("inputs = " + n[0]), message);
    }
  }

  @Test
  void anAdamStateWithoutAListIsRefused() {
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () -> new AdamState(List.of(), null, List.of(), List.of(), null, null, null))
            .getMessage();
    assertTrue(message.contains("gradients = null"), message);
  }

  private static void conditioners(Backend backend, Conditioner net, List<Wrong> ways) {
    int i = net.inputs();
    int h = net.hidden();
    int o = net.outputs();
    int weights = net.weights();
    Tensor start = net.rowStart();
    boolean norm = net.weightNorm();
    if (start == null) {
      ways.add(new Wrong(Conditioner.dense(i + 1, h, o, norm), "wider", false));
      ways.add(new Wrong(Conditioner.dense(i, h + 1, o, norm), "wider", false));
      ways.add(new Wrong(Conditioner.dense(i, h, o + 1, norm), "wider", false));
      ways.add(new Wrong(Conditioner.dense(1 << 15, 1 << 15, 1, norm), "huge", false));
      return;
    }
    ways.add(new Wrong(new Conditioner(i + 1, h, o, weights, start, norm), "wider", false));
    ways.add(new Wrong(new Conditioner(i, h + 1, o, weights, start, norm), "wider", false));
    ways.add(new Wrong(new Conditioner(i, h, o + 1, weights, start, norm), "wider", false));
    Tensor reals = backend.allocate(DType.REAL, net.rows() + 1);
    Tensor few = backend.allocate(DType.INT32, net.rows());
    ways.add(new Wrong(new Conditioner(i, h, o, weights, reals, norm), "real starts", true));
    ways.add(new Wrong(new Conditioner(i, h, o, weights, few, norm), "few starts", true));
  }

  private static void flowSteps(Backend backend, Backend foreign, List<?> steps, List<Wrong> ways) {
    FlowStep s = (FlowStep) steps.getLast();
    ways.add(new Wrong(List.of(), "empty", true));
    ways.add(new Wrong(Arrays.asList((Object) null), "of null", true));
    Conditioner net = s.net();
    Tensor x = s.x();
    Tensor theirs = foreign.allocate(DType.REAL, x.shape());
    Tensor narrow = backend.allocate(DType.REAL, x.rows(), x.columns() - 1);
    Tensor reals = backend.allocate(DType.REAL, x.columns());
    Tensor few = backend.allocate(DType.REAL, s.params().size() - 1);
    Conditioner wide = Conditioner.dense(x.columns() + 1, net.hidden(), 1, true);
    List<FlowStep> wrong =
        List.of(
            step(s, net, -1, 0, null, s.params(), x),
            step(s, net, 0, x.columns(), null, s.params(), x),
            step(s, wide, 0, 0, null, s.params(), x),
            step(s, null, 0, 0, null, s.params(), x),
            step(s, net, s.seen(), s.moved(), reals, s.params(), x),
            step(s, net, s.seen(), s.moved(), null, few, x),
            step(s, net, s.seen(), s.moved(), null, null, x),
            step(s, net, s.seen(), s.moved(), null, s.params(), theirs),
            step(s, net, s.seen(), s.moved(), null, s.params(), narrow));
    for (FlowStep bad : wrong) {
      ways.add(new Wrong(List.of(s, bad), "with a wrong " + bad, true));
    }
  }

  private static FlowStep step(
      FlowStep s, Conditioner net, int seen, int moved, Tensor order, Tensor params, Tensor x) {
    return new FlowStep(
        net,
        seen,
        moved,
        order,
        params,
        x,
        s.heads(),
        s.hidden(),
        s.products(),
        s.r(),
        s.factors());
  }

  private static void states(Backend backend, Backend foreign, AdamState s, List<Wrong> ways) {
    int n = s.values().getFirst().size();
    List<Tensor> theirs = List.of(foreign.allocate(DType.REAL, n), s.values().getLast());
    List<Tensor> ints = List.of(backend.allocate(DType.INT32, n), s.values().getLast());
    for (List<Tensor> bad : List.of(theirs, ints)) {
      ways.add(state(bad, s.gradients(), s.firstMoments(), s.secondMoments(), s));
      ways.add(state(s.values(), bad, s.firstMoments(), s.secondMoments(), s));
      ways.add(state(s.values(), s.gradients(), bad, s.secondMoments(), s));
      ways.add(state(s.values(), s.gradients(), s.firstMoments(), bad, s));
    }
    for (Tensor step : new Tensor[] {null, s.hyper(), backend.allocate(DType.INT64, 2)}) {
      ways.add(
          new Wrong(
              new AdamState(
                  s.values(),
                  s.gradients(),
                  s.firstMoments(),
                  s.secondMoments(),
                  step,
                  s.hyper(),
                  s.report()),
              "with a wrong step",
              false));
    }
  }

  private static Wrong state(
      List<Tensor> values, List<Tensor> g, List<Tensor> m, List<Tensor> v, AdamState s) {
    AdamState bad = new AdamState(values, g, m, v, s.step(), s.hyper(), s.report());
    return new Wrong(bad, "with a foreign or integer tensor", false);
  }
}
