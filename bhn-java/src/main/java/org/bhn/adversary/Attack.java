package org.bhn.adversary;

import java.util.SplittableRandom;
import org.bhn.Bhn;

/**
 * Attacks by the sign of the gradient, within ε of each input in the maximum norm:
 *
 * <pre>
 *   x ← Π(x − α sign ∇_x log p̄(y|x)),   p̄(y|x) = 1/S Σ_s p(y|x, θ_s)
 * </pre>
 *
 * <p>where Π clips to the ball around the original and to the range of {@link #clip}. One step of α
 * = ε is the fast gradient sign method (Goodfellow et al. 2015), several make the basic iterative
 * method (Kurakin et al. 2017), and a uniform start within the ball makes projected gradient
 * descent (Madry et al. 2018). The gradient is that of the logarithm, so that a classifier that is
 * sure of the label is not taken for a robust one because its probabilities have rounded to 1. Each
 * step draws its own S weight samples, others than a prediction draws.
 *
 * <p>That an attack fails proves nothing: see whether more steps and samples succeed.
 *
 * @param epsilon radius of the ball, in units of the input
 * @param step α, at most 2ε
 * @param steps how many
 * @param randomStart whether to start anywhere in the ball
 * @param samples S (32)
 * @param low least value of an input (−∞)
 * @param high largest value of an input (∞)
 * @param seed of weight samples and start (0)
 */
public record Attack(
    double epsilon,
    double step,
    int steps,
    boolean randomStart,
    int samples,
    double low,
    double high,
    long seed) {

  /** Checks the ranges. */
  public Attack {
    check("epsilon", epsilon, epsilon >= 0 && epsilon <= Float.MAX_VALUE, "finite and not below 0");
    check("step", step, step >= 0 && step <= 2 * epsilon, "in [0, 2 epsilon]: the ball ends there");
    check("steps", steps, steps >= 1, "at least 1");
    check("samples", samples, samples >= 1 && samples <= 1 << 20, "in [1, 2^20]");
    check("low", low, low < high, "below high = " + high);
  }

  /** The fast gradient sign method. */
  public static Attack fgs(double epsilon) {
    return bim(epsilon, epsilon, 1);
  }

  /** The basic iterative method. */
  public static Attack bim(double epsilon, double step, int steps) {
    return new Attack(
        epsilon, step, steps, false, 32, Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY, 0);
  }

  /** Projected gradient descent from a random start. */
  public static Attack pgd(double epsilon, double step, int steps) {
    Attack bim = bim(epsilon, step, steps);
    return new Attack(epsilon, step, steps, true, bim.samples, bim.low, bim.high, bim.seed);
  }

  /** Averages the gradient over so many weight samples a step (32). */
  public Attack samples(int count) {
    return new Attack(epsilon, step, steps, randomStart, count, low, high, seed);
  }

  /** Keeps inputs in a range, as of pixels (no limits). Originals must lie in it. */
  public Attack clip(double least, double most) {
    return new Attack(epsilon, step, steps, randomStart, samples, least, most, seed);
  }

  /** Draws weights and starts from this seed (0). */
  public Attack seed(long key) {
    return new Attack(epsilon, step, steps, randomStart, samples, low, high, key);
  }

  /**
   * Attacks a model; to see whether another is deceived too, predict the result with that one.
   *
   * @param inputs {@code [N, inputs]} row-major; not changed
   * @param labels {@code [N]} the classes to move away from, usually the true ones
   * @return {@code [N, inputs]}, each within ε of the original and in the range
   * @throws IllegalArgumentException if sizes do not fit, or an input is outside the range
   */
  public float[] run(Bhn model, float[] inputs, int[] labels) {
    if (model == null) {
      throw new IllegalArgumentException("model is null: pass a classifier");
    }
    return run((x, y, s, key) -> model.inputGradient(x, y, s, key).direction(), inputs, labels);
  }

  /**
   * As {@link #run(Bhn, float[], int[])}, for any model.
   *
   * @throws IllegalArgumentException also if the gradient is of another length or not a number
   */
  public float[] run(Gradients model, float[] inputs, int[] labels) {
    if (model == null || inputs == null || labels == null) {
      throw new IllegalArgumentException("model, inputs and labels must not be null");
    }
    checkRange(inputs);
    SplittableRandom random = new SplittableRandom(seed);
    float[] x = randomStart ? start(inputs, random.split()) : inputs.clone();
    for (int k = 0; k < steps; k++) {
      double[] gradient = model.of(x.clone(), labels, samples, random.nextLong());
      checkGradient(gradient, x.length);
      for (int i = 0; i < x.length; i++) {
        x[i] = project(x[i] - step * Math.signum(gradient[i]), inputs[i]);
      }
    }
    return x;
  }

  private float[] start(float[] inputs, SplittableRandom random) {
    float[] x = new float[inputs.length];
    for (int i = 0; i < x.length; i++) {
      x[i] = project(inputs[i] + epsilon * (2 * random.nextDouble() - 1), inputs[i]);
    }
    return x;
  }

  /** The nearest float in the range and within epsilon of the centre, rounding included. */
  private float project(double value, float centre) {
    double inside =
        Math.clamp(value, Math.max(low, centre - epsilon), Math.min(high, centre + epsilon));
    float rounded = (float) inside;
    if (rounded > centre) {
      return rounded - (double) centre > epsilon || rounded > high
          ? Math.nextDown(rounded)
          : rounded;
    }
    return (double) centre - rounded > epsilon || rounded < low ? Math.nextUp(rounded) : rounded;
  }

  private void checkRange(float[] inputs) {
    for (int i = 0; i < inputs.length; i++) {
      if (!(inputs[i] >= low && inputs[i] <= high)) {
        throw new IllegalArgumentException(
            "inputs[%d] = %s must be in the range of clip, [%s, %s]"
                .formatted(i, inputs[i], low, high));
      }
    }
  }

  private static void checkGradient(double[] gradient, int inputs) {
    if (gradient.length != inputs) {
      throw new IllegalArgumentException(
          "the gradient has %d values for %d inputs; return one for each"
              .formatted(gradient.length, inputs));
    }
    for (int i = 0; i < inputs; i++) {
      if (Double.isNaN(gradient[i])) {
        throw new IllegalArgumentException(
            "gradient[%d] is NaN; repair the model that produced it".formatted(i));
      }
    }
  }

  private static void check(String name, Object value, boolean good, String must) {
    if (!good) {
      throw new IllegalArgumentException(name + " = " + value + " must be " + must);
    }
  }
}
