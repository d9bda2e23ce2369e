package org.bhn.tape;

import org.bhn.backend.Backend;
import org.bhn.backend.Convolution;
import org.bhn.backend.Pooling;
import org.bhn.tensor.Tensor;

/** Differentiable ops of images, channels last: n·H·W·C elements are n images. */
public final class ImageOps {
  private ImageOps() {}

  /**
   * {@code x * w}, a convolution.
   *
   * @param x n images
   * @param w {@code [out, KH·KW·in]}
   * @return {@code [n·OH·OW, out]}
   */
  public static Var conv(Var x, Var w, Convolution shape) {
    Tape tape = x.tape();
    Backend backend = tape.backend();
    int images = x.value().size() / shape.inputs();
    Var y =
        tape.output("conv", x.isTracked() || w.isTracked(), images * shape.places(), shape.out());
    backend.conv(y.value(), x.value(), w.value(), shape);
    tape.undo(
        y,
        () -> {
          Tensor dY = y.gradient();
          Ops.intoGradient(w, (d, beta) -> backend.convWeights(d, dY, x.value(), shape, beta));
          Ops.intoGradient(x, (d, beta) -> backend.convInputs(d, dY, w.value(), shape, beta));
        });
    return y;
  }

  /**
   * One convolution for each sample: {@code y[s] = x[s] * w[s]}.
   *
   * @param x n images for each sample, of rank 3 with S first; or of rank 2 to serve all samples
   * @param w {@code [S, out, KH·KW·in]}
   * @return {@code [S, n·OH·OW, out]}
   */
  public static Var convBySample(Var x, Var w, Convolution shape) {
    Tape tape = x.tape();
    Backend backend = tape.backend();
    int samples = w.value().dim(0);
    boolean shared = x.value().rank() < 3;
    int images = x.value().size() / shape.inputs() / (shared ? 1 : samples);
    Var y =
        tape.output(
            "conv", x.isTracked() || w.isTracked(), samples, images * shape.places(), shape.out());
    for (int s = 0; s < samples; s++) {
      backend.conv(part(y.value(), s), part(x.value(), s), part(w.value(), s), shape);
    }
    tape.undo(
        y,
        () -> {
          Tensor dY = y.gradient();
          Ops.intoGradient(
              w,
              (d, beta) -> {
                for (int s = 0; s < samples; s++) {
                  backend.convWeights(part(d, s), part(dY, s), part(x.value(), s), shape, beta);
                }
              });
          Ops.intoGradient(
              x,
              (d, beta) -> {
                for (int s = 0; s < samples; s++) {
                  double add = shared && s > 0 ? 1 : beta;
                  backend.convInputs(part(d, s), part(dY, s), part(w.value(), s), shape, add);
                }
              });
        });
    return y;
  }

  /** The matrix of a sample; a tensor of rank 2 serves all. */
  private static Tensor part(Tensor t, int sample) {
    return t.rank() < 3 ? t : t.rows(sample * t.dim(1), (sample + 1) * t.dim(1));
  }

  /**
   * The largest of each window.
   *
   * @param x n images
   * @return {@code [n·OH·OW, C]}
   */
  public static Var maxPool(Var x, Pooling shape) {
    Tape tape = x.tape();
    Backend backend = tape.backend();
    int images = x.value().size() / shape.inputs();
    int places = shape.outputs() / shape.channels();
    Var y = tape.output("max_pool", x.isTracked(), images * places, shape.channels());
    backend.maxPool(y.value(), x.value(), shape);
    tape.undo(y, () -> backend.maxPoolBackward(x.gradient(), y.gradient(), x.value(), shape));
    return y;
  }
}
