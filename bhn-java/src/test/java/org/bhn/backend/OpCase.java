package org.bhn.backend;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleSupplier;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.bhn.tensor.DType;

/**
 * One op, declared once: its arguments, how it runs forward and backward, at which sizes, and how
 * exact it must be. Everything that is checked or timed for an op comes from here.
 *
 * <p>Sizes are numbers named by the op, such as S and d. Where an argument may have a leading
 * dimension it is {@link #strided}. An implementation may differ from the reference by
 *
 * <pre>{@code tolerance · eps · (|ref| + Σ|terms| + slack)}</pre>
 *
 * where Σ|terms| is the sensitivity Σ_i |∂ref/∂x_i| |x_i| to all real inputs, which {@link
 * Sensitivity} measures, and slack is declared where an intermediate value is larger than that
 * shows: a constant such as the 1 of 1 − p, for example.
 */
public final class OpCase {
  /** What an op does with an argument. */
  public enum Role {
    /** Overwritten by the forward. */
    OUT,
    /** Overwritten by the forward and read by the backward; not differentiated. */
    KEPT,
    /** Read, and differentiated if the op has a backward. */
    IN,
    /** Read, never differentiated. */
    DATA,
    /** Read and overwritten. */
    STATE
  }

  /** Dimensions of an argument for given sizes. */
  public interface Shape {
    int[] of(int... n);
  }

  /** Random values of an argument; they are rounded to f32 afterwards. */
  public interface Values {
    double[] make(RandomGenerator random, int[] n, int size);
  }

  /** A number that depends on the sizes. */
  public interface Count {
    double of(int... n);
  }

  /** The call itself, which picks its tensors by name. */
  public interface Run {
    void run(Backend backend, OpCall t);
  }

  /** An argument. */
  public static final class Arg {
    private final String name;
    private final Role role;
    private final DType dtype;
    private final Shape shape;
    private Shape cotangent;
    private Values values;
    private boolean strided;
    private Count slack = n -> 0;
    private Count gradientSlack = n -> 0;

    private Arg(String name, Role role, DType dtype, Shape shape, Values values) {
      this.name = name;
      this.role = role;
      this.dtype = dtype;
      this.shape = shape;
      this.cotangent = shape;
      this.values = values;
    }

    /** What the op calls it. */
    public String name() {
      return name;
    }

    /** What the op does with it. */
    public Role role() {
      return role;
    }

    /** What its elements are. */
    public DType dtype() {
      return dtype;
    }

    /** Its dimensions. */
    public int[] shape(Size size) {
      return shape.of(size.n());
    }

    /** Shape of the incoming gradient of an output. */
    public int[] cotangent(Size size) {
      return cotangent.of(size.n());
    }

    /** Null for what is only written. */
    public Values values() {
      return values;
    }

    /** Whether it may have a leading dimension. */
    public boolean isStrided() {
      return strided;
    }

    /** Size of intermediates in its value. */
    public double slack(Size size) {
      return slack.of(size.n());
    }

    /** Size of intermediates in its gradient. */
    public double gradientSlack(Size size) {
      return gradientSlack.of(size.n());
    }

    /** Number of elements. */
    public int size(int... n) {
      return Arrays.stream(shape.of(n)).reduce(1, Math::multiplyExact);
    }
  }

  /** One size to run at. Large ones are a real training step's. */
  public record Size(boolean large, int... n) {}

  /** Standard normal values. */
  public static final Values NORMAL = (random, n, size) -> fill(size, random::nextGaussian);

  private final String name;
  private final String[] sizeNames;
  private final List<Arg> args = new ArrayList<>();
  private final List<Size> sizes = new ArrayList<>();
  private Run forward;
  private Run backward;
  private boolean optionalCotangents;
  private double tolerance = 4;

  private OpCase(String name, String[] sizeNames) {
    this.name = name;
    this.sizeNames = sizeNames;
  }

  /** Starts a declaration; a variant is written "op/variant". */
  public static OpCase of(String name, String... sizeNames) {
    return new OpCase(name, sizeNames);
  }

  // ---- declaring ----

  /** A real output. */
  public OpCase out(String arg, Shape shape) {
    return add(arg, Role.OUT, DType.REAL, shape, null);
  }

  /** What the forward keeps for the backward. */
  public OpCase kept(String arg, Shape shape) {
    return add(arg, Role.KEPT, DType.REAL, shape, null);
  }

