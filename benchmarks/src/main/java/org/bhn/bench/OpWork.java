package org.bhn.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.bhn.backend.Activation;
import org.bhn.backend.Backend;
import org.bhn.backend.Convolution;
import org.bhn.backend.LogVariance;
import org.bhn.backend.Padding;
import org.bhn.backend.Pooling;
import org.bhn.backend.PriorKind;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;

/**
 * One op at the sizes it has in {@link Work}, and what it must at least move and compute.
 *
 * @param bytes read and written once each
 * @param flops additions and multiplications
 * @param call runs it
 */
record OpWork(double bytes, double flops, Runnable call) {
  private static final int BATCH = 128;
  private static final int UNITS = 800;
  static final int DIM = 1610;
  static final int HIDDEN = 200;
  private static final Convolution CONV = new Convolution(28, 28, 192, 5, 5, 1, Padding.VALID, 192);
  private static final Pooling POOL = new Pooling(24, 24, 192, 2, 2);

  /** Makes the tensors of an op on a backend and binds them. */
  private interface Maker {
    OpWork make(Tensors t);
  }

  private static final Map<String, Maker> ALL = new TreeMap<>();

  static {
    ALL.put("copy (roof)", OpWork::copy);
    ALL.put("matmul 1024 (roof)", t -> matmul(t, 1024, 1024, 1024));
    ALL.put("matmul 128x784x800", t -> matmul(t, BATCH, 784, UNITS));
    ALL.put("conv", t -> conv(t, i -> t.backend.conv(i.y, i.x, i.w, CONV)));
    ALL.put("conv by inputs", t -> conv(t, i -> t.backend.convInputs(i.x, i.y, i.w, CONV, 0)));
    ALL.put("conv by weights", t -> conv(t, i -> t.backend.convWeights(i.w, i.y, i.x, CONV, 0)));
    ALL.put("maxPool", OpWork::maxPool);
    ALL.put("maxPool backward", OpWork::maxPoolBackward);
    for (int s : new int[] {1, 4, 16, 256}) {
      ALL.put("made S=" + s, t -> MadeWork.forward(t, s));
      ALL.put("made backward S=" + s, t -> MadeWork.backward(t, s));
      ALL.put("made by dense products, S=" + s, t -> MadeWork.dense(t, s));
    }
    ALL.put("adam, factored gradient", t -> MadeWork.adam(t, true));
    ALL.put("adam, written gradient", t -> MadeWork.adam(t, false));
    for (int s : new int[] {1, 4, 16, 64, 256, 1024}) {
      ALL.put("flow and back, S=" + s, t -> new FlowWork(t, s, DIM, HIDDEN).fused());
      ALL.put("flow and back, op by op, S=" + s, t -> new FlowWork(t, s, DIM, HIDDEN).opByOp());
    }
    ALL.put("coupling", OpWork::coupling);
    ALL.put("permute", OpWork::permute);
    ALL.put("affine", OpWork::affine);
    ALL.put("normal", OpWork::normal);
    ALL.put("weightNorm", OpWork::weightNorm);
    ALL.put("weightNorm backward", OpWork::weightNormBackward);
    ALL.put("gain, fused", OpWork::gain);
    ALL.put("gain, op by op", OpWork::gainUnfused);
    ALL.put("gain backward", OpWork::gainBackward);
    ALL.put("categorical", OpWork::categorical);
    ALL.put("studentT", OpWork::studentT);
    ALL.put("poisson", OpWork::poisson);
    ALL.put("prior", OpWork::prior);
    ALL.put("predictive", OpWork::predictive);
    ALL.put("dropout", OpWork::dropout);
  }

  static List<String> names() {
    return List.copyOf(ALL.keySet());
  }

  static OpWork of(Backend backend, String name) {
    return ALL.get(name).make(new Tensors(backend));
  }

  /** Tensors with random values. */
  static final class Tensors {
    final Backend backend;
    private final SplittableRandom random = new SplittableRandom(1);

    Tensors(Backend backend) {
      this.backend = backend;
    }

