package org.bhn.active;

import java.util.function.IntFunction;
import java.util.function.LongFunction;
import org.bhn.Bhn;
import org.bhn.data.Dataset;
import org.bhn.train.Fit;

/** A {@link Bhn} as a learner. */
public final class BhnLearner implements Learner, AutoCloseable {
  private final LongFunction<Bhn> models;
  private final IntFunction<Fit> fits;
  private final boolean warm;
  private int samples = 100;
  private Bhn model;
  private long seed;

  private BhnLearner(LongFunction<Bhn> models, IntFunction<Fit> fits, boolean warm) {
    if (models == null || fits == null) {
      throw new IllegalArgumentException("models and fits must not be null");
    }
    this.models = models;
    this.fits = fits;
    this.warm = warm;
  }

  /**
   * One model, trained further on each round's examples.
   *
   * @param models builds a classifier, given the number of labelled examples: a seed
   * @param fits how to train on so many examples; without a checkpoint
   */
  public static BhnLearner warm(LongFunction<Bhn> models, IntFunction<Fit> fits) {
    return new BhnLearner(models, fits, true);
  }

  /**
   * A new model in each round, so that a resumed learning goes on to the same choices.
   *
   * @param models builds a classifier, given the number of labelled examples: a seed for those who
   *     want other initial values in each round
   * @param fits how to train on so many examples; without a checkpoint
   */
  public static BhnLearner cold(LongFunction<Bhn> models, IntFunction<Fit> fits) {
    return new BhnLearner(models, fits, false);
  }

  /** Weight samples that a choice looks at (100). */
  public BhnLearner samples(int count) {
    if (count < 1) {
      throw new IllegalArgumentException("samples = " + count + " must be at least 1");
    }
    samples = count;
    return this;
  }

  /**
   * The model as last trained; closed by the next cold start and by {@link #close}.
   *
   * @throws IllegalStateException before the first training
   */
  public Bhn model() {
    if (model == null) {
      throw new IllegalStateException("there is no model yet: call train first");
    }
    return model;
  }

  @Override
  public void train(Dataset labelled) {
    if (model == null || !warm) {
      close();
      model = models.apply(labelled.rows());
    }
    model.fit(labelled, fits.apply(labelled.rows()));
    seed = labelled.rows();
  }

  @Override
  public float[][][] draws(float[] inputs) {
    return model().sampleProbabilities(inputs, samples, seed);
  }

  @Override
  public void close() {
    if (model != null) {
      model.close();
      model = null;
    }
  }
}
