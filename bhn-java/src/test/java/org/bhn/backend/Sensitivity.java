package org.bhn.backend;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.bhn.tensor.DType;

/**
 * How large the terms of a result are: Σ_i |∂f/∂x_i| |x_i| for every element of every output and
 * gradient, over all real inputs. It is what a rounding error of one unit in each input would do.
 *
 * <p>If c_i are independent standard Cauchy variables, Σ a_i c_i is Σ|a_i| times one, and E log |c|
 * = 0. So the geometric mean of |f(x (1 + ηc)) − f(x)|/η over several draws estimates Σ|terms| from
 * runs of the op alone, whatever the op is.
 */
final class Sensitivity {
  /** The estimate's logarithm has a standard deviation of 1.6/√DRAWS. */
  private static final int DRAWS = 24;

  private static final double ETA = 0x1p-32;

  /** Quantiles of the Cauchy distribution: drawing one is a look-up. */
  private static final double[] CAUCHY = new double[1 << 14];

  static {
    Arrays.setAll(CAUCHY, i -> Math.tan(Math.PI * ((i + 0.5) / CAUCHY.length - 0.5)));
  }

  private Sensitivity() {}

  /** Σ|terms| of the op's results, in double precision. */
  static OpCall.Result of(Backend reference, OpCase op, OpCase.Size size, OpData data) {
    try (OpCall call = new OpCall(reference, op, size, false)) {
      OpData start = data.fromZero();
      OpCall.Result exact = call.run(start);
      if (op.tolerance() == 0) {
        return map(exact, exact, (a, b) -> 0);
      }
      OpCall.Result logs = map(exact, exact, (a, b) -> 0);
      SplittableRandom random = new SplittableRandom(7);
      for (int draw = 0; draw < DRAWS; draw++) {
        OpCall.Result moved = call.run(perturbed(op, start, random));
        OpCall.Result change = map(moved, exact, Sensitivity::change);
        logs = map(logs, change, Double::sum);
      }
      return map(logs, logs, (a, b) -> Math.exp(a / DRAWS));
    }
  }

  /** A change lost in double rounding counts as that rounding. */
  private static double change(double moved, double exact) {
    double change = Math.abs(moved - exact);
    return Math.log(Math.max(change, exact == 0 ? 0 : Math.ulp(exact)) / ETA);
  }

  private static OpData perturbed(OpCase op, OpData data, SplittableRandom random) {
    Map<String, double[]> inputs = new LinkedHashMap<>(data.inputs());
    for (OpCase.Arg arg : op.args()) {
      if (arg.dtype() == DType.REAL) {
        inputs.computeIfPresent(arg.name(), (name, values) -> perturbed(values, random));
      }
    }
    Map<String, double[]> cotangents = new LinkedHashMap<>(data.cotangents());
    cotangents.replaceAll((name, values) -> perturbed(values, random));
    return new OpData(inputs, cotangents, data.prefill());
  }

  private static double[] perturbed(double[] values, SplittableRandom random) {
    double[] out = values.clone();
    for (int i = 0; i < out.length; i++) {
      out[i] *= 1 + ETA * CAUCHY[random.nextInt(CAUCHY.length)];
    }
    return out;
  }

  private interface Combine {
    double of(double a, double b);
  }

  private static OpCall.Result map(OpCall.Result a, OpCall.Result b, Combine f) {
    return new OpCall.Result(map(a.values(), b.values(), f), map(a.gradients(), b.gradients(), f));
  }

  private static Map<String, double[]> map(
      Map<String, double[]> a, Map<String, double[]> b, Combine f) {
    Map<String, double[]> out = new LinkedHashMap<>();
    a.forEach(
        (name, x) -> {
          double[] y = b.get(name);
          double[] z = new double[x.length];
          for (int i = 0; i < z.length; i++) {
            z[i] = f.of(x[i], y[i]);
          }
          out.put(name, z);
        });
    return out;
  }
}
