package org.bhn.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.bhn.backend.BackendsUnderTest.Subject;
import org.bhn.tensor.DType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** What every op must do on every backend, driven by the declarations of {@link OpCases}. */
class OpTest {
  private static final Map<Subject, Backend> OPEN = new HashMap<>();

  /** Largest error over tolerance factor seen for each op, to keep tolerances honest. */
  private static final Map<String, Double> WORST = new TreeMap<>();

  private static Backend reference;

  @BeforeAll
  static void open() {
    BackendsUnderTest.all().forEach(s -> OPEN.put(s, s.open()));
    reference = OPEN.get(BackendsUnderTest.REFERENCE);
  }

  @AfterAll
  static void close() {
    OPEN.values().forEach(Backend::close);
    OPEN.clear();
    if (Boolean.getBoolean("bhn.test.errors")) {
      WORST.forEach((op, c) -> System.out.printf("%-60s %8.3f%n", op, c));
    }
  }

  // ---- the factory: backends × ops × sizes ----

  private static Stream<DynamicNode> each(List<Subject> subjects, boolean withLarge, Law law) {
    return subjects.stream()
        .map(
            subject ->
                DynamicContainer.dynamicContainer(
                    subject.name(),
                    OpCases.all().stream()
                        .filter(op -> !LEFT_OUT.matcher(op.name()).matches())
                        .map(op -> node(subject, op, withLarge, law))));
  }

  private interface Law {
    void run(Subject subject, OpCase op, OpCase.Size size);
  }

  /** {@code -Dbhn.test.large=false} leaves the sizes of a real step out: emulation is slow. */
  private static final boolean LARGE =
      Boolean.parseBoolean(System.getProperty("bhn.test.large", "true"));

  /** {@code -Dbhn.test.ops.not=REGEX} leaves ops out: one that loses the device ends all tests. */
  private static final Pattern LEFT_OUT =
      Pattern.compile(System.getProperty("bhn.test.ops.not", "(?!)"));

  private static DynamicNode node(Subject subject, OpCase op, boolean withLarge, Law law) {
    return DynamicContainer.dynamicContainer(
        op.name(),
        op.sizes().stream()
            .filter(size -> (withLarge && LARGE) || !size.large())
            .map(size -> DynamicTest.dynamicTest(op.at(size), () -> law.run(subject, op, size))));
  }

  // ---- the reference's gradients against finite differences ----

  @TestFactory
  Stream<DynamicNode> gradients() {
    return each(
        List.of(BackendsUnderTest.REFERENCE),
        true,
        (subject, op, size) -> {
          if (op.backward() != null) {
            FiniteDifferences.check(reference, op, size);
          }
        });
  }

  // ---- twins against the reference ----

  @TestFactory
  Stream<DynamicNode> parity() {
    if (BackendsUnderTest.twins().isEmpty()) {
      return Stream.of(
          DynamicTest.dynamicTest(
              "no backend to compare with the reference",
              () -> abort(BackendsUnderTest.missing())));
    }
    return each(
        BackendsUnderTest.twins(),
        true,
        (subject, op, size) -> {
          OpData data = OpData.random(op, size, 1);
          OpCall.Result terms = Sensitivity.of(reference, op, size, data);
          OpCall.Result expected = run(reference, op, size, data, false);
          for (boolean padded :
              size.large() ? new boolean[] {false} : new boolean[] {false, true}) {
            OpCall.Result actual = run(OPEN.get(subject), op, size, data, padded);
            compare(subject, op, size, actual, expected, terms);
          }
        });
  }

  private static void compare(
      Subject subject,
      OpCase op,
      OpCase.Size size,
      OpCall.Result actual,
      OpCall.Result expected,
      OpCall.Result terms) {
    for (OpCase.Arg arg : op.args()) {
      String name = arg.name();
      if (expected.values().containsKey(name)) {
        near(
            subject,
            op,
            name,
            arg.dtype() == DType.REAL ? op.tolerance() : 0,
            arg.slack(size),
            actual.values().get(name),
            expected.values().get(name),
            terms.values().get(name));
      }
      if (expected.gradients().containsKey(name)) {
        near(
            subject,
            op,
            "gradient of " + name,
            op.tolerance(),
            arg.gradientSlack(size),
            actual.gradients().get(name),
            expected.gradients().get(name),
            terms.gradients().get(name));
      }
    }
  }

  private static void near(
      Subject subject,
      OpCase op,
      String name,
      double factor,
      double slack,
      double[] actual,
      double[] expected,
      double[] terms) {
    assertEquals(expected.length, actual.length, name);
    for (int i = 0; i < expected.length; i++) {
      double error = Math.abs(actual[i] - expected[i]);
      double unit = subject.eps() * (Math.abs(expected[i]) + terms[i] + slack);
      boolean same = Double.compare(actual[i], expected[i]) == 0 || error == 0;
      if (!same && error > 0 && unit > 0) {
        WORST.merge(op.name() + " " + name, error / unit, Math::max);
      }
      if (!same && !(error <= factor * unit)) {
        throw new AssertionError(
            name
                + "["
                + i
                + "] = "
                + actual[i]
                + " but the reference is "
                + expected[i]
                + ": off by "
                + error / unit
                + " units of eps (|ref| + Σ|terms| + slack) = "
                + unit
                + ", allowed "
                + factor);
      }
    }
  }

  private static OpCall.Result run(
      Backend backend, OpCase op, OpCase.Size size, OpData data, boolean padded) {
    try (OpCall call = new OpCall(backend, op, size, padded)) {
      return call.run(data);
    }
  }

  // ---- backward adds ----

