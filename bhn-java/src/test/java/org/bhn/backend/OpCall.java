package org.bhn.backend;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;

/** An op bound to tensors of a backend: load values, run, read results, look at the guards. */
public final class OpCall implements AutoCloseable {
  /** Values and gradients after a run. */
  public record Result(Map<String, double[]> values, Map<String, double[]> gradients) {}

  private final Backend backend;
  private final OpCase op;
  private final OpCase.Size size;
  private final Map<String, Slot> values = new LinkedHashMap<>();
  private final Map<String, Slot> gradients = new LinkedHashMap<>();
  private Set<String> skipped = Set.of();

  /**
   * Allocates all tensors of a call.
   *
   * @param padded whether tensors lie inside larger memory with guards around them, and have a
   *     leading dimension where they may
   */
  public OpCall(Backend backend, OpCase op, OpCase.Size size, boolean padded) {
    this.backend = backend;
    this.op = op;
    this.size = size;
    for (OpCase.Arg arg : op.args()) {
      int[] shape = arg.shape(size);
      values.put(
          arg.name(), new Slot(backend, arg.dtype(), shape, arg.isStrided() && padded, padded));
      if (op.backward() == null || arg.dtype() != DType.REAL) {
        continue;
      }
      if (arg.role() == OpCase.Role.IN || arg.role() == OpCase.Role.OUT) {
        int[] gradient = arg.role() == OpCase.Role.OUT ? arg.cotangent(size) : shape;
        gradients.put(
            arg.name(), new Slot(backend, DType.REAL, gradient, arg.isStrided() && padded, padded));
      }
    }
  }

  /** Size i, in the order the op names them. */
  public int n(int i) {
    return size.n()[i];
  }

  /** The tensor of an argument; null if this case of the op does without it. */
  public Tensor get(String arg) {
    return values.containsKey(arg) ? values.get(arg).view : null;
  }

  /** The gradient of an input to add into, or the incoming one of an output; null if skipped. */
  public Tensor grad(String arg) {
    return gradients.containsKey(arg) && !skipped.contains(arg) ? gradients.get(arg).view : null;
  }

  /** Gradients to leave out: unwanted ones of inputs, absent ones of outputs. */
  public void skip(Set<String> names) {
    skipped = names;
  }

  /** Uploads the data and spoils the outputs. */
  public void load(OpData data) {
    for (OpCase.Arg arg : op.args()) {
      double[] given = data.inputs().get(arg.name());
      values.get(arg.name()).load(given);
      if (gradients.containsKey(arg.name())) {
        gradients
            .get(arg.name())
            .load(
                arg.role() == OpCase.Role.OUT
                    ? data.cotangents().get(arg.name())
                    : data.prefill().get(arg.name()));
      }
    }
  }

  /** Runs forward and, if there is one, backward. */
  public void run() {
    op.forward().run(backend, this);
    if (op.backward() != null) {
      op.backward().run(backend, this);
    }
  }

  /** What the op has written. */
  public Result result() {
    Map<String, double[]> out = new LinkedHashMap<>();
    Map<String, double[]> grads = new LinkedHashMap<>();
    for (OpCase.Arg arg : op.args()) {
      if (arg.role() == OpCase.Role.IN && gradients.containsKey(arg.name())) {
        grads.put(arg.name(), gradients.get(arg.name()).read());
      }
      if (arg.role() != OpCase.Role.IN && arg.role() != OpCase.Role.DATA) {
        out.put(arg.name(), values.get(arg.name()).read());
      }
    }
    return new Result(out, grads);
  }

  /** Loads, runs and reads. */
  public Result run(OpData data) {
    load(data);
    run();
    return result();
  }

  /** Fails if anything was written that the op must leave alone. */
  public void assertUntouched(OpData data, Set<String> unwanted) {
    values.forEach((name, slot) -> slot.assertGuards(name));
    gradients.forEach((name, slot) -> slot.assertGuards("gradient of " + name));
    for (OpCase.Arg arg : op.args()) {
      String name = arg.name();
      if (arg.role() == OpCase.Role.IN || arg.role() == OpCase.Role.DATA) {
        assertHolds(data.inputs().get(name), values.get(name), name);
      }
      if (data.cotangents().containsKey(name)) {
        Slot incoming = gradients.get(name);
        assertHolds(data.cotangents().get(name), incoming, "incoming gradient of " + name);
      }
      if (data.prefill().containsKey(name) && unwanted.contains(name)) {
        Slot gradient = gradients.get(name);
        assertHolds(data.prefill().get(name), gradient, "unwanted gradient of " + name);
      }
    }
  }

