package org.bhn.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The hypernetwork as a user of a tensor library writes it: masked matrices, a product each, the
 * library's own differentiation and Adam. Two Java bindings of PyTorch share it; they differ in how
 * an operation is called.
 *
 * @param <T> the library's tensor
 */
abstract class PyTorchModel<T> implements Contender {
  private static final double TINY = 1e-12;

  private final Problem problem;
  private final List<T> v = new ArrayList<>();
  private final List<T> bias = new ArrayList<>();
  private final T logScale;
  private final T shift;
  private final List<Step<T>> steps = new ArrayList<>();
  private final T x;
  private final T labels;
  private final T noise;

  /** A step of IAF: two masked layers, weight norm over each row. */
  private record Step<T>(
      Problem.Step source, T order, T w1, T mask1, T g1, T b1, T w2, T mask2, T g2, T b2) {}

  /** The draw of the gains, with its log-det. */
  private record Draw<T>(T z, T logDet) {}

  PyTorchModel(Problem problem) {
    this.problem = problem;
    int dim = problem.dim();
    int hidden = Problem.HIDDEN;
    for (int i = 0; i < problem.v().length; i++) {
      int outputs = problem.bias()[i].length;
      v.add(parameter(problem.v()[i], outputs, problem.v()[i].length / outputs));
      bias.add(parameter(problem.bias()[i], outputs));
    }
    logScale = parameter(problem.logScale(), dim);
    shift = parameter(problem.shift(), dim);
    for (Problem.Step s : problem.steps()) {
      int rows = s.gain().length;
      steps.add(
          new Step<>(
              s,
              indices(s.permutation()),
              parameter(s.w1(), hidden, dim),
              tensor(s.mask(0, hidden, dim), hidden, dim),
              parameter(Arrays.copyOf(s.gain(), hidden), hidden),
              parameter(Arrays.copyOf(s.bias(), hidden), hidden),
              parameter(s.w2(), 2 * dim, hidden),
              tensor(s.mask(hidden, 2 * dim, hidden), 2 * dim, hidden),
              parameter(Arrays.copyOfRange(s.gain(), hidden, rows), 2 * dim),
              parameter(Arrays.copyOfRange(s.bias(), hidden, rows), 2 * dim)));
    }
    x = tensor(problem.x(), problem.batch(), problem.x().length / problem.batch());
    labels = indices(problem.labels());
    noise = tensor(problem.noise(), 1, dim);
  }

  // What the library must offer.

  /** A constant. */
  abstract T tensor(float[] values, long... shape);

  /** A constant of 64-bit integers. */
  abstract T indices(int[] values);

  /** A tensor to be trained. */
  abstract T parameter(float[] values, long... shape);

  abstract T add(T a, T b);

  abstract T add(T a, double b);

  abstract T mul(T a, T b);

  abstract T mul(T a, double b);

  /** {@code a bᵀ}. */
  abstract T product(T a, T b);

  abstract T relu(T a);

  abstract T exp(T a);

  abstract T log(T a);

  abstract T square(T a);

  abstract T power(T a, double exponent);

  /** Over the last axis. */
  abstract T sumRows(T a);

  abstract T sum(T a);

  /** Columns by index. */
  abstract T select(T a, T index);

  abstract T columns(T a, int from, int to);

  abstract T logSoftmax(T a);

  /** Mean negative log-likelihood. */
  abstract T crossEntropy(T logits, T labels);

  abstract void addTo(T sum, T value);

  abstract float[] values(T a);

  /** Runs with gradients, then backward, clips and Adam; frees what was made on the way. */
  abstract double train(java.util.function.Supplier<T> loss);

  /** Runs without gradients and frees what was made on the way. */
  abstract void infer(Runnable body);

  // The model.

  private T inverseNorm(T matrix) {
    return power(add(sumRows(square(matrix)), TINY), -0.5);
  }

  private T normedLayer(T in, T weights, T gain, T offset) {
    return add(mul(product(in, weights), mul(gain, inverseNorm(weights))), offset);
  }

  private Draw<T> flow(T eps) {
    T scale = add(exp(logScale), Problem.FLOW_DELTA);
    T z = add(mul(eps, scale), shift);
    T logDet = sum(log(scale));
    int dim = problem.dim();
    for (Step<T> s : steps) {
      T in = select(z, s.order);
      T h = relu(normedLayer(in, mul(s.w1, s.mask1), s.g1, s.b1));
      T heads = normedLayer(h, mul(s.w2, s.mask2), s.g2, s.b2);
      T factor = add(exp(columns(heads, dim, 2 * dim)), Problem.FLOW_DELTA);
      z = add(columns(heads, 0, dim), mul(factor, in));
      logDet = add(logDet, sum(log(factor)));
    }
    return new Draw<>(z, logDet);
  }

  private T network(T input, T gains) {
    T h = input;
    int unit = 0;
    for (int i = 0; i < v.size(); i++) {
      int outputs = problem.bias()[i].length;
      h = normedLayer(h, v.get(i), columns(gains, unit, unit + outputs), bias.get(i));
      h = i + 1 < v.size() ? relu(h) : h;
      unit += outputs;
    }
    return h;
  }

