package org.bhn.bayes;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.bhn.backend.Activation;
import org.bhn.backend.Backend;
import org.bhn.backend.Convolution;
import org.bhn.backend.JavaBackend;
import org.bhn.backend.Padding;
import org.bhn.backend.Pooling;
import org.bhn.flow.Flows;
import org.bhn.nn.Conv2d;
import org.bhn.nn.Layer;
import org.bhn.nn.MaxPool;
import org.bhn.nn.Network;
import org.bhn.posterior.Posterior;
import org.bhn.tape.Noise;
import org.bhn.tape.Param;
import org.bhn.tape.Tape;
import org.bhn.tape.Var;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The whole training loss against central differences in double, along random directions of all
 * parameters, for every combination that fit can build.
 */
class LossGradientTest {
  private static final int BATCH = 4;
  private static final int INPUTS = 3;

  record Model(
      Posterior posterior,
      Likelihood likelihood,
      Prior prior,
      int samples,
      int examplesPerDraw,
      boolean images) {
    Model(
        Posterior posterior, Likelihood likelihood, Prior prior, int samples, int examplesPerDraw) {
      this(posterior, likelihood, prior, samples, examplesPerDraw, false);
    }

    Network network() {
      int outputs = likelihood.outputs();
      return images
          ? imageNetwork(outputs)
          : new Network(Network.dense(INPUTS, new int[] {5, 4}, outputs, Activation.TANH, true));
    }
  }

  /** Two convolutions around a pooling, and two dense layers. */
  private static Network imageNetwork(int outputs) {
    List<Layer> layers = new ArrayList<>();
    Convolution first = new Convolution(5, 4, 2, 3, 2, 1, Padding.SAME, 3);
    layers.add(new Conv2d(first, Activation.TANH, true));
    layers.add(new MaxPool(new Pooling(5, 4, 3, 2, 1)));
    Convolution second = new Convolution(4, 3, 3, 2, 2, 2, Padding.VALID, 4);
    layers.add(new Conv2d(second, Activation.TANH, true));
    layers.addAll(Network.dense(second.outputs(), new int[] {3}, outputs, Activation.TANH, true));
    return new Network(layers);
  }

  static Stream<Model> models() {
    Prior normal = Priors.normal(0.1, 0.8);
    Likelihood classes = Likelihood.categorical(3);
    return Stream.of(
        new Model(Posterior.weightNorm(Flows.iaf(2).hidden(6)), classes, normal, 1, BATCH),
        new Model(Posterior.weightNorm(Flows.iaf(2).hidden(6)), classes, normal, 3, BATCH),
        new Model(Posterior.weightNorm(Flows.iaf(1).hidden(6)), classes, normal, 2, 1),
        new Model(Posterior.weightNorm(Flows.iaf(1).hidden(6)), classes, normal, 1, 2),
        new Model(Posterior.weightNorm(Flows.iaf(1).hidden(6)), classes, normal, 3, 3),
        new Model(
            Posterior.weightNorm(Flows.coupling(3).hidden(5)),
            Likelihood.bernoulli(2),
            Priors.mixture(0.3, 1, 0.2),
            2,
            BATCH),
        new Model(
            Posterior.weightNorm(Flows.coupling(3).shuffle(true).weightNorm(false).hidden(5)),
            Likelihood.gaussian(2, 0.7),
            Priors.laplace(0.5),
            1,
            BATCH),
        new Model(
            Posterior.full(Flows.iaf(1).hidden(8)),
            Likelihood.heteroscedastic(1),
            normal,
            3,
            BATCH),
        new Model(Posterior.meanField(), Likelihood.gaussianLearned(2, 0.5), normal, 2, BATCH),
        new Model(Posterior.meanField(), Likelihood.studentT(2, 3), normal, 2, BATCH),
        new Model(Posterior.full(Flows.coupling(2)), Likelihood.poisson(2), normal, 2, BATCH),
        new Model(Posterior.dropout(0.4), classes, normal, 3, BATCH),
        new Model(Posterior.point(), Likelihood.gaussianLearned(1, 1), normal, 1, BATCH),
        new Model(Posterior.weightNorm(Flows.iaf(1).hidden(6)), classes, normal, 1, BATCH, true),
        new Model(Posterior.weightNorm(Flows.coupling(2)), classes, normal, 3, BATCH, true),
        new Model(Posterior.weightNorm(Flows.iaf(1).hidden(6)), classes, normal, 1, 1, true),
        new Model(Posterior.weightNorm(Flows.iaf(1).hidden(6)), classes, normal, 2, 1, true),
        new Model(Posterior.weightNorm(Flows.iaf(1).hidden(6)), classes, normal, 2, 2, true),
        new Model(Posterior.full(Flows.coupling(2)), classes, normal, 3, BATCH, true),
        new Model(Posterior.meanField(), Likelihood.gaussian(2, 0.7), normal, 1, BATCH, true),
        new Model(Posterior.dropout(0.4), classes, normal, 3, BATCH, true),
        new Model(Posterior.point(), classes, normal, 2, BATCH, true));
  }

