package org.bhn.backend;

import java.util.List;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;

/**
 * A context on a device: its memory and one method for each op of {@code bhn.h}, with tensors
 * instead of pointers.
 *
 * <p>Rules shared by all ops, as in {@code bhn.h}: outputs come first; forward and inverse
 * overwrite their outputs; backward methods <em>add</em> into every gradient they are given, and a
 * null gradient is not wanted and is skipped; a gradient has the shape and the leading dimension of
 * its value. Other arguments may be null only where it is said. Letters: S weight samples, B
 * examples, rows ordered (s, b), D flow dimensions, H hidden units of a conditioner, C classes, O
 * outputs.
 *
 * <p>Every method checks shapes, types, liveness and the owner of its tensors before it touches
 * memory and throws {@link IllegalArgumentException} (naming the argument and its value) or {@link
 * IllegalStateException} (closed, stale, or used by two threads at once).
 *
 * <p>A backend is used by one thread at a time; {@link #fork()} gives another thread its own, on
 * the same memory. Scalars passed as Java values are frozen into a recorded {@link CallList}; what
 * changes between steps lives in tensors.
 */
public interface Backend extends AutoCloseable {

  // ---- plumbing ----

  /** The device this context computes on. */
  Device device();

  /** One line for people: device, SIMD level, library versions, threads. */
  String description();

  /**
   * Another context on the same device for another thread; sees the same memory, with all that was
   * written before. What one context writes later is seen by another after {@link #sync} or a
   * download of the first. What is allocated through the fork ends with it.
   */
  Backend fork();

  /**
   * Whether calls return before their work is done. Values and late errors are then known after
   * {@link #sync} or a download, and each look costs a wait.
   */
  default boolean isAsynchronous() {
    return false;
  }

  /** Bytes of the device that can still be allocated; as many as there are if it is the host. */
  default long freeMemory() {
    return Long.MAX_VALUE;
  }

  /** A way for batches from the host into a contiguous tensor, ahead of their use. */
  default Staging staging(Tensor to) {
    return new PlainStaging(this, to);
  }

  /** Zero-filled memory that lives until {@link #release}, or until this backend closes. */
  Tensor allocate(DType dtype, int... shape);

  /** Frees the memory behind a tensor of {@link #allocate}; the tensor and its views are stale. */
  void release(Tensor tensor);

  /** Memory of one step: taken in order, all given back at once. */
  Pool pool();

  /** Copies host values into a tensor, row by row. {@code values} has the tensor's size. */
  void upload(Tensor to, float[] values);

  /** As {@link #upload(Tensor, float[])}, from doubles (rounded where the device is f32). */
  void upload(Tensor to, double[] values);

  /** Copies host integers into an INT32 tensor. */
  void upload(Tensor to, int[] values);

  /** Sets all elements of an INT64 tensor. */
  void upload(Tensor to, long value);

  /** Copies a REAL tensor to the host, row by row; waits for the device. */
  void download(Tensor from, float[] values);

  /** As {@link #download(Tensor, float[])}, into doubles. */
  void download(Tensor from, double[] values);

  /** Copies an INT32 tensor to the host. */
  void download(Tensor from, int[] values);

  /** One element of a contiguous REAL tensor, without allocating; waits for the device. */
  double item(Tensor from, int index);

  /** The first element of an INT64 tensor. */
  long itemLong(Tensor from);

  /** Waits for the device and reports late errors. */
  void sync();

  /** Starts appending every call to a list, besides running it. */
  CallList record();

  /** Ends the recording. */
  void stopRecording();

  /**
   * Frees this backend and what was allocated through it; if it is not a fork, all memory of its
   * family. Calls that forks still make in other threads are waited for; later ones are refused.
   *
   * @throws IllegalStateException if another thread uses this backend itself
   */
  @Override
  void close();

  // ---- rng ----

  /** Uniforms in [0, 1): element {@code first + i} of the Philox stream at {@code counter}. */
  void uniform(Tensor out, Tensor counter, long first, long seed, long stream);

  /** Standard normals: element {@code first + i} of the Philox stream at {@code counter}. */
  void normal(Tensor out, Tensor counter, long first, long seed, long stream);

  /** {@code counter += delta}, on the device. */
  void advance(Tensor counter, long delta);

  // ---- elementwise ----

  /** {@code x = value}. */
  void fill(Tensor x, double value);

  /** {@code y = x}, equal shapes, any leading dimensions. */
  void copy(Tensor y, Tensor x);

  /** {@code y += alpha x}. */
  void axpy(Tensor y, Tensor x, double alpha);