  private T loss() {
    Draw<T> draw = flow(noise);
    T nll = crossEntropy(network(x, draw.z), labels);
    double constant = -0.5 * problem.dim() * Math.log(2 * Math.PI);
    T logPrior = add(mul(sum(square(draw.z)), -0.5), constant);
    return add(nll, mul(add(logPrior, draw.logDet), -1.0 / problem.batch()));
  }

  @Override
  public double step() {
    return train(this::loss);
  }

  @Override
  public Map<String, float[]> parameters() {
    Map<String, float[]> all = new LinkedHashMap<>();
    for (int i = 0; i < v.size(); i++) {
      all.put("layer." + i + ".v", values(v.get(i)));
      all.put("layer." + i + ".bias", values(bias.get(i)));
    }
    all.put("flow.affine.log_scale", values(logScale));
    all.put("flow.affine.shift", values(shift));
    for (Step<T> s : steps) {
      float[] gain = join(values(s.g1), values(s.g2));
      float[] offset = join(values(s.b1), values(s.b2));
      all.put(
          s.source.name() + ".conditioner",
          Problem.pack(s.source, values(s.w1), values(s.w2), gain, offset));
    }
    return all;
  }

  private static float[] join(float[] a, float[] b) {
    float[] both = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, both, a.length, b.length);
    return both;
  }

  @Override
  public float[] predict(float[] images, float[] epsilons, boolean hoisted) {
    int dim = problem.dim();
    int draws = epsilons.length / dim;
    int rows = images.length / Work.PIXELS;
    int classes = problem.bias()[v.size() - 1].length;
    T input = tensor(images, rows, Work.PIXELS);
    T mean = tensor(new float[rows * classes], rows, classes);
    T second = tensor(new float[rows * classes], rows, classes);
    T entropy = tensor(new float[rows], rows);
    infer(
        () -> {
          Constants<T> constants = hoisted ? hoist(input) : null;
          for (int s = 0; s < draws; s++) {
            T eps = tensor(Arrays.copyOfRange(epsilons, s * dim, (s + 1) * dim), 1, dim);
            infer(
                () -> {
                  T logits =
                      hoisted
                          ? hoistedNetwork(constants, hoistedFlow(constants, eps))
                          : network(input, flow(eps).z);
                  T logP = logSoftmax(logits);
                  T p = exp(logP);
                  addTo(mean, p);
                  addTo(second, square(p));
                  addTo(entropy, mul(sumRows(mul(p, logP)), -1));
                });
          }
        });
    float[] out = values(mean);
    for (int i = 0; i < out.length; i++) {
      out[i] /= draws;
    }
    return out;
  }

  /** What does not change from draw to draw: normalised weights, the first layer's product. */
  private record Constants<T>(T scale, List<T> u1, List<T> u2, T first, List<T> directions) {}

  /** Rows of unit length, times their gain if there is one. */
  private T normalised(T matrix, T gain, int rows) {
    T factor = gain == null ? inverseNorm(matrix) : mul(gain, inverseNorm(matrix));
    return mul(matrix, column(factor, rows));
  }

  /** A vector as a matrix of one column. */
  abstract T column(T vector, int rows);

  private Constants<T> hoist(T input) {
    List<T> u1 = new ArrayList<>();
    List<T> u2 = new ArrayList<>();
    for (Step<T> s : steps) {
      u1.add(normalised(mul(s.w1, s.mask1), s.g1, Problem.HIDDEN));
      u2.add(normalised(mul(s.w2, s.mask2), s.g2, 2 * problem.dim()));
    }
    List<T> directions = new ArrayList<>();
    for (int i = 0; i < v.size(); i++) {
      directions.add(normalised(v.get(i), null, problem.bias()[i].length));
    }
    T scale = add(exp(logScale), Problem.FLOW_DELTA);
    return new Constants<>(scale, u1, u2, product(input, directions.get(0)), directions);
  }

  private T hoistedFlow(Constants<T> c, T eps) {
    T z = add(mul(eps, c.scale), shift);
    int dim = problem.dim();
    for (int i = 0; i < steps.size(); i++) {
      Step<T> s = steps.get(i);
      T in = select(z, s.order);
      T h = relu(add(product(in, c.u1.get(i)), s.b1));
      T heads = add(product(h, c.u2.get(i)), s.b2);
      T factor = add(exp(columns(heads, dim, 2 * dim)), Problem.FLOW_DELTA);
      z = add(columns(heads, 0, dim), mul(factor, in));
    }
    return z;
  }

  private T hoistedNetwork(Constants<T> c, T gains) {
    int unit = 0;
    T h = c.first;
    for (int i = 0; i < v.size(); i++) {
      int outputs = problem.bias()[i].length;
      T t = i == 0 ? h : product(h, c.directions.get(i));
      h = add(mul(t, columns(gains, unit, unit + outputs)), bias.get(i));
      h = i + 1 < v.size() ? relu(h) : h;
      unit += outputs;
    }
    return h;
  }
}
