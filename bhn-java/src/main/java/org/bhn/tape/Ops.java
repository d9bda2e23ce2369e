package org.bhn.tape;

import org.bhn.backend.Activation;
import org.bhn.backend.Backend;
import org.bhn.tensor.Tensor;

/** Differentiable ops: each computes its value and records how to undo it. */
public final class Ops {
  private Ops() {}

  /** {@code x wᵀ}: rows of w are output units. x {@code [n, in]}, w {@code [out, in]}. */
  public static Var product(Var x, Var w) {
    Tape tape = x.tape();
    Backend backend = tape.backend();
    Var y =
        tape.output("product", x.isTracked() || w.isTracked(), x.value().rows(), w.value().rows());
    backend.matmul(y.value(), x.value(), w.value(), false, true, 0);
    tape.undo(
        y,
        () -> {
          Tensor dY = y.gradient();
          intoGradient(w, (d, beta) -> backend.matmul(d, dY, x.value(), true, false, beta));
          intoGradient(x, (d, beta) -> backend.matmul(d, dY, w.value(), false, false, beta));
        });
    return y;
  }

  /**
   * One product for each sample: {@code y[s] = x[s] w[s]ᵀ}.
   *
   * @param x {@code [S, B, in]}, or {@code [B, in]} to serve all samples
   * @param w {@code [S, out, in]}
   * @return {@code [S, B, out]}
   */
  public static Var productBySample(Var x, Var w) {
    Tape tape = x.tape();
    Backend backend = tape.backend();
    int batch = x.value().dim(x.value().rank() - 2);
    Var y =
        tape.output(
            "product", x.isTracked() || w.isTracked(), w.value().dim(0), batch, w.value().dim(1));
    backend.matmulBatched(y.value(), x.value(), w.value(), false, true, 0);
    tape.undo(
        y,
        () -> {
          Tensor dY = y.gradient();
          intoGradient(w, (d, beta) -> backend.matmulBatched(d, dY, x.value(), true, false, beta));
          intoGradient(x, (d, beta) -> backend.matmulBatched(d, dY, w.value(), false, false, beta));
        });
    return y;
  }

  interface Product {
    void run(Tensor gradient, double beta);
  }

  /** The first product into a gradient overwrites it, which saves filling it with zeros. */
  static void intoGradient(Var v, Product product) {
    if (!v.isTracked()) {
      return;
    }
    if (v.overwritable()) {
      product.run(v.gradientToOverwrite(), 0);
    } else {
      product.run(v.gradient(), 1);
    }
  }

  /** Inverse row norms {@code r[j] = 1/‖v[j, :]‖}. */
  public static Var weightNorm(Var v) {
    Tape tape = v.tape();
    Backend backend = tape.backend();
    Var r = tape.output("weightnorm", v.isTracked(), v.value().rows());
    backend.weightNorm(r.value(), v.value());
    tape.undo(
        r, () -> backend.weightNormBackward(v.gradient(), r.gradient(), v.value(), r.value()));
    return r;
  }

  /**
   * The epilogue of a product, {@code act(t g r + bias)}; g, r, bias may be null. See {@link
   * Backend#gain}.
   *
   * @param t {@code [S·B, out]}, or {@code [B, out]} to serve all samples
   * @return {@code [S·B, out]}
   */
  public static Var gain(
      Var t, Var g, Var r, Var bias, int samples, int batch, Activation activation) {
    Tape tape = t.tape();
    Backend backend = tape.backend();
    boolean tracked = t.isTracked() || tracked(g) || tracked(r) || tracked(bias);
    Var y = tape.output("gain", tracked, rows(samples, batch), t.value().columns());
    backend.gain(y.value(), t.value(), value(g), value(r), value(bias), samples, activation);
    Product backward =
        (dT, beta) ->
            backend.gainBackward(
                dT,
                gradient(g),
                gradient(r),
                gradient(bias),
                y.gradient(),
                t.value(),
                value(g),
                value(r),
                value(bias),
                samples,
                activation,
                beta);
    if (t.isTracked()) {
      tape.undo(y, () -> intoGradient(t, backward));
    } else {
      tape.undo(y, () -> backward.run(null, 1));
    }
    return y;
  }

  /** A contiguous copy. */
  public static Var contiguous(Var x) {
    Tape tape = x.tape();
    Backend backend = tape.backend();
    Var y = tape.output("copy", x.isTracked(), x.value().shape());
    backend.copy(y.value(), x.value());
    tape.undo(y, () -> backend.axpy(x.gradient(), y.gradient(), 1));
    return y;
  }

  /** {@code factor · x}. */
  public static Var scaled(Var x, double factor) {
    Tape tape = x.tape();
    Backend backend = tape.backend();
    Var y = tape.output("scaled", x.isTracked(), x.value().shape());
    backend.fill(y.value(), 0);
    backend.axpy(y.value(), x.value(), factor);
    tape.undo(y, () -> backend.axpy(x.gradient(), y.gradient(), factor));
    return y;
  }

  /** The rows of x, {@code times} over; gradients are summed. */
  public static Var repeat(Var x, int times) {
    Tape tape = x.tape();
    Backend backend = tape.backend();
    int rows = x.value().rows();
    Var y = tape.output("repeat", x.isTracked(), times * rows, x.value().columns());
    for (int i = 0; i < times; i++) {
      backend.copy(y.value().rows(i * rows, (i + 1) * rows), x.value());
    }
    tape.undo(
        y,
        () -> {
          for (int i = 0; i < times; i++) {
            backend.axpy(x.gradient(), y.gradient().rows(i * rows, (i + 1) * rows), 1);
          }
        });
    return y;
  }

  /** Sums of rows, {@code [rows]}. */
  public static Var sumRows(Var x) {
    Tape tape = x.tape();
    Backend backend = tape.backend();
    Var y = tape.output("sum_rows", x.isTracked(), x.value().rows());
    backend.sumRows(y.value(), x.value());
    tape.undo(y, () -> backend.sumRowsBackward(x.gradient(), y.gradient()));
    return y;
  }

  /**
   * Inverted dropout; the mask comes from the noise's stream, one counter for each sample.
   *
   * @param x {@code [S·B, n]}, or {@code [B, n]} to serve all samples
   * @return {@code [S·B, n]}
   */
  public static Var dropout(
      Var x, Noise noise, int stream, int samples, int batch, long firstRow, double rate) {
    Tape tape = x.tape();
    Backend backend = tape.backend();
    Tensor counter = noise.counter();
    long seed = noise.seed();
    Var y = tape.output("dropout", x.isTracked(), rows(samples, batch), x.value().columns());
    backend.dropout(y.value(), x.value(), counter, samples, firstRow, seed, stream, rate);
    tape.undo(
        y,
        () ->
            backend.dropoutBackward(
                x.gradient(), y.gradient(), counter, samples, firstRow, seed, stream, rate));
    return y;
  }

  /**
   * S·B.
   *
   * @throws IllegalArgumentException if a tensor cannot have that many rows
   */
  public static int rows(int samples, int batch) {
    long rows = (long) samples * batch;
    if (rows > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "samples = %d times batch = %d is %d rows, more than the %d of a tensor: use fewer of one"
              .formatted(samples, batch, rows, Integer.MAX_VALUE));
    }
    return (int) rows;
  }

  static boolean tracked(Var v) {
    return v != null && v.isTracked();
  }

  static Tensor value(Var v) {
    return v == null ? null : v.value();
  }

  static Tensor gradient(Var v) {
    return v == null ? null : v.gradient();
  }
}
