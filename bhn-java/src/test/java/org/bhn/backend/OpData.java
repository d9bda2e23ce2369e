package org.bhn.backend;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.DoubleUnaryOperator;
import org.bhn.tensor.DType;

/**
 * Host values for one call of an op: its inputs, the incoming gradients of its outputs, and what
 * the gradients of its inputs hold beforehand. All are exact in f32, so that every backend starts
 * from the same numbers.
 */
public record OpData(
    Map<String, double[]> inputs, Map<String, double[]> cotangents, Map<String, double[]> prefill) {

  /** Random values; the same seed gives the same ones. */
  public static OpData random(OpCase op, OpCase.Size size, long seed) {
    SplittableRandom random =
        new SplittableRandom(
            seed * 1_000_003 + 31L * op.name().hashCode() + Arrays.hashCode(size.n()));
    Map<String, double[]> inputs = new LinkedHashMap<>();
    Map<String, double[]> cotangents = new LinkedHashMap<>();
    Map<String, double[]> prefill = new LinkedHashMap<>();
    for (OpCase.Arg arg : op.args()) {
      int n = arg.size(size.n());
      if (arg.values() != null) {
        inputs.put(arg.name(), arg.values().make(random, size.n(), n));
      }
      if (op.backward() != null && arg.role() == OpCase.Role.OUT) {
        int m = Arrays.stream(arg.cotangent(size)).reduce(1, (x, y) -> x * y);
        cotangents.put(arg.name(), OpCase.NORMAL.make(random, size.n(), m));
      }
      if (op.backward() != null && arg.role() == OpCase.Role.IN) {
        prefill.put(arg.name(), OpCase.NORMAL.make(random, size.n(), n));
      }
    }
    return new OpData(inputs, cotangents, prefill).rounded(op);
  }

  private OpData rounded(OpCase op) {
    DoubleUnaryOperator round = x -> (float) x;
    op.args().stream()
        .filter(a -> a.dtype() == DType.REAL && inputs.containsKey(a.name()))
        .forEach(a -> apply(inputs.get(a.name()), round));
    cotangents.values().forEach(v -> apply(v, round));
    prefill.values().forEach(v -> apply(v, round));
    return this;
  }

  private static void apply(double[] values, DoubleUnaryOperator f) {
    for (int i = 0; i < values.length; i++) {
      values[i] = f.applyAsDouble(values[i]);
    }
  }

  /** The same inputs with one of them replaced. */
  public OpData with(String input, double[] values) {
    Map<String, double[]> copy = new LinkedHashMap<>(inputs);
    copy.put(input, values);
    return new OpData(copy, cotangents, prefill);
  }

  /** The same data with gradients that start at 0. */
  public OpData fromZero() {
    Map<String, double[]> zero = new LinkedHashMap<>();
    prefill.forEach((name, values) -> zero.put(name, new double[values.length]));
    return new OpData(inputs, cotangents, zero);
  }
}