    Tensor reals(int... shape) {
      Tensor t = backend.allocate(DType.REAL, shape);
      float[] values = new float[t.size()];
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) random.nextDouble(-1, 1);
      }
      backend.upload(t, values);
      return t;
    }

    Tensor ints(int below, int n) {
      Tensor t = backend.allocate(DType.INT32, n);
      backend.upload(t, random.ints(n, 0, below).toArray());
      return t;
    }

    Tensor permutation(int n) {
      int[] order = new int[n];
      Arrays.setAll(order, i -> i);
      for (int i = n - 1; i > 0; i--) {
        int j = random.nextInt(i + 1);
        int swap = order[i];
        order[i] = order[j];
        order[j] = swap;
      }
      Tensor t = backend.allocate(DType.INT32, n);
      backend.upload(t, order);
      return t;
    }

    Tensor counter() {
      return backend.allocate(DType.INT64, 1);
    }
  }

  private static OpWork copy(Tensors t) {
    Tensor from = t.reals(1 << 14, 1 << 10);
    Tensor to = t.reals(1 << 14, 1 << 10);
    return new OpWork(8.0 * to.size(), 0, () -> t.backend.copy(to, from));
  }

  static OpWork matmul(Tensors t, int m, int k, int n) {
    Tensor a = t.reals(m, k);
    Tensor b = t.reals(n, k);
    Tensor c = t.reals(m, n);
    return new OpWork(
        4.0 * (a.size() + b.size() + c.size()),
        2.0 * m * n * k,
        () -> t.backend.matmul(c, a, b, false, true, 0));
  }

  /** Images around the second convolution of the paper's network for CIFAR-10. */
  private record Images(Tensor x, Tensor w, Tensor y, Tensor pooled) {
    static Images of(Tensors t) {
      return new Images(
          t.reals(32, CONV.inputs()),
          t.reals(CONV.out(), CONV.fanIn()),
          t.reals(32, CONV.outputs()),
          t.reals(32, POOL.outputs()));
    }
  }

  private static OpWork conv(Tensors t, Consumer<Images> call) {
    Images i = Images.of(t);
    double flops = 2.0 * i.y.size() * CONV.fanIn();
    return new OpWork(4.0 * (i.x.size() + i.w.size() + i.y.size()), flops, () -> call.accept(i));
  }

  private static OpWork maxPool(Tensors t) {
    Images i = Images.of(t);
    return new OpWork(
        4.0 * (i.y.size() + i.pooled.size()),
        i.y.size(),
        () -> t.backend.maxPool(i.pooled, i.y, POOL));
  }

  private static OpWork maxPoolBackward(Tensors t) {
    Images i = Images.of(t);
    Tensor dX = t.reals(i.y.rows(), i.y.columns());
    return new OpWork(
        12.0 * i.y.size() + 4.0 * i.pooled.size(),
        2.0 * i.y.size(),
        () -> t.backend.maxPoolBackward(dX, i.pooled, i.y, POOL));
  }

  private static OpWork coupling(Tensors t) {
    Tensor y = t.reals(1, DIM);
    Tensor logDet = t.reals(1);
    Tensor z = t.reals(1, DIM);
    Tensor heads = t.reals(1, 2 * DIM);
    return new OpWork(
        16.0 * DIM, 4.0 * DIM, () -> t.backend.coupling(y, logDet, z, heads, null, 1e-3));
  }

  private static OpWork permute(Tensors t) {
    Tensor y = t.reals(1, DIM);
    Tensor z = t.reals(1, DIM);
    Tensor p = t.ints(DIM, DIM);
    return new OpWork(12.0 * DIM, 0, () -> t.backend.permute(y, z, p));
  }

  private static OpWork affine(Tensors t) {
    Tensor z = t.reals(1, DIM);
    Tensor logDet = t.reals(1);
    Tensor eps = t.reals(1, DIM);
    Tensor w = t.reals(DIM);
    Tensor b = t.reals(DIM);
    return new OpWork(
        16.0 * DIM, 4.0 * DIM, () -> t.backend.affine(z, logDet, eps, w, b, null, 1e-3));
  }

  private static OpWork normal(Tensors t) {
    Tensor out = t.reals(1 << 20);
    Tensor counter = t.counter();
    return new OpWork(4.0 * out.size(), 0, () -> t.backend.normal(out, counter, 0, 1, 1));
  }

  private static OpWork weightNorm(Tensors t) {
    Tensor v = t.reals(UNITS, UNITS);
    Tensor r = t.reals(UNITS);
    return new OpWork(4.0 * v.size(), 2.0 * v.size(), () -> t.backend.weightNorm(r, v));
  }

  private static OpWork weightNormBackward(Tensors t) {
    Tensor v = t.reals(UNITS, UNITS);
    Tensor dV = t.reals(UNITS, UNITS);
    Tensor r = t.reals(UNITS);
    Tensor dR = t.reals(UNITS);
    return new OpWork(
        12.0 * v.size(), 2.0 * v.size(), () -> t.backend.weightNormBackward(dV, dR, v, r));
  }

  private static OpWork gain(Tensors t) {
    Tensor y = t.reals(BATCH, UNITS);
    Tensor x = t.reals(BATCH, UNITS);
    Tensor g = t.reals(1, UNITS);
    Tensor r = t.reals(UNITS);
    Tensor bias = t.reals(UNITS);
    return new OpWork(
        8.0 * y.size(), 3.0 * y.size(), () -> t.backend.gain(y, x, g, r, bias, 1, Activation.RELU));
  }

  private static OpWork gainUnfused(Tensors t) {
    Tensor y = t.reals(BATCH, UNITS);
    Tensor x = t.reals(BATCH, UNITS);
    Tensor scale = t.reals(BATCH, UNITS);
    Tensor scaled = t.reals(BATCH, UNITS);
    Tensor bias = t.reals(BATCH, UNITS);
    return new OpWork(
        8.0 * y.size(),
        3.0 * y.size(),
        () -> {
          t.backend.mul(scaled, x, scale);
          t.backend.axpy(scaled, bias, 1);
          t.backend.activation(y, scaled, Activation.RELU);
        });
  }

  private static OpWork gainBackward(Tensors t) {
    Tensor d = t.reals(BATCH, UNITS);
    Tensor dY = t.reals(BATCH, UNITS);
    Tensor x = t.reals(BATCH, UNITS);
    List<Tensor> rows = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      rows.add(t.reals(UNITS));
    }
    Tensor dG = t.reals(1, UNITS);
    Tensor g = t.reals(1, UNITS);
    return new OpWork(
        12.0 * x.size(),
        8.0 * x.size(),
        () ->
            t.backend.gainBackward(
                d,
                dG,
                rows.get(0),
                rows.get(1),
                dY,
                x,
                g,
                rows.get(2),
                rows.get(3),
                1,
                Activation.RELU,
                0));
  }

  private static OpWork categorical(Tensors t) {
    Tensor logLik = t.reals(16 * BATCH);
    Tensor logits = t.reals(16 * BATCH, Work.CLASSES);
    Tensor labels = t.ints(Work.CLASSES, BATCH);
    return new OpWork(
        4.0 * logits.size(),
        4.0 * logits.size(),
        () -> t.backend.categorical(logLik, logits, labels));
  }

  private static OpWork studentT(Tensors t) {
    int outputs = 16;
    Tensor logLik = t.reals(16 * BATCH);
    Tensor mean = t.reals(16 * BATCH, outputs);
    Tensor logVar = t.reals(outputs);
    Tensor target = t.reals(BATCH, outputs);
    return new OpWork(
        4.0 * (mean.size() + target.size() + logLik.size()),
        9.0 * mean.size(),
        () -> t.backend.studentT(logLik, mean, logVar, target, 16, LogVariance.SHARED, 4));
  }

  private static OpWork poisson(Tensors t) {
    int outputs = 16;
    Tensor logLik = t.reals(16 * BATCH);
    Tensor logRate = t.reals(16 * BATCH, outputs);
    Tensor root = t.reals(BATCH, outputs);
    Tensor target = t.reals(BATCH, outputs);
    t.backend.mul(target, root, root); // none below 0
    return new OpWork(
        4.0 * (logRate.size() + target.size() + logLik.size()),
        4.0 * logRate.size(),
        () -> t.backend.poisson(logLik, logRate, target));
  }

  private static OpWork prior(Tensors t) {
    Tensor out = t.reals(16);
    Tensor w = t.reals(16, DIM);
    return new OpWork(
        4.0 * w.size(),
        3.0 * w.size(),
        () -> t.backend.prior(out, w, null, PriorKind.NORMAL, 0, 1, 0));
  }

  private static OpWork predictive(Tensors t) {
    int rows = 1024;
    Tensor mean = t.reals(rows, Work.CLASSES);
    Tensor m2 = t.reals(rows, Work.CLASSES);
    Tensor entropy = t.reals(rows);
    Tensor votes = t.ints(1, rows * Work.CLASSES).view(0, rows, Work.CLASSES);
    Tensor logits = t.reals(16 * rows, Work.CLASSES);
    return new OpWork(
        4.0 * logits.size(),
        10.0 * logits.size(),
        () -> t.backend.predictiveCategorical(mean, m2, entropy, votes, logits, 0));
  }

  private static OpWork dropout(Tensors t) {
    Tensor y = t.reals(BATCH, UNITS);
    Tensor x = t.reals(BATCH, UNITS);
    Tensor counter = t.counter();
    return new OpWork(
        8.0 * y.size(), y.size(), () -> t.backend.dropout(y, x, counter, 1, 0, 1, 1, 0.5));
  }
}