  /** A real input, differentiated if there is a backward. */
  public OpCase in(String arg, Shape shape) {
    return add(arg, Role.IN, DType.REAL, shape, NORMAL);
  }

  /** An input that is never differentiated. */
  public OpCase data(String arg, DType dtype, Shape shape, Values values) {
    return add(arg, Role.DATA, dtype, shape, values);
  }

  /** What is read and overwritten. */
  public OpCase state(String arg, DType dtype, Shape shape, Values values) {
    return add(arg, Role.STATE, dtype, shape, values);
  }

  /** An integer output. */
  public OpCase outInts(String arg, Shape shape) {
    return add(arg, Role.OUT, DType.INT32, shape, null);
  }

  /** A 64-bit counter of the given value. */
  public OpCase counter(String arg, Role role, long value) {
    return add(arg, role, DType.INT64, n -> new int[] {1}, (r, n, size) -> new double[] {value});
  }

  private OpCase add(String arg, Role role, DType dtype, Shape shape, Values values) {
    args.add(new Arg(arg, role, dtype, shape, values));
    return this;
  }

  /** The last argument may have a leading dimension. */
  public OpCase strided() {
    args.getLast().strided = true;
    return this;
  }

  /** The last argument's values. */
  public OpCase values(Values values) {
    args.getLast().values = values;
    return this;
  }

  /** Size of intermediates in the last argument's value and, if an input, in its gradient. */
  public OpCase slack(Count value, Count gradient) {
    args.getLast().slack = value;
    args.getLast().gradientSlack = gradient;
    return this;
  }

  /** As {@link #slack(Count, Count)} with constants. */
  public OpCase slack(double value, double gradient) {
    return slack(n -> value, n -> gradient);
  }

  /** The last argument's incoming gradient covers only its first elements. */
  public OpCase cotangent(Shape shape) {
    args.getLast().cotangent = shape;
    return this;
  }

  /** How the forward is called. */
  public OpCase forward(Run run) {
    forward = run;
    return this;
  }

  /** How the backward is called; without one the op is not differentiated. */
  public OpCase backward(Run run) {
    backward = run;
    return this;
  }

  /** Incoming gradients may be null, which means 0. */
  public OpCase optionalCotangents() {
    optionalCotangents = true;
    return this;
  }

  /** The factor of the tolerance; 0 demands equality. */
  public OpCase tolerance(double factor) {
    tolerance = factor;
    return this;
  }

  /** A size to run at. */
  public OpCase at(int... n) {
    sizes.add(new Size(false, n));
    return this;
  }

  /** Several sizes at once. */
  public OpCase at(int[][] all) {
    Arrays.stream(all).forEach(this::at);
    return this;
  }

  /** A size of a real training step. */
  public OpCase large(int... n) {
    sizes.add(new Size(true, n));
    return this;
  }

  // ---- reading ----

  /** "op/variant". */
  public String name() {
    return name;
  }

  /** In the order of their declaration. */
  public List<Arg> args() {
    return args;
  }

  /** In the order of their declaration. */
  public List<Size> sizes() {
    return sizes;
  }

  /** How the forward is called. */
  public Run forward() {
    return forward;
  }

  /** Null if the op is not differentiated. */
  public Run backward() {
    return backward;
  }

  /** Whether incoming gradients may be null. */
  public boolean hasOptionalCotangents() {
    return optionalCotangents;
  }

  /** The factor of the tolerance. */
  public double tolerance() {
    return tolerance;
  }

  /** "coupling [S=3, d=17]". */
  public String at(Size size) {
    return name
        + IntStream.range(0, sizeNames.length)
            .mapToObj(i -> sizeNames[i] + "=" + size.n()[i])
            .collect(Collectors.joining(", ", " [", "]"));
  }

  static double[] fill(int size, DoubleSupplier value) {
    double[] values = new double[size];
    Arrays.setAll(values, i -> value.getAsDouble());
    return values;
  }

  /** Uniform reals. */
  public static Values between(double low, double high) {
    return (random, n, size) -> fill(size, () -> low + (high - low) * random.nextDouble());
  }

  /** Uniform integers below a bound that may depend on the sizes. */
  public static Values below(Count bound) {
    return (random, n, size) -> fill(size, () -> random.nextInt(Math.max(1, (int) bound.of(n))));
  }

  @Override
  public String toString() {
    return name;
  }
}
