package org.bhn.bench;

import java.util.List;
import java.util.Map;
import org.bhn.backend.AdamState;
import org.bhn.backend.Backend;
import org.bhn.backend.Conditioner;
import org.bhn.backend.MadeGradient;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;

/** A conditioner of {@link Work}'s flow: forward, backward, and its parameters' update. */
final class MadeWork {
  private final Conditioner net;
  private final Tensor z;
  private final Tensor params;
  private final Tensor heads;
  private final Tensor hidden;
  private final Tensor products;
  private final Tensor r;
  private final Tensor factors;
  private final Backend backend;

  private MadeWork(OpWork.Tensors t, int samples) {
    backend = t.backend;
    net = Conditioner.autoregressive(backend, OpWork.DIM, OpWork.HIDDEN, true);
    z = t.reals(samples, OpWork.DIM);
    params = t.reals(net.parameterCount());
    heads = t.reals(samples, 2 * OpWork.DIM);
    hidden = t.reals(samples, OpWork.HIDDEN);
    products = t.reals(samples, net.rows());
    r = t.reals(net.rows());
    factors = t.reals(net.factorCount(samples));
    forward();
  }

  private void forward() {
    backend.made(heads, hidden, products, r, z, params, net);
  }

  private void backward(Tensor dZ) {
    backend.madeBackward(dZ, factors, heads, z, hidden, products, r, params, net);
  }

  /** All of the forward, norms of rows included. */
  static OpWork forward(OpWork.Tensors t, int samples) {
    MadeWork m = new MadeWork(t, samples);
    return new OpWork(4.0 * m.net.weights(), (2.0 * samples + 2) * m.net.weights(), m::forward);
  }

  /** The two products of a conditioner with zeros where it sees nothing, without the rest of it. */
  static OpWork dense(OpWork.Tensors t, int samples) {
    Runnable hidden = OpWork.matmul(t, samples, OpWork.DIM, OpWork.HIDDEN).call();
    Runnable heads = OpWork.matmul(t, samples, OpWork.HIDDEN, 2 * OpWork.DIM).call();
    double weights =
        Conditioner.autoregressive(t.backend, OpWork.DIM, OpWork.HIDDEN, true).weights();
    return new OpWork(
        4.0 * weights,
        2.0 * samples * weights,
        () -> {
          hidden.run();
          heads.run();
        });
  }

  /** The backward, with the gradient of the input. */
  static OpWork backward(OpWork.Tensors t, int samples) {
    MadeWork m = new MadeWork(t, samples);
    Tensor dZ = t.reals(samples, OpWork.DIM);
    return new OpWork(4.0 * m.net.weights(), 4.0 * samples * m.net.weights(), () -> m.backward(dZ));
  }

  /** Adam, with the gradient in factors or written out before. */
  static OpWork adam(OpWork.Tensors t, boolean factored) {
    MadeWork m = new MadeWork(t, 1);
    int n = m.net.parameterCount();
    m.backward(null);
    Tensor hyper = t.reals(6);
    t.backend.upload(hyper, new double[] {1e-9, 0.9, 0.999, 1e-8, 10, 5});
    MadeGradient gradient = new MadeGradient(m.factors, m.z, m.hidden, m.net);
    Tensor written = t.reals(n);
    Tensor second = t.reals(n);
    t.backend.fill(second, 1);
    AdamState state =
        new AdamState(
            List.of(m.params),
            List.of(written),
            List.of(t.reals(n)),
            List.of(second),
            t.counter(),
            hyper,
            t.backend.allocate(DType.REAL, 2), // a negative value would stop the steps
            factored ? Map.of(0, gradient) : Map.of());
    Runnable writeOut =
        () -> {
          t.backend.fill(written, 0);
          t.backend.madeGradient(written, m.factors, m.z, m.hidden, m.params, m.net);
        };
    return new OpWork(
        24.0 * n,
        (factored ? 19.0 : 15.0) * n,
        () -> {
          if (!factored) {
            writeOut.run();
          }
          t.backend.adam(state);
        });
  }
}