  /** {@code y = a b}, elementwise, contiguous. */
  void mul(Tensor y, Tensor a, Tensor b);

  /** Gradients of {@link #mul}; {@code dA}, {@code dB} may be null. */
  void mulBackward(Tensor dA, Tensor dB, Tensor dY, Tensor a, Tensor b);

  /** {@code y = act(x)}, contiguous. */
  void activation(Tensor y, Tensor x, Activation activation);

  /** {@code dX += dY act'(x)}. */
  void activationBackward(Tensor dX, Tensor dY, Tensor x, Activation activation);

  /**
   * {@code y[i, :] = x[order[cursor + i], :]} for the rows of y; REAL or INT32 (labels, rank 1).
   * The cursor must leave enough entries in {@code order}, and its entries be rows of x.
   */
  void gather(Tensor y, Tensor x, Tensor order, Tensor cursor);

  /** {@code out[i] = Σ_j x[i, j]}. */
  void sumRows(Tensor out, Tensor x);

  /** {@code dX[i, j] += dOut[i]}. */
  void sumRowsBackward(Tensor dX, Tensor dOut);

  // ---- products (cuBLAS, oneDNN or plain loops) ----

  /**
   * {@code c = op(a) op(b) + beta c}, matrix views; op is the transpose where flagged. {@code beta}
   * is 0 or 1; with 0 the old c is not read.
   */
  void matmul(Tensor c, Tensor a, Tensor b, boolean transA, boolean transB, double beta);

  /**
   * One product for each sample: tensors are {@code [S, rows, columns]}; a or b of rank 2 serves
   * all samples; c of rank 2 receives the sum over samples.
   */
  void matmulBatched(Tensor c, Tensor a, Tensor b, boolean transA, boolean transB, double beta);

  /**
   * A constant matrix {@code [N, K]} made ready for many products. It belongs to this backend and
   * its thread, and is not recorded.
   */
  default PackedMatrix pack(Tensor v, Precision precision) {
    return new PlainMatrix(this, v);
  }

  // ---- images, channels last: a tensor of n·H·W·C elements is n images, each row a pixel ----

  /**
   * {@code y = x * w}: x {@code [n·H·W, in]}, w {@code [out, KH·KW·in]}, y {@code [n·OH·OW, out]}.
   */
  void conv(Tensor y, Tensor x, Tensor w, Convolution shape);

  /** Gradient of {@link #conv} by x; {@code beta} 1 adds it to the old dX, 0 overwrites. */
  void convInputs(Tensor dX, Tensor dY, Tensor w, Convolution shape, double beta);

  /** Gradient of {@link #conv} by w; {@code beta} 1 adds it to the old dW, 0 overwrites. */
  void convWeights(Tensor dW, Tensor dY, Tensor x, Convolution shape, double beta);

  /** As {@link #pack(Tensor, Precision)}, for the products {@code y = x * w} of convolutions. */
  default PackedMatrix pack(Tensor w, Convolution shape, Precision precision) {
    return new PlainFilters(this, w, shape);
  }

  /** The largest of each window. */
  void maxPool(Tensor y, Tensor x, Pooling shape);

  /** Gradient of {@link #maxPool}, which goes to the first largest; {@code dX} may be null. */
  void maxPoolBackward(Tensor dX, Tensor dY, Tensor x, Pooling shape);

  // ---- weightnorm ----

  /** {@code r[j] = 1/‖v[j, :]‖}, 0 for a row of zeros. */
  void weightNorm(Tensor r, Tensor v);

  /** {@code dV[j, :] −= dR[j] r[j]³ v[j, :]}. */
  void weightNormBackward(Tensor dV, Tensor dR, Tensor v, Tensor r);

  // ---- gain ----

  /**
   * The epilogue of a product: {@code y[s,b,j] = act(t g r + bias)}.
   *
   * @param y {@code [S·B, out]}, contiguous
   * @param t {@code [S·B, out]}, or {@code [B, out]} to serve all samples; contiguous
   * @param g {@code [S, out]} or, one draw per example, {@code [S·B, out]}; null is 1
   * @param r {@code [out]}; null is 1
   * @param bias {@code [out]}, or {@code [S, out]} as a matrix; null is 0
   * @param samples S
   */
  void gain(
      Tensor y, Tensor t, Tensor g, Tensor r, Tensor bias, int samples, Activation activation);

  /**
   * Gradients of {@link #gain}; any of the first four may be null. {@code beta} 1 adds that of t to
   * the old dT, 0 overwrites; the others are added to.
   */
  void gainBackward(
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
      double beta);

  // ---- flows ----

