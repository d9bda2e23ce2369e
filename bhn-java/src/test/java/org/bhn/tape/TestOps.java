package org.bhn.tape;

import org.bhn.backend.Activation;
import org.bhn.backend.Backend;
import org.bhn.backend.Conditioner;
import org.bhn.backend.MadeGradient;
import org.bhn.tensor.Tensor;

/** Small ops that no model needs by themselves, for graphs that try the tape. */
final class TestOps {
  private TestOps() {}

  /** {@code a + b}, equal shapes. */
  static Var add(Var a, Var b) {
    Tape tape = a.tape();
    Backend backend = tape.backend();
    Var y = tape.output("add", a.isTracked() || b.isTracked(), a.value().shape());
    backend.copy(y.value(), a.value());
    backend.axpy(y.value(), b.value(), 1);
    tape.undo(
        y,
        () -> {
          for (Var v : new Var[] {a, b}) {
            if (v.isTracked()) {
              backend.axpy(v.gradient(), y.gradient(), 1);
            }
          }
        });
    return y;
  }

  /** {@code a b}, elementwise, equal shapes, contiguous. */
  static Var mul(Var a, Var b) {
    Tape tape = a.tape();
    Backend backend = tape.backend();
    Var y = tape.output("mul", a.isTracked() || b.isTracked(), a.value().shape());
    backend.mul(y.value(), a.value(), b.value());
    tape.undo(
        y,
        () -> backend.mulBackward(a.gradient(), b.gradient(), y.gradient(), a.value(), b.value()));
    return y;
  }

  /** {@code act(x)}, contiguous. */
  static Var activation(Var x, Activation activation) {
    Tape tape = x.tape();
    Backend backend = tape.backend();
    Var y = tape.output("activation", x.isTracked(), x.value().shape());
    backend.activation(y.value(), x.value(), activation);
    tape.undo(
        y, () -> backend.activationBackward(x.gradient(), y.gradient(), x.value(), activation));
    return y;
  }

  /** The conditioner's heads {@code [S, 2·O]}, shift then log-scale, from z {@code [S, I]}. */
  static Var made(Var z, Var params, Conditioner net) {
    Tape tape = z.tape();
    Backend backend = tape.backend();
    int samples = z.value().rows();
    Var heads = tape.output("made", true, samples, 2 * net.outputs());
    Tensor hidden = backend.pool().take(samples, net.hidden());
    Tensor products = backend.pool().take(samples, net.rows());
    Tensor r = backend.pool().take(net.rows());
    backend.made(heads.value(), hidden, products, r, z.value(), params.value(), net);
    tape.undo(
        heads,
        () -> {
          Tensor factors = backend.pool().take(net.factorCount(samples));
          backend.madeBackward(
              z.gradient(),
              factors,
              heads.gradient(),
              z.value(),
              hidden,
              products,
              r,
              params.value(),
              net);
          params.addGradient(new MadeGradient(factors, z.value(), hidden, net));
        });
    return heads;
  }
}
