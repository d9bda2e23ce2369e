package org.bhn.backend;

import java.util.Arrays;
import org.bhn.backend.HeapBuffer.Ints;
import org.bhn.backend.HeapBuffer.Reals;

/**
 * The conditioner of a flow: two layers, each y = (x Wᵀ) g r + b with W = mask ∘ U and r the
 * inverse row norms of W, the first followed by a ReLU.
 */
final class JavaMade {
  private JavaMade() {}

  /**
   * One layer: where its rows lie in the parameter block, and who may see whom.
   *
   * @param u offset of U {@code [outputs, inputs]} in the block
   * @param g offset of the gains
   * @param b offset of the biases
   * @param r offset in the vector of inverse norms
   * @param rowDegree degrees of the outputs, repeated as often as needed; null masks nothing
   * @param inputDegree degrees of the inputs
   */
  private record Layer(
      int inputs,
      int outputs,
      int u,
      int g,
      int b,
      int r,
      Ints rowDegree,
      Ints inputDegree,
      boolean weightNorm) {

    static Layer hidden(Conditioner net) {
      return new Layer(
          net.inputs(),
          net.hidden(),
          0,
          net.g1(),
          net.b1(),
          0,
          Ints.of(net.hiddenDegree()),
          Ints.of(net.inDegree()),
          net.weightNorm());
    }

    static Layer heads(Conditioner net) {
      return new Layer(
          net.hidden(),
          2 * net.outputs(),
          net.u2(),
          net.g2(),
          net.b2(),
          net.hidden(),
          Ints.of(net.outDegree()),
          Ints.of(net.hiddenDegree()),
          net.weightNorm());
    }

    boolean lives(int j, int i) {
      return rowDegree == null || inputDegree.get(i) <= rowDegree.get(j % rowDegree.size());
    }

    /** Copies row j of W = mask ∘ U. */
    void row(double[] w, Reals params, int j) {
      int from = params.at() + u + j * inputs;
      for (int i = 0; i < inputs; i++) {
        w[i] = lives(j, i) ? params.a()[from + i] : 0;
      }
    }

    double gain(Reals params, int j) {
      return weightNorm ? params.get(g + j) : 1;
    }

    /** y[s, j] = (Σ_i x[s, i] W[j, i]) g[j] r[j] + b[j]; writes r. */
    void forward(Reals y, Reals r, Reals x, Reals params, double[] w) {
      for (int j = 0; j < outputs; j++) {
        row(w, params, j);
        double norm = weightNorm ? JavaLayers.inverseNorm(w, 0, inputs) : 1;
        r.set(this.r + j, norm);
        double scale = gain(params, j) * norm;
        for (int s = 0; s < x.rows(); s++) {
          y.a()[y.row(s) + j] = dot(x, s, w) * scale + params.get(b + j);
        }
      }
    }

    /**
     * With t = x Wᵀ and e = dy: db += Σ_s e, dg += r Σ_s e t, dU += g r (Σ_s e x − r² (Σ_s e t) W)
     * where U lives, dx += e g r W. The gradient of the row's direction is orthogonal to it.
     *
     * @param dX added into; null is not wanted
     * @param dParams added into; null is not wanted
     */
    void backward(Reals dX, Reals dParams, Reals dY, Reals x, Reals r, Reals params, double[] w) {
      for (int j = 0; j < outputs; j++) {
        row(w, params, j);
        double norm = r.get(this.r + j);
        double scale = gain(params, j) * norm;
        double sum = 0;
        double along = 0;
        for (int s = 0; s < x.rows(); s++) {
          double e = dY.a()[dY.row(s) + j];
          sum += e;
          along += e * dot(x, s, w);
          if (dX != null) {
            addScaled(dX.a(), dX.row(s), e * scale, w, 0);
          }
          if (dParams != null) {
            addLiving(dParams, j, e * scale, x.a(), x.row(s));
          }
        }
        if (dParams == null) {
          continue;
        }
        dParams.add(b + j, sum);
        if (weightNorm) {
          dParams.add(g + j, norm * along);
          addLiving(dParams, j, -scale * norm * norm * along, w, 0);
        }
      }
    }

    private double dot(Reals x, int s, double[] w) {
      int at = x.row(s);
      double sum = 0;
      for (int i = 0; i < inputs; i++) {
        sum += x.a()[at + i] * w[i];
      }
      return sum;
    }

    private void addScaled(double[] to, int toAt, double factor, double[] from, int fromAt) {
      for (int i = 0; i < inputs; i++) {
        to[toAt + i] += factor * from[fromAt + i];
      }
    }

    /** Adds to row j of dU, but nothing to masked entries. */
    private void addLiving(Reals dParams, int j, double factor, double[] from, int fromAt) {
      int to = dParams.at() + u + j * inputs;
      for (int i = 0; i < inputs; i++) {
        if (lives(j, i)) {
          dParams.a()[to + i] += factor * from[fromAt + i];
        }
      }
    }
  }

  /** heads = layer₂(relu(layer₁(z))). */
  static Runnable made(Reals heads, Reals hidden, Reals r, Reals z, Reals params, Conditioner net) {
    Layer first = Layer.hidden(net);
    Layer second = Layer.heads(net);
    double[] w = new double[Math.max(net.inputs(), net.hidden())];
    return () -> {
      first.forward(hidden, r, z, params, w);
      for (int i = 0; i < hidden.size(); i++) {
        hidden.set(i, JavaElementwise.activate(Activation.RELU, hidden.get(i)));
      }
      second.forward(heads, r, hidden, params, w);
    };
  }

  static Runnable madeBackward(
      Reals dZ,
      Reals dParams,
      Reals dHeads,
      Reals z,
      Reals hidden,
      Reals r,
      Reals params,
      Conditioner net) {
    Layer first = Layer.hidden(net);
    Layer second = Layer.heads(net);
    double[] w = new double[Math.max(net.inputs(), net.hidden())];
    int samples = z.rows();
    Reals dHidden =
        new Reals(new double[samples * net.hidden()], 0, net.hidden(), samples, net.hidden());
    return () -> {
      Arrays.fill(dHidden.a(), 0);
      second.backward(dHidden, dParams, dHeads, hidden, r, params, w);
      for (int i = 0; i < dHidden.size(); i++) {
        if (!(hidden.get(i) > 0)) {
          dHidden.set(i, 0);
        }
      }
      first.backward(dZ, dParams, dHidden, z, r, params, w);
    };
  }

  /** u[j, i] = 0 where not colDegree[i] <= rowDegree[j mod n]. */
  static Runnable mask(Reals u, Ints rowDegree, Ints colDegree) {
    return () -> {
      for (int j = 0; j < u.rows(); j++) {
        int degree = rowDegree.get(j % rowDegree.size());
        for (int i = 0; i < u.columns(); i++) {
          if (colDegree.get(i) > degree) {
            u.a()[u.row(j) + i] = 0;
          }
        }
      }
    };
  }
}
