package org.bhn.bench;

import java.util.SplittableRandom;
import org.bhn.Bhn;
import org.bhn.backend.Backend;
import org.bhn.data.Dataset;
import org.bhn.flow.Flows;
import org.bhn.posterior.Posterior;
import org.bhn.train.Fit;

/**
 * The work that is timed everywhere: a 784-800-800-10 ReLU classifier whose 1610 gains come from an
 * affine flow and 8 steps of IAF of width 200; Adam with both clips, N = 5,000. Times do not depend
 * on the values, so the images are noise.
 */
final class Work {
  static final int PIXELS = 784;
  static final int CLASSES = 10;
  static final int ROWS = 5_000;
  static final int FLOW_STEPS = 8;

  private Work() {}

  static Dataset data() {
    SplittableRandom random = new SplittableRandom(1);
    float[] images = new float[ROWS * PIXELS];
    int[] labels = new int[ROWS];
    for (int i = 0; i < images.length; i++) {
      images[i] = (float) random.nextDouble();
    }
    for (int i = 0; i < ROWS; i++) {
      labels[i] = random.nextInt(CLASSES);
    }
    return Dataset.classification(images, PIXELS, labels, CLASSES);
  }

  /** The model; without flow steps only the affine flow is left. */
  static Bhn model(Backend backend, int flowSteps) {
    return Bhn.classifier(PIXELS, CLASSES)
        .hidden(800, 800)
        .posterior(Posterior.weightNorm(flowSteps == 0 ? Flows.affine() : Flows.iaf(flowSteps)))
        .seed(1)
        .build(backend);
  }

  /** A training without start-up work of its own. */
  static Fit fit(int epochs, int batch, int samples) {
    return Fit.epochs(epochs).batch(batch).samples(samples).clip(10, 5).initialise(false);
  }

  static int stepsPerEpoch(int batch) {
    return (ROWS + batch - 1) / batch;
  }
}
