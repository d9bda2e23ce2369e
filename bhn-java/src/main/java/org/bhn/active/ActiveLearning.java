package org.bhn.active;

import java.util.Arrays;
import java.util.BitSet;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import org.bhn.data.Dataset;

/**
 * A pool of examples without labels, and those of them that were asked for. An example that was
 * asked for leaves the pool. What to ask depends on the model, the seed and the rows acquired so
 * far alone, so that {@link #acquired()} is all there is to save: {@link #acquire} takes it back.
 */
public final class ActiveLearning {
  /**
   * How far a learning has come, after a training.
   *
   * @param number of the round, from 0
   * @param labelled what the model was trained on
   * @param remaining examples left in the pool
   */
  public record Round(int number, Dataset labelled, int remaining) {}

  private final Dataset pool;
  private final Oracle oracle;
  private final Acquisition acquisition;
  private final BitSet asked = new BitSet();
  private int[] acquired = {};
  private int[] answers = {};
  private int batch = 10;
  private int candidates = Integer.MAX_VALUE;
  private long seed;

  private ActiveLearning(Dataset pool, Oracle oracle, Acquisition acquisition) {
    if (oracle == null || acquisition == null) {
      throw new IllegalArgumentException(
          "oracle and acquisition must not be null: use for example Acquisition.bald()");
    }
    this.pool = pool;
    this.oracle = oracle;
    this.acquisition = acquisition;
  }

  /** A pool whose labels are known, but shown to the model only when it asks. */
  public static ActiveLearning on(Dataset pool, Acquisition acquisition) {
    if (pool == null || !pool.isClassification()) {
      throw new IllegalArgumentException("pool must be a data set with labels, got " + pool);
    }
    Oracle labels = rows -> Arrays.stream(rows).map(pool::label).toArray();
    return new ActiveLearning(pool, labels, acquisition);
  }

  /**
   * A pool whose labels someone else knows.
   *
   * @param inputs {@code [N, columns]} row-major, finite
   * @param columns inputs a row
   * @param classes C
   */
  public static ActiveLearning on(
      float[] inputs, int columns, int classes, Oracle oracle, Acquisition acquisition) {
    if (inputs == null || columns < 1) {
      throw new IllegalArgumentException(
          "inputs must not be null and columns = " + columns + " at least 1");
    }
    int[] unknown = new int[inputs.length / columns];
    Dataset pool = Dataset.classification(inputs, columns, unknown, classes);
    return new ActiveLearning(pool, oracle, acquisition);
  }

  /** Examples asked for at once (10). */
  public ActiveLearning batch(int examples) {
    this.batch = positive("batch", examples);
    return this;
  }

  /** Examples among which each round chooses: so many of the pool at random (all). */
  public ActiveLearning candidates(int examples) {
    this.candidates = positive("candidates", examples);
    return this;
  }

  /** Seed of candidates, random choices and ties (0). */
  public ActiveLearning seed(long key) {
    this.seed = key;
    return this;
  }

  /**
   * Asks for the labels of these rows and takes them out of the pool: what to start from, or the
   * {@link #acquired()} of a learning to go on with.
   *
   * @throws IllegalArgumentException if a row does not exist or was acquired before, or the oracle
   *     gives another number of labels or one that is no class; nothing is acquired then
   */
  public void acquire(int... rows) {
    if (rows == null) {
      throw new IllegalArgumentException("rows is null: pass rows of the pool");
    }
    BitSet after = (BitSet) asked.clone();
    for (int row : rows) {
      if (row < 0 || row >= pool.rows()) {
        throw new IllegalArgumentException(
            "row %d is not in 0..%d, the rows of the pool".formatted(row, pool.rows() - 1));
      }
      if (after.get(row)) {
        throw new IllegalArgumentException(
            "row %d was acquired before; pass rows that are left".formatted(row));
      }
      after.set(row);
    }
    int[] labels = oracle.label(rows.clone());
    if (labels == null) {
      throw new IllegalArgumentException(
          "the oracle gave null for %d rows: return one label for each".formatted(rows.length));
    }
    if (labels.length != rows.length) {
      throw new IllegalArgumentException(
          "the oracle gave %d labels for %d rows: return one for each"
              .formatted(labels.length, rows.length));
    }
    for (int i = 0; i < rows.length; i++) {
      if (labels[i] < 0 || labels[i] >= pool.classes()) {
        throw new IllegalArgumentException(
            "the oracle's label %d of row %d is not in 0..%d"
                .formatted(labels[i], rows[i], pool.classes() - 1));
      }
    }
    asked.or(after);
    acquired = joined(acquired, rows);
    answers = joined(answers, labels);
  }

