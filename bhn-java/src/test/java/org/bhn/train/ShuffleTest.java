package org.bhn.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.bhn.Bhn;
import org.bhn.backend.Backend;
import org.bhn.backend.Backends;
import org.bhn.backend.Device;
import org.bhn.bayes.Likelihood;
import org.bhn.data.Dataset;
import org.bhn.posterior.Posterior;
import org.bhn.tensor.Tensor;
import org.junit.jupiter.api.Test;

/** Every epoch sees the rows in an order that has nothing to do with those before. */
class ShuffleTest {
  private static final int BATCH = 32;

  /** Nothing but the order. */
  private static final class Order extends TrainingData {
    Order(int rows) {
      super(null, rows);
    }

    /** Of each row, the batch it is in. */
    int[] batches(long seed, long progress) {
      shuffle(seed, progress);
      int[] batch = new int[permutation.length];
      for (int i = 0; i < permutation.length; i++) {
        batch[permutation[i]] = i / BATCH;
      }
      return batch;
    }

    @Override
    void begin() {}

    @Override
    void prepare(int batch) {}

    @Override
    Tensor nextInputs(int batch) {
      return null;
    }

    @Override
    Tensor nextTargets(int batch) {
      return null;
    }

    @Override
    void advance(int batch) {}

    @Override
    void back(int rows) {}
  }

  /**
   * Of all pairs that share a batch, a share of (B − 1)/(N − 1) shares one again: about 480 pairs
   * of 60,000 rows, ± 22.
   */
  @Test
  void batchMatesPart() {
    int rows = 60_000;
    int steps = rows / BATCH;
    Order order = new Order(rows);
    for (long seed = 0; seed < 10; seed++) {
      for (int lag = 1; lag <= 2; lag++) {
        int[] before = order.batches(seed, 3L * steps);
        int[] rowsOf = order.permutation.clone();
        int[] after = order.batches(seed, (3L + lag) * steps);
        int again = 0;
        for (int i = 0; i < rows; i++) {
          for (int j = i + 1; j < rows && before[rowsOf[j]] == before[rowsOf[i]]; j++) {
            again += after[rowsOf[j]] == after[rowsOf[i]] ? 1 : 0;
          }
        }
        double expected = (BATCH - 1) / 2.0 * rows * (BATCH - 1) / (rows - 1);
        assertEquals(expected, again, 6 * Math.sqrt(expected), "seed " + seed + " lag " + lag);
      }
    }
  }

  /** One input a row and steps of single rows: the weight that moves is that of the row. */
  @Test
  void aTrainingThatGoesOnSeesAnotherOrder() {
    int rows = 12;
    float[] x = new float[rows * rows];
    float[] y = new float[rows];
    for (int i = 0; i < rows; i++) {
      x[i * rows + i] = 1;
      y[i] = 100;
    }
    Dataset data = Dataset.regression(x, rows, y, 1);
    List<List<Integer>> orders = new ArrayList<>();
    try (Backend backend = Backends.open(Device.JAVA);
        Bhn model =
            Bhn.of(rows, Likelihood.gaussian(1, 1))
                .bias(false)
                .posterior(Posterior.point())
                .build(backend)) {
      for (int fit = 0; fit < 3; fit++) {
        Moved moved = new Moved(model);
        model.fit(data, Fit.epochs(1).batch(1).adam(0, 0, 1e-8).listener(moved));
        assertEquals(rows, new HashSet<>(moved.order).size(), "a permutation: " + moved.order);
        orders.add(moved.order);
      }
    }
    assertNotEquals(orders.get(0), orders.get(1));
    assertNotEquals(orders.get(0), orders.get(2));
    assertNotEquals(orders.get(1), orders.get(2));
  }

  /** Which weight each step has moved. */
  private static final class Moved implements Listener {
    private final Bhn model;
    private final List<Integer> order = new ArrayList<>();
    private double[] weights;

    Moved(Bhn model) {
      this.model = model;
      this.weights = model.network().params().get(0).get();
    }

    @Override
    public void onStep(int epoch, int step, int stepsPerEpoch) {
      double[] now = model.network().params().get(0).get();
      for (int i = 0; i < now.length; i++) {
        if (now[i] != weights[i]) {
          order.add(i);
        }
      }
      weights = now;
    }

    @Override
    public void onEpoch(Epoch epoch) {}
  }
}