  /** Without JUnit, so that benchmarks can use this class. */
  private static void assertHolds(double[] expected, Slot slot, String name) {
    if (!Arrays.equals(expected, slot.read())) {
      throw new AssertionError(name + " = " + slot.view + " was written");
    }
  }

  @Override
  public void close() {
    values.values().forEach(Slot::release);
    gradients.values().forEach(Slot::release);
  }

  /** A tensor and the memory around it. */
  private static final class Slot {
    private static final int BEFORE = 5;
    private static final int PAD = 3;
    private static final int LEFT = 2;
    private static final double GUARD = 12345.75;

    private final Backend backend;
    private final DType dtype;
    private final Tensor whole;
    private final Tensor view;

    Slot(Backend backend, DType dtype, int[] shape, boolean strided, boolean padded) {
      this.backend = backend;
      this.dtype = dtype;
      if (!padded) {
        whole = backend.allocate(dtype, shape);
        view = whole;
      } else if (strided && shape.length > 1) {
        int[] outer = shape.clone();
        int last = shape.length - 1;
        outer[last] += PAD;
        if (shape.length == 2) {
          outer[0] += 2;
        }
        whole = backend.allocate(dtype, outer);
        Tensor rows = shape.length == 2 ? whole.rows(1, 1 + shape[0]) : whole;
        view = rows.columns(LEFT, LEFT + shape[last]);
      } else {
        int size = Arrays.stream(shape).reduce(1, (a, b) -> a * b);
        whole = backend.allocate(dtype, size + 2 * BEFORE);
        view = whole.view(BEFORE, shape);
      }
    }

    void load(double[] given) {
      switch (dtype) {
        case REAL -> {
          double[] around = new double[whole.size()];
          Arrays.fill(around, GUARD);
          backend.upload(whole, around);
          double[] spoilt = new double[view.size()];
          Arrays.fill(spoilt, Double.NaN);
          backend.upload(view, given == null ? spoilt : given);
        }
        case INT32 -> {
          int[] around = new int[whole.size()];
          Arrays.fill(around, (int) GUARD);
          backend.upload(whole, around);
          if (given != null) {
            backend.upload(view, Arrays.stream(given).mapToInt(x -> (int) x).toArray());
          }
        }
        case INT64 -> {
          backend.upload(whole, (long) GUARD);
          backend.upload(view, given == null ? -1 : (long) given[0]);
        }
      }
    }

    double[] read() {
      return read(view);
    }

    private double[] read(Tensor t) {
      switch (dtype) {
        case REAL -> {
          double[] out = new double[t.size()];
          backend.download(t, out);
          return out;
        }
        case INT32 -> {
          int[] out = new int[t.size()];
          backend.download(t, out);
          return Arrays.stream(out).asDoubleStream().toArray();
        }
        default -> {
          double[] out = new double[t.size()];
          for (int i = 0; i < out.length; i++) {
            out[i] = backend.itemLong(t.view(i, 1));
          }
          return out;
        }
      }
    }

    void assertGuards(String name) {
      if (whole == view) {
        return;
      }
      double[] all = read(whole);
      List<Integer> broken = new ArrayList<>();
      double guard = dtype == DType.REAL ? GUARD : (int) GUARD;
      for (int i = 0; i < all.length; i++) {
        if (all[i] != guard && !inside(i)) {
          broken.add(i);
        }
      }
      if (!broken.isEmpty()) {
        throw new AssertionError(
            name + " = " + view + " in " + whole + ": written outside, at elements " + broken);
      }
    }

    private boolean inside(int i) {
      long at = i - view.offset();
      if (at < 0 || view.size() == 0) {
        return false;
      }
      return at / view.ld() < view.rows() && at % view.ld() < view.columns();
    }

    void release() {
      backend.release(whole);
    }
  }
}
