package org.bhn.backend;

import org.bhn.backend.HeapBuffer.Ints;
import org.bhn.backend.HeapBuffer.Longs;
import org.bhn.backend.HeapBuffer.Reals;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;

/**
 * The plain Java backend's ops up to the layers, and likelihoods: each is checked, bound to its
 * arrays, then run.
 */
abstract class JavaLayerOps extends JavaMemory {
  /** Where products copy blocks of an operand; one thread is inside a backend at a time. */
  private final double[] pack = new double[JavaProducts.PACK];

  JavaLayerOps(JavaMemory parent) {
    super(parent);
  }

  @Override
  public final void uniform(Tensor out, Tensor counter, long first, long seed, long stream) {
    CheckElementwise.uniform(this, out, counter, first, seed, stream);
    submit("uniform", JavaRng.uniform(Reals.of(out), Longs.of(counter), first, seed, stream));
  }

  @Override
  public final void normal(Tensor out, Tensor counter, long first, long seed, long stream) {
    CheckElementwise.normal(this, out, counter, first, seed, stream);
    submit("normal", JavaRng.normal(Reals.of(out), Longs.of(counter), first, seed, stream));
  }

  @Override
  public final void advance(Tensor counter, long delta) {
    CheckElementwise.advance(this, counter, delta);
    submit("advance", JavaRng.advance(Longs.of(counter), delta));
  }

  @Override
  public final void fill(Tensor x, double value) {
    CheckElementwise.fill(this, x, value);
    submit("fill", JavaElementwise.fill(Reals.of(x), value));
  }

  @Override
  public final void copy(Tensor y, Tensor x) {
    CheckElementwise.copy(this, y, x);
    submit("copy", JavaElementwise.copy(Reals.of(y), Reals.of(x)));
  }

  @Override
  public final void axpy(Tensor y, Tensor x, double alpha) {
    CheckElementwise.axpy(this, y, x, alpha);
    submit("axpy", JavaElementwise.axpy(Reals.of(y), Reals.of(x), alpha));
  }

  @Override
  public final void mul(Tensor y, Tensor a, Tensor b) {
    CheckElementwise.mul(this, y, a, b);
    submit("mul", JavaElementwise.mul(Reals.of(y), Reals.of(a), Reals.of(b)));
  }

  @Override
  public final void mulBackward(Tensor dA, Tensor dB, Tensor dY, Tensor a, Tensor b) {
    CheckElementwise.mulBackward(this, dA, dB, dY, a, b);
    submit(
        "mulBackward",
        JavaElementwise.mulBackward(
            Reals.of(dA), Reals.of(dB), Reals.of(dY), Reals.of(a), Reals.of(b)));
  }

  @Override
  public final void activation(Tensor y, Tensor x, Activation activation) {
    CheckElementwise.activation(this, y, x, activation);
    submit("activation", JavaElementwise.activation(Reals.of(y), Reals.of(x), activation));
  }

  @Override
  public final void activationBackward(Tensor dX, Tensor dY, Tensor x, Activation activation) {
    CheckElementwise.activationBackward(this, dX, dY, x, activation);
    submit(
        "activationBackward",
        JavaElementwise.activationBackward(Reals.of(dX), Reals.of(dY), Reals.of(x), activation));
  }

  @Override
  public final void gather(Tensor y, Tensor x, Tensor order, Tensor cursor) {
    CheckElementwise.gather(this, y, x, order, cursor);
    Ints rows = Ints.of(order);
    Longs from = Longs.of(cursor);
    submit(
        "gather",
        x.dtype() == DType.REAL
            ? JavaElementwise.gather(Reals.of(y), Reals.of(x), rows, from)
            : JavaElementwise.gather(Ints.of(y), Ints.of(x), rows, from));
  }

  @Override
  public final void sumRows(Tensor out, Tensor x) {
    CheckElementwise.sumRows(this, out, x);
    submit("sumRows", JavaElementwise.sumRows(Reals.of(out), Reals.of(x)));
  }

  @Override
  public final void sumRowsBackward(Tensor dX, Tensor dOut) {
    CheckElementwise.sumRowsBackward(this, dX, dOut);
    submit("sumRowsBackward", JavaElementwise.sumRowsBackward(Reals.of(dX), Reals.of(dOut)));
  }

  @Override
  public final void matmul(
      Tensor c, Tensor a, Tensor b, boolean transA, boolean transB, double beta) {
    CheckElementwise.matmul(this, c, a, b, transA, transB, beta);
    submit("matmul", JavaProducts.matmul(c, a, b, transA, transB, beta, pack));
  }

  @Override
  public final void matmulBatched(
      Tensor c, Tensor a, Tensor b, boolean transA, boolean transB, double beta) {
    CheckElementwise.matmulBatched(this, c, a, b, transA, transB, beta);
    submit("matmulBatched", JavaProducts.matmulBatched(c, a, b, transA, transB, beta, pack));
  }

