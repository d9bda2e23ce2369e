package org.bhn.train;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** Schedules over epochs, and what tells one training from another. */
class FitTest {
  /**
   * From 0.001 in equal parts to 1 within the share of the way from the first epoch to the last.
   */
  @Test
  void theKlWeightRises() {
    Fit fit = Fit.epochs(10).klWarmup(0.5).temperature(0.8);
    assertEquals(0.8 * 0.001, fit.klWeight(0), 1e-15);
    assertEquals(0.8 * (0.001 + 0.999 * 3 / 4.5), fit.klWeight(3), 1e-15);
    assertEquals(0.8, fit.klWeight(5));
    assertEquals(0.8, fit.klWeight(9));
    assertEquals(0.8 * (0.5 + 0.5 * 3 / 4.5), fit.klWarmup(0.5, 0.5).klWeight(3), 1e-15);
  }

  @Test
  void fromAStartAboveOneItFallsGeometrically() {
    Fit fit = Fit.epochs(10).klWarmup(0.5, 16).temperature(0.8);
    assertEquals(0.8 * 16, fit.klWeight(0), 1e-14);
    assertEquals(0.8 * Math.pow(16, 1 - 3 / 4.5), fit.klWeight(3), 1e-14);
    assertEquals(0.8, fit.klWeight(5));
  }

  @Test
  void theLastEpochHasAllOfIt() {
    assertEquals(1, Fit.epochs(4).klWeight(0));
    assertEquals(1, Fit.epochs(1).klWarmup(0.5).klWeight(0));
    assertEquals(1, Fit.epochs(4).klWarmup(1).klWeight(3));
    assertEquals(0.001 + 0.999 * 2 / 3, Fit.epochs(4).klWarmup(1).klWeight(2), 1e-15);
  }

  @Test
  void theLearningRateFalls() {
    assertEquals(2, Fit.epochs(10).learningRate(2.0).decay(0.01).learningRate(0));
    assertEquals(0.02, Fit.epochs(10).learningRate(2.0).decay(0.01).learningRate(9), 1e-15);
    assertEquals(2 * 0.1, Fit.epochs(3).learningRate(2.0).decay(0.01).learningRate(1), 1e-15);
    assertEquals(2, Fit.epochs(1).learningRate(2.0).decay(0.01).learningRate(0));
  }

  /** Whatever changes a training's course tells its checkpoint from others. */
  @Test
  void everySettingIsPartOfTheIdentity() {
    List<UnaryOperator<Fit>> changes =
        List.of(
            f -> f.batch(7),
            f -> f.samples(2),
            f -> f.perExample(true),
            f -> f.learningRate(0.5),
            f -> f.decay(0.5),
            f -> f.adam(0.8, 0.999, 1e-8),
            f -> f.adam(0.9, 0.99, 1e-8),
            f -> f.adam(0.9, 0.999, 1e-7),
            f -> f.clip(1, 5),
            f -> f.clip(10, 1),
            f -> f.klWarmup(0.5),
            f -> f.klWarmup(0, 0.5),
            f -> f.temperature(0.5),
            f -> f.initialise(true),
            f -> f.validationSamples(3),
            f -> f.validationEvery(2),
            f -> f.patience(3),
            f -> f.select(Fit.Selection.ACCURACY, true),
            f -> f.select(Fit.Selection.LOG_LIKELIHOOD, false));
    Set<Object> all = new HashSet<>();
    all.add(Fit.epochs(4).toMap());
    all.add(Fit.epochs(5).toMap());
    changes.forEach(change -> all.add(change.apply(Fit.epochs(4)).toMap()));
    assertEquals(changes.size() + 2, all.size());
  }
}
