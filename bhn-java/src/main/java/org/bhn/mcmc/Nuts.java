package org.bhn.mcmc;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * The no-U-turn sampler: Hamiltonian trajectories doubled until they turn back (Hoffman and Gelman
 * 2014), draws taken along them in proportion to their density (Betancourt 2017, §A.3). During
 * warm-up the step size is averaged towards an acceptance of 0.8 and the diagonal mass follows the
 * variances of the draws, in windows that double.
 */
public final class Nuts {
  private static final double ACCEPTANCE = 0.8;
  private static final int MAX_DEPTH = 10;
  private static final double MAX_ERROR = 1000;
  private static final int FIRST_WINDOW = 25;

  private final LogDensity density;
  private final int dim;
  private final SplittableRandom random;
  private final double[] variance;
  private long gradients;

  private Nuts(LogDensity density, int dim, long seed) {
    this.density =
        (q, g) -> {
          gradients++;
          return density.at(q, g);
        };
    this.dim = dim;
    this.random = new SplittableRandom(seed);
    this.variance = new double[dim];
    Arrays.fill(variance, 1);
  }

  /**
   * Runs one chain.
   *
   * @param density to sample
   * @param start {@code [D]}, where the density is positive
   * @param warmup iterations that adapt and are thrown away, at least 20
   * @param draws iterations that are kept, at least 1
   * @param seed of all random numbers
   * @throws IllegalArgumentException if a count is too small or the start has density 0
   */
  public static Chain sample(LogDensity density, double[] start, int warmup, int draws, long seed) {
    if (warmup < 20 || draws < 1) {
      throw new IllegalArgumentException(
          "warmup = %d, draws = %d: pass at least 20 and 1".formatted(warmup, draws));
    }
    if (density == null) {
      throw new IllegalArgumentException("density is null: pass the log-density to sample");
    }
    if (start == null || start.length == 0) {
      throw new IllegalArgumentException(
          "start is " + (start == null ? "null" : "empty") + ": pass one number a dimension");
    }
    return new Nuts(density, start.length, seed).run(start, warmup, draws);
  }

  private Chain run(double[] start, int warmup, int draws) {
    Leapfrog state = new Leapfrog(density, start);
    if (!Double.isFinite(state.logDensity)) {
      throw new IllegalArgumentException(
          "log-density at start = %s: start where it is finite".formatted(state.logDensity));
    }
    StepSize step = new StepSize(ACCEPTANCE, firstStep(state));
    Window window = new Window(dim);
    int begin = warmup / 10;
    int stop = warmup - warmup / 10;
    int size = FIRST_WINDOW;
    int end = stop - begin < 3 * size ? stop : begin + size;
    for (int i = 0; i < warmup; i++) {
      Tree tree = transition(state, step.current());
      state = tree.draw;
      step.update(tree.acceptance());
      if (i >= begin && i < stop) {
        window.add(state.position);
      }
      if (i + 1 == end) {
        window.variance(variance);
        window = new Window(dim);
        step.restart(firstStep(state));
        size *= 2;
        // The last window takes what the one after it would be too short for.
        end = end + 3 * size > stop ? stop : end + size;
        end = i + 1 == stop ? -1 : end;
      }
    }
    return keep(state, step.average(), draws);
  }

  private Chain keep(Leapfrog from, double epsilon, int draws) {
    Leapfrog state = from;
    double[][] kept = new double[draws][];
    double[] logs = new double[draws];
    double acceptance = 0;
    int divergences = 0;
    for (int i = 0; i < draws; i++) {
      Tree tree = transition(state, epsilon);
      state = tree.draw;
      kept[i] = state.position.clone();
      logs[i] = state.logDensity;
      acceptance += tree.acceptance() / draws;
      divergences += tree.diverged ? 1 : 0;
    }
    return new Chain(kept, logs, acceptance, epsilon, divergences, gradients);
  }

  /** A step whose first move is accepted about half the time (Hoffman and Gelman, algorithm 4). */
  private double firstStep(Leapfrog from) {
    double epsilon = 0.1;
    int direction = 0;
    for (int i = 0; i < 50; i++) {
      Leapfrog trial = from.copy();
      kick(trial);
      double before = trial.logJoint(variance);
      trial.step(density, epsilon, variance);
      int way = trial.logJoint(variance) - before > Math.log(0.5) ? 1 : -1;
      if (direction != 0 && way != direction) {
        break;
      }
      direction = way;
      epsilon *= way > 0 ? 2 : 0.5;
    }
    return epsilon;
  }

  /** Draws the momentum from N(0, 1/variance). */
  private void kick(Leapfrog state) {
    for (int i = 0; i < dim; i++) {
      state.momentum[i] = random.nextGaussian() / Math.sqrt(variance[i]);
    }
  }