  @Override
  public final void conv(Tensor y, Tensor x, Tensor w, Convolution shape) {
    int n = CheckImages.conv(this, y, x, w, shape);
    submit("conv", JavaImages.conv(Reals.of(y), Reals.of(x), Reals.of(w), shape, n));
  }

  @Override
  public final void convInputs(Tensor dX, Tensor dY, Tensor w, Convolution shape, double beta) {
    int n = CheckImages.convInputs(this, dX, dY, w, shape, beta);
    submit(
        "convInputs",
        JavaImages.convInputs(Reals.of(dX), Reals.of(dY), Reals.of(w), shape, n, beta));
  }

  @Override
  public final void convWeights(Tensor dW, Tensor dY, Tensor x, Convolution shape, double beta) {
    int n = CheckImages.convWeights(this, dW, dY, x, shape, beta);
    submit(
        "convWeights",
        JavaImages.convWeights(Reals.of(dW), Reals.of(dY), Reals.of(x), shape, n, beta));
  }

  @Override
  public final void maxPool(Tensor y, Tensor x, Pooling shape) {
    int n = CheckImages.maxPool(this, y, x, shape);
    submit("maxPool", JavaImages.maxPool(Reals.of(y), Reals.of(x), shape, n));
  }

  @Override
  public final void maxPoolBackward(Tensor dX, Tensor dY, Tensor x, Pooling shape) {
    int n = CheckImages.maxPoolBackward(this, dX, dY, x, shape);
    submit(
        "maxPoolBackward",
        JavaImages.maxPoolBackward(Reals.of(dX), Reals.of(dY), Reals.of(x), shape, n));
  }

  @Override
  public final void weightNorm(Tensor r, Tensor v) {
    CheckLayers.weightNorm(this, r, v);
    submit("weightNorm", JavaLayers.weightNorm(Reals.of(r), Reals.of(v)));
  }

  @Override
  public final void weightNormBackward(Tensor dV, Tensor dR, Tensor v, Tensor r) {
    CheckLayers.weightNormBackward(this, dV, dR, v, r);
    submit(
        "weightNormBackward",
        JavaLayers.weightNormBackward(Reals.of(dV), Reals.of(dR), Reals.of(v), Reals.of(r)));
  }

  @Override
  public final void gain(
      Tensor y, Tensor t, Tensor g, Tensor r, Tensor bias, int samples, Activation activation) {
    CheckLayers.gain(this, y, t, g, r, bias, samples, activation);
    submit("gain", JavaLayers.gain(Reals.of(y), gainInputs(y, t, g, r, bias, samples, activation)));
  }

  @Override
  public final void gainBackward(
      Tensor dT,
      Tensor dG,
      Tensor dR,
      Tensor dBias,
      Tensor dY,
      Tensor t,
      Tensor g,
      Tensor r,
      Tensor bias,
      int samples,
      Activation activation,
      double beta) {
    CheckLayers.gainBackward(this, dT, dG, dR, dBias, dY, t, g, r, bias, samples, activation, beta);
    submit(
        "gainBackward",
        JavaLayers.gainBackward(
            Reals.of(dT),
            Reals.of(dG),
            Reals.of(dR),
            Reals.of(dBias),
            Reals.of(dY),
            gainInputs(dY, t, g, r, bias, samples, activation),
            beta));
  }

  @Override
  public final void dropout(
      Tensor y,
      Tensor x,
      Tensor counter,
      int samples,
      long firstRow,
      long seed,
      long stream,
      double rate) {
    CheckElementwise.dropout(this, y, x, counter, samples, firstRow, seed, stream, rate);
    submit(
        "dropout",
        JavaDropout.dropout(
            Reals.of(y),
            Reals.of(x),
            new JavaDropout.Mask(Longs.of(counter), samples, firstRow, seed, stream, rate)));
  }

  @Override
  public final void dropoutBackward(
      Tensor dX,
      Tensor dY,
      Tensor counter,
      int samples,
      long firstRow,
      long seed,
      long stream,
      double rate) {
    CheckElementwise.dropoutBackward(this, dX, dY, counter, samples, firstRow, seed, stream, rate);
    submit(
        "dropoutBackward",
        JavaDropout.dropoutBackward(
            Reals.of(dX),
            Reals.of(dY),
            new JavaDropout.Mask(Longs.of(counter), samples, firstRow, seed, stream, rate)));
  }

  @Override
  public final void categorical(Tensor logLik, Tensor logits, Tensor labels) {
    CheckLikelihoods.categorical(this, logLik, logits, labels);
    submit(
        "categorical",
        JavaLikelihoods.categorical(Reals.of(logLik), Reals.of(logits), Ints.of(labels)));
  }