  /** As {@link #acquire}, for so many rows at random, or all that are left. */
  public void acquireRandom(int count) {
    positive("count", count);
    acquire(someLeft(count, random()));
  }

  /** Rows of the pool in the order in which they were acquired. */
  public int[] acquired() {
    return acquired.clone();
  }

  /** Examples left in the pool. */
  public int remaining() {
    return pool.rows() - acquired.length;
  }

  /** The examples acquired so far, with the oracle's labels. */
  public Dataset labelled() {
    return Dataset.classification(
        pool.select(acquired).inputs(), pool.columns(), answers, pool.classes());
  }

  /**
   * What to ask next: rows still in the pool, as many as a batch or as are left. Acquires nothing.
   *
   * @param model as trained on {@link #labelled()}
   */
  public int[] ask(Learner model) {
    if (model == null) {
      throw new IllegalArgumentException("model is null: pass a trained learner");
    }
    SplittableRandom random = random();
    int[] rows = someLeft(candidates, random);
    int[] chosen =
        acquisition.choose(new PoolCandidates(rows, model), Math.min(batch, rows.length), random);
    return Arrays.stream(chosen).map(i -> rows[i]).toArray();
  }

  /**
   * Trains, asks, acquires, and so on; the model ends trained on all that was acquired.
   *
   * @param rounds batches to ask for; less if the pool runs out
   * @param goOn told after every training; false ends the learning there
   * @throws IllegalStateException if nothing was acquired to start from
   */
  public void run(Learner model, int rounds, Predicate<Round> goOn) {
    if (model == null || goOn == null) {
      throw new IllegalArgumentException("model and goOn must not be null");
    }
    positive("rounds", rounds);
    if (acquired.length == 0) {
      throw new IllegalStateException(
          "no example is labelled yet: call acquire or acquireRandom first");
    }
    for (int n = 0; ; n++) {
      Dataset labelled = labelled();
      model.train(labelled);
      boolean more = goOn.test(new Round(n, labelled, remaining()));
      if (!more || n == rounds || remaining() == 0) {
        return;
      }
      acquire(ask(model));
    }
  }

  private SplittableRandom random() {
    return new SplittableRandom(new SplittableRandom(seed).nextLong() + acquired.length);
  }

  private int[] someLeft(int count, SplittableRandom random) {
    int[] left = new int[remaining()];
    int n = 0;
    for (int row = asked.nextClearBit(0); row < pool.rows(); row = asked.nextClearBit(row + 1)) {
      left[n++] = row;
    }
    int some = Math.min(count, left.length);
    for (int i = 0; i < some; i++) {
      int j = i + random.nextInt(left.length - i);
      int row = left[j];
      left[j] = left[i];
      left[i] = row;
    }
    return Arrays.copyOf(left, some);
  }

  private static int[] joined(int[] a, int[] b) {
    int[] both = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, both, a.length, b.length);
    return both;
  }

  private static int positive(String name, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(name + " = " + value + " must be at least 1");
    }
    return value;
  }

  /** Rows of the pool, seen through the model. */
  private final class PoolCandidates implements Candidates {
    private final int[] rows;
    private final Learner model;

    PoolCandidates(int[] rows, Learner model) {
      this.rows = rows;
      this.model = model;
    }

    @Override
    public int size() {
      return rows.length;
    }

    @Override
    public float[][][] draws(int from, int to) {
      float[][][] draws = model.draws(pool.select(Arrays.copyOfRange(rows, from, to)).inputs());
      boolean there = draws != null && draws.length > 0;
      for (int s = 0; there && s < draws.length; s++) {
        there = draws[s] != null && draws[s].length == to - from;
      }
      if (!there) {
        throw new IllegalStateException(
            ("the learner's draws for %d rows are not [S][%d][C]: it must give the probabilities of"
                    + " every row in every weight sample")
                .formatted(to - from, to - from));
      }
      return draws;
    }
  }
}