  @TestFactory
  Stream<DynamicNode> backwardAdds() {
    return each(
        BackendsUnderTest.all(),
        false,
        (subject, op, size) -> {
          OpData data = OpData.random(op, size, 2);
          Backend backend = OPEN.get(subject);
          Map<String, double[]> alone = run(backend, op, size, data.fromZero(), true).gradients();
          Map<String, double[]> added = run(backend, op, size, data, true).gradients();
          alone.forEach(
              (name, gradient) -> {
                double largest = 0;
                for (double g : gradient) {
                  largest = Math.max(largest, Math.abs(g));
                }
                double[] before = data.prefill().get(name);
                for (int i = 0; i < gradient.length; i++) {
                  double sum = before[i] + gradient[i];
                  double allowed = 64 * subject.eps() * (Math.abs(before[i]) + largest);
                  assertEquals(
                      sum, added.get(name)[i], allowed, "gradient of " + name + " at " + i);
                }
              });
        });
  }

  // ---- unwanted gradients are skipped, absent ones are zero ----

  @TestFactory
  Stream<DynamicNode> nullGradients() {
    return each(
        BackendsUnderTest.all(),
        false,
        (subject, op, size) -> {
          OpData data = OpData.random(op, size, 3);
          Backend backend = OPEN.get(subject);
          Map<String, double[]> all = run(backend, op, size, data, true).gradients();
          skipping(backend, op, size, data, new HashSet<>(all.keySet()));
          for (String wanted : all.keySet()) {
            Set<String> others = new HashSet<>(all.keySet());
            others.remove(wanted);
            double[] alone = skipping(backend, op, size, data, others).get(wanted);
            close(subject, wanted + " alone", all.get(wanted), alone);
          }
          if (op.hasOptionalCotangents()) {
            for (String absent : data.cotangents().keySet()) {
              absentIsZero(subject, backend, op, size, data, absent);
            }
          }
        });
  }

  private static Map<String, double[]> skipping(
      Backend backend, OpCase op, OpCase.Size size, OpData data, Set<String> names) {
    try (OpCall call = new OpCall(backend, op, size, true)) {
      call.skip(names);
      OpCall.Result result = call.run(data);
      call.assertUntouched(data, names);
      return result.gradients();
    }
  }

  private static void absentIsZero(
      Subject subject, Backend backend, OpCase op, OpCase.Size size, OpData data, String absent) {
    Map<String, double[]> zeroed = new HashMap<>(data.cotangents());
    zeroed.computeIfPresent(absent, (name, values) -> new double[values.length]);
    OpData zero = new OpData(data.inputs(), zeroed, data.prefill());
    Map<String, double[]> expected = run(backend, op, size, zero, true).gradients();
    Map<String, double[]> actual = skipping(backend, op, size, data, Set.of(absent));
    expected.forEach(
        (name, values) -> close(subject, name + " without " + absent, values, actual.get(name)));
  }

  private static void close(Subject subject, String name, double[] expected, double[] actual) {
    double largest = 0;
    for (double x : expected) {
      largest = Math.max(largest, Math.abs(x));
    }
    assertArrayEquals(expected, actual, 64 * subject.eps() * largest, "gradient of " + name);
  }

  // ---- the same bits again, nothing else written, and the same from a recording ----

  @TestFactory
  Stream<DynamicNode> repeatable() {
    return each(
        BackendsUnderTest.all(),
        true,
        (subject, op, size) -> {
          OpData data = OpData.random(op, size, 4);
          OpCall.Result first = run(OPEN.get(subject), op, size, data, false);
          OpCall.Result second = run(OPEN.get(subject), op, size, data, false);
          assertSameBits(first, second);
        });
  }

  @TestFactory
  Stream<DynamicNode> guards() {
    return each(
        BackendsUnderTest.all(),
        false,
        (subject, op, size) -> {
          OpData data = OpData.random(op, size, 5);
          try (OpCall call = new OpCall(OPEN.get(subject), op, size, true)) {
            call.run(data);
            call.assertUntouched(data, Set.of());
          }
        });
  }

  @TestFactory
  Stream<DynamicNode> replay() {
    return each(
        BackendsUnderTest.all(),
        false,
        (subject, op, size) -> {
          Backend backend = OPEN.get(subject);
          OpData other = OpData.random(op, size, 7);
          OpCall.Result expected = run(backend, op, size, other, true);
          try (OpCall call = new OpCall(backend, op, size, true)) {
            call.load(OpData.random(op, size, 6));
            CallList calls = backend.record();
            try {
              call.run();
            } finally {
              backend.stopRecording();
            }
            call.load(other);
            calls.run();
            assertSameBits(expected, call.result());
          }
        });
  }

  private static void assertSameBits(OpCall.Result a, OpCall.Result b) {
    BiConsumer<Map<String, double[]>, Map<String, double[]>> same =
        (x, y) -> x.forEach((name, values) -> assertArrayEquals(values, y.get(name), name));
    same.accept(a.values(), b.values());
    same.accept(a.gradients(), b.gradients());
  }

  // ---- the table itself ----

  @TestFactory
  Stream<DynamicNode> everyOpHasACase() {
    List<String> named = new ArrayList<>();
    OpCases.all().forEach(op -> named.add(op.name().replaceAll("/.*", "")));
    return Stream.of(Backend.class.getMethods())
        .filter(m -> m.getReturnType() == void.class)
        .map(m -> m.getName())
        .distinct()
        .filter(m -> !Set.of("release", "upload", "download", "sync", "close").contains(m))
        .filter(m -> !m.equals("stopRecording"))
        // The second half of a conditioner's backward: the made cases run it after the first.
        .filter(m -> !m.equals("madeGradient"))
        .map(m -> m.replace("Backward", ""))
        .distinct()
        .map(m -> DynamicTest.dynamicTest(m, () -> assertTrue(named.contains(m), m)));
  }
}