  @Override
  public final void categoricalBackward(
      Tensor dLogits, Tensor dLogLik, Tensor logits, Tensor labels) {
    CheckLikelihoods.categoricalBackward(this, dLogits, dLogLik, logits, labels);
    submit(
        "categoricalBackward",
        JavaLikelihoods.categoricalBackward(
            Reals.of(dLogits), Reals.of(dLogLik), Reals.of(logits), Ints.of(labels)));
  }

  @Override
  public final void gaussian(
      Tensor logLik, Tensor mean, Tensor logVar, Tensor target, int samples, LogVariance mode) {
    CheckLikelihoods.gaussian(this, logLik, mean, logVar, target, samples, mode);
    submit(
        "gaussian",
        JavaLikelihoods.gaussian(
            Reals.of(logLik), Reals.of(mean), Reals.of(logVar), Reals.of(target), mode));
  }

  @Override
  public final void gaussianBackward(
      Tensor dMean,
      Tensor dLogVar,
      Tensor dLogLik,
      Tensor mean,
      Tensor logVar,
      Tensor target,
      int samples,
      LogVariance mode) {
    CheckLikelihoods.gaussianBackward(
        this, dMean, dLogVar, dLogLik, mean, logVar, target, samples, mode);
    submit(
        "gaussianBackward",
        JavaLikelihoods.gaussianBackward(
            Reals.of(dMean),
            Reals.of(dLogVar),
            Reals.of(dLogLik),
            Reals.of(mean),
            Reals.of(logVar),
            Reals.of(target),
            mode));
  }

  @Override
  public final void studentT(
      Tensor logLik,
      Tensor mean,
      Tensor logVar,
      Tensor target,
      int samples,
      LogVariance mode,
      double degreesOfFreedom) {
    CheckLikelihoods.studentT(this, logLik, mean, logVar, target, samples, mode, degreesOfFreedom);
    submit(
        "studentT",
        JavaLikelihoods.studentT(
            Reals.of(logLik),
            Reals.of(mean),
            Reals.of(logVar),
            Reals.of(target),
            mode,
            degreesOfFreedom));
  }

  @Override
  public final void studentTBackward(
      Tensor dMean,
      Tensor dLogVar,
      Tensor dLogLik,
      Tensor mean,
      Tensor logVar,
      Tensor target,
      int samples,
      LogVariance mode,
      double degreesOfFreedom) {
    CheckLikelihoods.studentTBackward(
        this, dMean, dLogVar, dLogLik, mean, logVar, target, samples, mode, degreesOfFreedom);
    submit(
        "studentTBackward",
        JavaLikelihoods.studentTBackward(
            Reals.of(dMean),
            Reals.of(dLogVar),
            Reals.of(dLogLik),
            Reals.of(mean),
            Reals.of(logVar),
            Reals.of(target),
            mode,
            degreesOfFreedom));
  }

  @Override
  public final void bernoulli(Tensor logLik, Tensor logits, Tensor target) {
    CheckLikelihoods.bernoulli(this, logLik, logits, target);
    submit(
        "bernoulli",
        JavaLikelihoods.bernoulli(Reals.of(logLik), Reals.of(logits), Reals.of(target)));
  }

  @Override
  public final void bernoulliBackward(
      Tensor dLogits, Tensor dLogLik, Tensor logits, Tensor target) {
    CheckLikelihoods.bernoulliBackward(this, dLogits, dLogLik, logits, target);
    submit(
        "bernoulliBackward",
        JavaLikelihoods.bernoulliBackward(
            Reals.of(dLogits), Reals.of(dLogLik), Reals.of(logits), Reals.of(target)));
  }

  @Override
  public final void poisson(Tensor logLik, Tensor logRate, Tensor target) {
    CheckLikelihoods.poisson(this, logLik, logRate, target);
    submit(
        "poisson", JavaLikelihoods.poisson(Reals.of(logLik), Reals.of(logRate), Reals.of(target)));
  }

  @Override
  public final void poissonBackward(
      Tensor dLogRate, Tensor dLogLik, Tensor logRate, Tensor target) {
    CheckLikelihoods.poissonBackward(this, dLogRate, dLogLik, logRate, target);
    submit(
        "poissonBackward",
        JavaLikelihoods.poissonBackward(
            Reals.of(dLogRate), Reals.of(dLogLik), Reals.of(logRate), Reals.of(target)));
  }

  private static JavaLayers.Gain gainInputs(
      Tensor y, Tensor t, Tensor g, Tensor r, Tensor bias, int samples, Activation activation) {
    return new JavaLayers.Gain(
        Reals.of(t),
        Reals.of(g),
        Reals.of(r),
        Reals.of(bias),
        samples,
        y.rows() / samples,
        CheckLayers.sharedProduct(y, t),
        CheckLayers.perExample(y, g, samples),
        CheckLayers.perSampleBias(bias),
        activation);
  }
}
