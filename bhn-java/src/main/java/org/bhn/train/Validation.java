package org.bhn.train;

import org.bhn.backend.Precision;
import org.bhn.bayes.BayesianNetwork;
import org.bhn.data.Dataset;
import org.bhn.predict.Predictor;

/** Judges a network on data that it is not trained on, with the same draws of noise each time. */
final class Validation implements AutoCloseable {
  /** Where there was none. */
  static final Result NONE = new Result(Double.NaN, Double.NaN);

  private final Fit fit;
  private final Predictor predictor;
  private final float[] inputs;
  private final int[] labels; // null of real targets
  private final float[] targets; // null of labels
  private final long seed;

  Validation(BayesianNetwork net, Fit fit) {
    Dataset data = fit.validation;
    boolean classes = net.likelihood().classes() > 0;
    this.fit = fit;
    this.predictor = new Predictor(net.backend().fork(), net);
    this.inputs = data.inputs();
    this.labels = classes ? data.labels() : null;
    this.targets = classes ? null : data.targets();
    this.seed = net.seed() + 1;
  }

  /**
   * What an epoch has come to.
   *
   * @param logLik mean log predictive density, nats
   * @param accuracy share of correct labels; NaN without labels
   */
  record Result(double logLik, double accuracy) {
    boolean isBetterThan(Epoch other, Fit.Selection by) {
      if (by == Fit.Selection.ACCURACY && accuracy != other.validationAccuracy()) {
        return accuracy > other.validationAccuracy();
      }
      return logLik > other.validationLogLik();
    }
  }

  /** The judgement after an epoch, {@link #NONE} if it is not its turn. */
  Result after(int epoch) {
    boolean due = (epoch + 1) % fit.validationEvery == 0 || epoch == fit.epochs - 1;
    if (!due) {
      return NONE;
    }
    Predictor.Result result = predicted();
    double sum = 0;
    for (float ll : result.logPredictive()) {
      sum += ll;
    }
    return new Result(sum / fit.validation.rows(), accuracy(result));
  }

  private double accuracy(Predictor.Result result) {
    if (labels == null) {
      return Double.NaN;
    }
    int[] predicted = result.predictive().labels();
    int right = 0;
    for (int i = 0; i < labels.length; i++) {
      right += predicted[i] == labels[i] ? 1 : 0;
    }
    return (double) right / labels.length;
  }

  private Predictor.Result predicted() {
    try {
      return predictor.run(inputs, labels, targets, fit.validationSamples, seed, Precision.STRICT);
    } catch (IllegalArgumentException e) {
      // The user gave these inputs as validation data, and long before.
      throw new TrainingException("validation: " + e.getMessage());
    }
  }

  @Override
  public void close() {
    predictor.close();
  }
}