  private Tree transition(Leapfrog from, double epsilon) {
    Leapfrog state = from.copy();
    kick(state);
    double energy = state.logJoint(variance);
    Tree tree = new Tree(state, 0);
    for (int depth = 0; depth < MAX_DEPTH && tree.goesOn; depth++) {
      boolean forward = random.nextBoolean();
      Tree half = build(forward ? tree.right : tree.left, forward, depth, epsilon, energy);
      if (half.goesOn) {
        // Biased towards the new half, which keeps the target and moves further.
        if (Math.log(random.nextDouble()) < half.logWeight - tree.logWeight) {
          tree.draw = half.draw;
        }
      }
      tree.join(half, forward);
    }
    return tree;
  }

  private Tree build(Leapfrog from, boolean forward, int depth, double epsilon, double energy) {
    if (depth == 0) {
      Leapfrog next = from.copy();
      next.step(density, forward ? epsilon : -epsilon, variance);
      double error = next.logJoint(variance) - energy;
      Tree leaf = new Tree(next, error);
      leaf.steps = 1;
      leaf.accepted = Math.min(1, Math.exp(error));
      leaf.goesOn = error >= -MAX_ERROR;
      leaf.diverged = !leaf.goesOn && next.logDensity != Double.NEGATIVE_INFINITY;
      return leaf;
    }
    Tree first = build(from, forward, depth - 1, epsilon, energy);
    if (first.goesOn) {
      Leapfrog end = forward ? first.right : first.left;
      Tree second = build(end, forward, depth - 1, epsilon, energy);
      double total = logAdd(first.logWeight, second.logWeight);
      if (second.goesOn && Math.log(random.nextDouble()) < second.logWeight - total) {
        first.draw = second.draw;
      }
      first.join(second, forward);
    }
    return first;
  }

  private static double logAdd(double a, double b) {
    double max = Math.max(a, b);
    return max == Double.NEGATIVE_INFINITY ? max : max + Math.log1p(Math.exp(-Math.abs(a - b)));
  }

  /** Part of a trajectory: its ends, one draw of it, the log of its total density. */
  private final class Tree {
    private Leapfrog left;
    private Leapfrog right;
    private Leapfrog draw;
    private final double[] momenta;
    private double logWeight;
    private double accepted;
    private int steps;
    private boolean goesOn = true;
    private boolean diverged;

    Tree(Leapfrog only, double logWeight) {
      this.left = only;
      this.right = only;
      this.draw = only;
      this.momenta = only.momentum.clone();
      this.logWeight = logWeight;
    }

    /** Appends another part at one end; the draw is the caller's business. */
    void join(Tree other, boolean forward) {
      boolean turned = forward ? turns(other, this, other) : turns(this, other, other);
      if (forward) {
        right = other.right;
      } else {
        left = other.left;
      }
      for (int i = 0; i < dim; i++) {
        momenta[i] += other.momenta[i];
      }
      logWeight = logAdd(logWeight, other.logWeight);
      accepted += other.accepted;
      steps += other.steps;
      diverged |= other.diverged;
      goesOn = other.goesOn && !turned && straight(left, right, momenta);
    }

    /** Whether the seam between two neighbours has turned, though the whole may not show it. */
    private boolean turns(Tree later, Tree earlier, Tree added) {
      if (!added.goesOn) {
        return true;
      }
      double[] sum = new double[dim];
      for (int i = 0; i < dim; i++) {
        sum[i] = earlier.momenta[i] + later.left.momentum[i];
      }
      if (!straight(earlier.left, later.left, sum)) {
        return true;
      }
      for (int i = 0; i < dim; i++) {
        sum[i] = later.momenta[i] + earlier.right.momentum[i];
      }
      return !straight(earlier.right, later.right, sum);
    }

    private boolean straight(Leapfrog from, Leapfrog to, double[] sum) {
      double a = 0;
      double b = 0;
      for (int i = 0; i < dim; i++) {
        a += variance[i] * from.momentum[i] * sum[i];
        b += variance[i] * to.momentum[i] * sum[i];
      }
      return a > 0 && b > 0;
    }

    double acceptance() {
      return steps == 0 ? 0 : accepted / steps;
    }
  }

  /** Running variances of draws (Welford), shrunk a little towards 1e-3. */
  private static final class Window {
    private final double[] mean;
    private final double[] squares;
    private int count;

    Window(int dim) {
      mean = new double[dim];
      squares = new double[dim];
    }

    void add(double[] x) {
      count++;
      for (int i = 0; i < x.length; i++) {
        double d = x[i] - mean[i];
        mean[i] += d / count;
        squares[i] += d * (x[i] - mean[i]);
      }
    }

    void variance(double[] into) {
      if (count < 10) {
        return;
      }
      for (int i = 0; i < into.length; i++) {
        double v = squares[i] / (count - 1);
        into[i] = count / (count + 5.0) * v + 1e-3 * (5 / (count + 5.0));
      }
    }
  }
}