  /**
   * A conditioner network: {@code heads = MLP(z)}, {@code [shift | log-scale]}.
   *
   * @param heads {@code [S, 2·O]}
   * @param hidden {@code [S, H]}, kept for the backward
   * @param products {@code [S, R]}, each row's u · x, kept for the backward
   * @param r {@code [R]}, inverse row norms, kept for the backward
   * @param z {@code [S, I]}, any leading dimension
   * @param params one block, see {@link Conditioner}
   * @param net the sizes, what each row sees and whether rows are normalised
   */
  void made(
      Tensor heads,
      Tensor hidden,
      Tensor products,
      Tensor r,
      Tensor z,
      Tensor params,
      Conditioner net);

  /**
   * Gradients of {@link #made}. That of the parameters is left in factors, see {@link
   * MadeGradient}: write it out with {@link #madeGradient} or hand it to {@link #adam}.
   *
   * @param dZ added into; may be null
   * @param factors {@code [net.factorCount(S)]}, overwritten
   */
  void madeBackward(
      Tensor dZ,
      Tensor factors,
      Tensor dHeads,
      Tensor z,
      Tensor hidden,
      Tensor products,
      Tensor r,
      Tensor params,
      Conditioner net);

  /** Adds the gradient that {@code factors} stand for to {@code dParams}. */
  void madeGradient(
      Tensor dParams, Tensor factors, Tensor z, Tensor hidden, Tensor params, Conditioner net);

  /**
   * {@code y = m + s z}, {@code s = exp(a) + delta}, {@code logDet = logDetIn + Σ log s}, {@code
   * heads = [m | a]}. {@code logDetIn} may be null.
   */
  void coupling(Tensor y, Tensor logDet, Tensor z, Tensor heads, Tensor logDetIn, double delta);

  /**
   * Gradients of {@link #coupling}; {@code dZ}, {@code dHeads}, {@code dY}, {@code dLogDet} may be
   * null.
   */
  void couplingBackward(
      Tensor dZ, Tensor dHeads, Tensor dY, Tensor dLogDet, Tensor z, Tensor heads, double delta);

  /** {@code z = (y − m)/s}; {@code logDet} is that of the forward transform. */
  void couplingInverse(
      Tensor z, Tensor logDet, Tensor y, Tensor heads, Tensor logDetIn, double delta);

  /**
   * All steps of a flow at once, each a permutation, {@link #made} and {@link #coupling}: {@code
   * logDet = logDetIn + Σ log s} over all steps; {@code logDetIn} may be null.
   *
   * @param y {@code [S, D]}, contiguous
   * @param logDet {@code [S]}
   * @param z {@code [S, D]}, contiguous
   * @param steps at least one; what they keep is overwritten, their factors are not used
   */
  void flow(Tensor y, Tensor logDet, Tensor z, Tensor logDetIn, List<FlowStep> steps, double delta);

  /**
   * Gradients of {@link #flow}; {@code dZ}, {@code dY}, {@code dLogDet} may be null. Those of the
   * parameters are left in the steps' factors, which are overwritten, see {@link MadeGradient}.
   */
  void flowBackward(Tensor dZ, Tensor dY, Tensor dLogDet, List<FlowStep> steps, double delta);

  /** {@code y[s, j] = x[s, permutation[j]]}. */
  void permute(Tensor y, Tensor x, Tensor permutation);

  /** Gradient of {@link #permute}. */
  void permuteBackward(Tensor dX, Tensor dY, Tensor permutation);

  /** {@code z = s eps + b}, {@code s = exp(w) + delta}; {@code logDetIn} may be null. */
  void affine(
      Tensor z, Tensor logDet, Tensor eps, Tensor w, Tensor b, Tensor logDetIn, double delta);

  /** Gradients of {@link #affine}; the first five may be null. */
  void affineBackward(
      Tensor dEps,
      Tensor dW,
      Tensor dB,
      Tensor dZ,
      Tensor dLogDet,
      Tensor eps,
      Tensor w,
      double delta);

  /** {@code eps = (z − b)/s}; {@code logDet} is that of the forward transform. */
  void affineInverse(
      Tensor eps, Tensor logDet, Tensor z, Tensor w, Tensor b, Tensor logDetIn, double delta);

  // ---- likelihoods, {@code logLik} is [S·B], in nats ----

  /** {@code log softmax(logits)} at the label; labels {@code [B]} serve all samples. */
  void categorical(Tensor logLik, Tensor logits, Tensor labels);

  /** Gradient of {@link #categorical}. */
  void categoricalBackward(Tensor dLogits, Tensor dLogLik, Tensor logits, Tensor labels);