  @ParameterizedTest
  @MethodSource("models")
  void gradientIsThatOfTheLoss(Model model) {
    try (Backend backend = JavaBackend.open()) {
      Network network = model.network();
      BayesianNetwork net =
          new BayesianNetwork(backend, network, model.posterior, model.prior, model.likelihood, 7);
      SplittableRandom random = new SplittableRandom(1);
      for (Param p : net.params()) {
        double[] values = p.get();
        for (int i = 0; i < values.length; i++) {
          values[i] += 0.3 * random.nextGaussian();
        }
        p.set(values);
      }
      Tensor x = backend.allocate(DType.REAL, BATCH, network.inputs());
      backend.upload(x, random.doubles(x.size()).map(u -> 2 * u - 1).toArray());
      Tensor y = targets(backend, model.likelihood, random);
      Tensor klScale = backend.allocate(DType.REAL, 1);
      backend.fill(klScale, 0.37);
      for (int trial = 0; trial < 3; trial++) {
        check(backend, net, model, x, y, klScale, random);
      }
    }
  }

  /** Two draws of two examples each, the same two: as two samples of a batch of two. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void groupsOfExamplesMeetTheirOwnDraw(boolean images) {
    Posterior posterior = Posterior.weightNorm(Flows.iaf(1).hidden(6));
    Likelihood likelihood = Likelihood.categorical(3);
    Model model = new Model(posterior, likelihood, Priors.normal(1), 1, 2, images);
    try (Backend backend = JavaBackend.open()) {
      Network network = model.network();
      BayesianNetwork net =
          new BayesianNetwork(backend, network, posterior, model.prior, likelihood, 7);
      double[] two = new SplittableRandom(5).doubles(2L * network.inputs()).toArray();
      double[] four = Arrays.copyOf(two, 2 * two.length);
      System.arraycopy(two, 0, four, two.length, two.length);
      double[] groups = items(backend, net, four, new int[] {0, 2, 0, 2}, 1, 2);
      double[] samples = items(backend, net, two, new int[] {0, 2}, 2, 2);
      double[] shared = items(backend, net, four, new int[] {0, 2, 0, 2}, 1, 4);
      assertArrayEquals(samples, groups, 1e-12);
      assertTrue(Math.abs(shared[1] - groups[1]) > 1e-6, "one draw differs from two");
    }
  }

  private static double[] items(
      Backend backend,
      BayesianNetwork net,
      double[] inputs,
      int[] labels,
      int samples,
      int examplesPerDraw) {
    Tensor x = backend.allocate(DType.REAL, labels.length, net.network().inputs());
    backend.upload(x, inputs);
    Tensor y = backend.allocate(DType.INT32, labels.length);
    backend.upload(y, labels);
    Tensor klScale = backend.allocate(DType.REAL, 1);
    backend.fill(klScale, 0.37);
    Noise noise = new Noise(11, net.noiseCounter(), 0);
    Tape tape = Tape.inference(backend);
    Var loss = net.loss(tape, noise, x, y, samples, examplesPerDraw, klScale);
    double[] items = new double[loss.value().size()];
    backend.download(loss.value(), items);
    return items;
  }

  private void check(
      Backend backend,
      BayesianNetwork net,
      Model model,
      Tensor x,
      Tensor y,
      Tensor klScale,
      SplittableRandom random) {
    List<Param> params = net.params();
    Tape tape = Tape.training(backend);
    loss(tape, net, model, x, y, klScale);
    tape.backward(params);
    double slope = 0;
    double[][] direction = new double[params.size()][];
    double[][] base = new double[params.size()][];
    for (int i = 0; i < params.size(); i++) {
      base[i] = params.get(i).get();
      direction[i] = random.doubles(base[i].length).map(u -> 2 * u - 1).toArray();
      double[] gradient = new double[base[i].length];
      backend.download(params.get(i).gradient(), gradient);
      for (int k = 0; k < gradient.length; k++) {
        slope += gradient[k] * direction[i][k];
      }
    }
    double h = 1e-5;
    double difference = 0;
    for (int sign = -1; sign <= 1; sign += 2) {
      for (int i = 0; i < params.size(); i++) {
        double[] moved = base[i].clone();
        for (int k = 0; k < moved.length; k++) {
          moved[k] += sign * h * direction[i][k];
        }
        params.get(i).set(moved);
      }
      Var items = loss(Tape.inference(backend), net, model, x, y, klScale);
      difference += sign * backend.item(items.value(), 0) / (2 * h);
    }
    for (int i = 0; i < params.size(); i++) {
      params.get(i).set(base[i]);
    }
    assertTrue(Math.abs(slope) > 1e-4, "the direction must change the loss");
    assertEquals(difference, slope, 1e-6 * (1 + Math.abs(slope)));
  }

  private Var loss(
      Tape tape, BayesianNetwork net, Model model, Tensor x, Tensor y, Tensor klScale) {
    Noise noise = new Noise(11, net.noiseCounter(), 0);
    return net.loss(tape, noise, x, y, model.samples, model.examplesPerDraw, klScale);
  }

  private static Tensor targets(Backend backend, Likelihood likelihood, SplittableRandom random) {
    if (likelihood.classes() > 0) {
      Tensor y = backend.allocate(DType.INT32, BATCH);
      backend.upload(y, random.ints(BATCH, 0, likelihood.classes()).toArray());
      return y;
    }
    Tensor y = backend.allocate(DType.REAL, BATCH, likelihood.targets());
    backend.upload(y, random.doubles(BATCH * likelihood.targets()).toArray());
    return y;
  }
}
