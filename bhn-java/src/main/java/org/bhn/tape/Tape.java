package org.bhn.tape;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.bhn.backend.Backend;
import org.bhn.backend.MadeGradient;
import org.bhn.tensor.Tensor;

/**
 * Reverse-mode differentiation: a list of things to undo, in execution order. Running it backwards
 * is the chain rule; execution order is topological order, so there is no graph and no sort.
 *
 * <p>Values made on a tape live in the backend's step pool, which a new tape resets.
 */
public final class Tape {
  /** Reals that small gradients are cut from, so that one fill serves many of them. */
  private static final int ZEROS = 1 << 14;

  private static final int LARGE = ZEROS / 4;

  /** Gradients start at multiples of so many reals: a cache line of f32. */
  private static final int ALIGNMENT = 16;

  private final Backend backend;
  private final boolean tracking;
  private final boolean training;
  private final List<Runnable> undo = new ArrayList<>();
  private final List<Var> outputs = new ArrayList<>();
  private final Map<Param, Var> params = new IdentityHashMap<>();
  private String scope = "";
  private Tensor zeros;
  private int zerosTaken;

  private Tape(Backend backend, boolean tracking, boolean training) {
    this.backend = backend;
    this.tracking = tracking;
    this.training = training;
    backend.pool().reset();
  }

  /** A tape that can run backwards; resets the backend's step pool. */
  public static Tape training(Backend backend) {
    return new Tape(backend, true, true);
  }

  /**
   * A tape that can run backwards to its {@link #input}s, while parameters are constants whose
   * gradients stay untouched; resets the backend's step pool.
   */
  public static Tape sensitivity(Backend backend) {
    return new Tape(backend, true, false);
  }

  /** A tape that only computes values; resets the backend's step pool. */
  public static Tape inference(Backend backend) {
    return new Tape(backend, false, false);
  }

  /** The backend everything on this tape runs on. */
  public Backend backend() {
    return backend;
  }

  /** Names what is recorded from now on, for error messages: a layer or a flow step. */
  public void scope(String name) {
    scope = name;
  }

  /** A value without a gradient. */
  public Var constant(Tensor value) {
    return new Var(this, "constant", value, false, null);
  }

  /** A value with a gradient that is not a parameter, such as an input to differentiate by. */
  public Var input(Tensor value) {
    return new Var(this, "input", value, tracking, null);
  }

  /** A parameter; the same one each time. */
  public Var param(Param param) {
    return params.computeIfAbsent(
        param, p -> new Var(this, p.name(), p.value(), training, p.gradient()));
  }

  /** A new value of the step pool, made by the named op. */
  Var output(String op, boolean tracked, int... shape) {
    Var out =
        new Var(
            this,
            scope.isEmpty() ? op : scope + "/" + op,
            backend.pool().take(shape),
            tracking && tracked,
            null);
    outputs.add(out);
    return out;
  }

  /** Zeros of the step pool, to add into. */
  Tensor zeros(int... shape) {
    long size = Tensor.size(shape);
    if (size > LARGE) {
      Tensor own = backend.pool().take(shape);
      backend.fill(own, 0);
      return own;
    }
    if (zeros == null || zerosTaken + size > ZEROS) {
      zeros = backend.pool().take(ZEROS);
      zerosTaken = 0;
      backend.fill(zeros, 0);
    }
    Tensor piece = zeros.view(zerosTaken, shape);
    zerosTaken += (int) ((size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
    return piece;
  }

  /** Appends what undoes an op. It runs only if a gradient reached the op's output. */
  void undo(Var output, Runnable backward) {
    if (output.isTracked()) {
      undo.add(
          () -> {
            if (output.hasGradient()) {
              backward.run();
            }
          });
    }
  }

  /** Appends a backward that decides itself what to do. */
  void undoAlways(Runnable backward) {
    if (tracking) {
      undo.add(backward);
    }
  }

  /**
   * Runs everything backwards. The op that made the loss knows its own unit gradient.
   *
   * @param trained parameters whose gradients must be valid afterwards: those that nothing flowed
   *     into are zeroed
   */
  public void backward(List<Param> trained) {
    backwardFactored(trained);
    for (Param param : trained) {
      param(param).gradient();
    }
  }

  /**
   * As {@link #backward}, but conditioners' gradients that are still in factors stay so.
   *
   * @return those gradients, by place in {@code trained}; the others are written out
   */
  public Map<Integer, MadeGradient> backwardFactored(List<Param> trained) {
    if (!tracking) {
      throw new IllegalStateException("an inference tape cannot run backwards: use training()");
    }
    for (int i = undo.size() - 1; i >= 0; i--) {
      undo.get(i).run();
    }
    Map<Integer, MadeGradient> factored = new TreeMap<>();
    for (int i = 0; i < trained.size(); i++) {
      Var v = param(trained.get(i));
      if (v.factored() != null) {
        factored.put(i, v.factored());
      } else {
        v.gradient();
      }
    }
    return factored;
  }

  /** Every value made so far, in execution order. */
  public List<Var> outputs() {
    return List.copyOf(outputs);
  }
}