  /** Gaussian log-density, summed over outputs; mean {@code [S·B, O]}, target {@code [B, O]}. */
  void gaussian(
      Tensor logLik, Tensor mean, Tensor logVar, Tensor target, int samples, LogVariance mode);

  /** Gradients of {@link #gaussian}; {@code dMean}, {@code dLogVar} may be null. */
  void gaussianBackward(
      Tensor dMean,
      Tensor dLogVar,
      Tensor dLogLik,
      Tensor mean,
      Tensor logVar,
      Tensor target,
      int samples,
      LogVariance mode);

  /**
   * Student-t log-density of {@code degreesOfFreedom} ν in [0.01, 10⁶], summed over outputs; ½ of
   * {@code logVar} is the log of its scale.
   */
  void studentT(
      Tensor logLik,
      Tensor mean,
      Tensor logVar,
      Tensor target,
      int samples,
      LogVariance mode,
      double degreesOfFreedom);

  /** Gradients of {@link #studentT}; {@code dMean}, {@code dLogVar} may be null. */
  void studentTBackward(
      Tensor dMean,
      Tensor dLogVar,
      Tensor dLogLik,
      Tensor mean,
      Tensor logVar,
      Tensor target,
      int samples,
      LogVariance mode,
      double degreesOfFreedom);

  /** {@code Σ_o y x − softplus(x)}; target {@code [B, O]} in [0, 1]. */
  void bernoulli(Tensor logLik, Tensor logits, Tensor target);

  /** Gradient of {@link #bernoulli}. */
  void bernoulliBackward(Tensor dLogits, Tensor dLogLik, Tensor logits, Tensor target);

  /** {@code Σ_o y x − exp(x) − log Γ(y + 1)}, x the log of a rate; target {@code [B, O]} ≥ 0. */
  void poisson(Tensor logLik, Tensor logRate, Tensor target);

  /** Gradient of {@link #poisson}. */
  void poissonBackward(Tensor dLogRate, Tensor dLogLik, Tensor logRate, Tensor target);

  // ---- prior, elbo ----

  /** {@code logPrior[s] = logPriorIn[s] + Σ_d log p(w[s, d])}; {@code logPriorIn} may be null. */
  void prior(
      Tensor logPrior,
      Tensor w,
      Tensor logPriorIn,
      PriorKind kind,
      double p0,
      double p1,
      double p2);

  /** Gradient of {@link #prior}. */
  void priorBackward(
      Tensor dW, Tensor dLogPrior, Tensor w, PriorKind kind, double p0, double p1, double p2);

  /**
   * {@code items = [loss, mean logLik, mean logPrior, mean logDet]}, {@code loss = −mean logLik −
   * klScale (mean logPrior + mean logDet)}. {@code logPrior}, {@code logDet} may be null.
   */
  void elbo(Tensor items, Tensor logLik, Tensor logPrior, Tensor logDet, Tensor klScale);

  /** Gradients of the loss times {@code dLoss} (null: 1); the first three may be null. */
  void elboBackward(Tensor dLogLik, Tensor dLogPrior, Tensor dLogDet, Tensor dLoss, Tensor klScale);

  // ---- optimiser ----

  /** One Adam step over the tensors bound in the state; see {@link AdamState}. */
  void adam(AdamState state);

  // ---- predictive statistics, streamed over samples; see bhn.h ----

  /** Folds softmax(logits) {@code [S·B, C]} into mean, m2 {@code [B, C]}, entropy, votes. */
  void predictiveCategorical(
      Tensor mean, Tensor m2, Tensor entropy, Tensor votes, Tensor logits, long seen);

  /** Folds values {@code [S·B, O]} into mean and m2 {@code [B, O]}. */
  void predictiveMoments(Tensor mean, Tensor m2, Tensor values, long seen);

  /**
   * Folds {@code logLik [S·B]} into the running log predictive density {@code logMean [B, 2]}: the
   * sum of a row, whose first number is it in the backend's precision and whose second is what
   * rounding left.
   */
  void predictiveLogLik(Tensor logMean, Tensor logLik, long seen);

  // ---- dropout ----

  /** Inverted dropout; x is {@code [S·B, n]}, or {@code [B, n]} to serve all samples. */
  void dropout(
      Tensor y,
      Tensor x,
      Tensor counter,
      int samples,
      long firstRow,
      long seed,
      long stream,
      double rate);

  /** Gradient of {@link #dropout}; draws the mask again. */
  void dropoutBackward(
      Tensor dX,
      Tensor dY,
      Tensor counter,
      int samples,
      long firstRow,
      long seed,
      long stream,
      double rate);
}
