package org.bhn.posterior;

import java.util.List;
import java.util.Map;
import org.bhn.backend.Backend;
import org.bhn.backend.Precision;
import org.bhn.flow.FlowStack;
import org.bhn.nn.Network;
import org.bhn.nn.NetworkWeights;
import org.bhn.tape.Noise;
import org.bhn.tape.Param;
import org.bhn.tape.Tape;
import org.bhn.tape.Var;
import org.bhn.tensor.Tensor;

/** A posterior built for a network: its parameters, how weights are drawn, how layers use them. */
public interface WeightPosterior extends AutoCloseable {
  /** The network whose weights these are. */
  Network network();

  /** What is trained. */
  List<Param> params();

  /** What is fixed at construction and saved with the model, by name. */
  Map<String, Tensor> constants();

  /** Dimension of the flow; 0 if there is none. */
  int dim();

  /** The flow that makes the random weights, or null if there is none. */
  FlowStack flow();

  /** Whether two samples can differ. */
  boolean isRandom();

  /** Whether examples of one batch can meet different draws. */
  boolean supportsPerExample();

  /** Draws weights: {@code draws} rows through the flow; a draw without a flow has none. */
  Draw draw(Tape tape, Noise noise, int draws);

  /** A draw made earlier, as weights {@code [draws, dim]}. */
  Draw use(Tape tape, Noise noise, Tensor weights);

  /**
   * The network's output {@code [S·B, outputs]} for inputs {@code [B, inputs]}.
   *
   * @param samples S; the draw has S rows, or S·B with one draw for each example
   * @param firstRow index of the first example, which numbers dropout masks
   */
  Var forward(Tape tape, Draw draw, Var x, int samples, long firstRow);

  /** Makes ready for many draws while the parameters rest. */
  default Prepared prepare(Backend backend, Precision precision) {
    return new PlainPrepared(this);
  }

  /**
   * Data-dependent initialisation from a batch {@code [n, inputs]}; does nothing where there is
   * none.
   */
  void initialise(Backend backend, Tensor x);

  /** Moves it so that its network is the given one where the noise is 0; how wide it is stays. */
  void startFrom(Backend backend, NetworkWeights weights);

  /**
   * The one set of weights that it is.
   *
   * @throws UnsupportedOperationException if weights are random
   */
  default NetworkWeights pointWeights() {
    throw new UnsupportedOperationException(
        "the weights are random: of a point or dropout network these are one set; use"
            + " sampleWeights");
  }

  @Override
  void close();

  /**
   * Weights drawn from the posterior.
   *
   * @param weights {@code [draws, dim]}; null if the posterior has no flow
   * @param base the flow's noise ε {@code [draws, dim]}; null if unknown or there is no flow
   * @param logDet {@code [draws]}; null if unknown or there is no flow
   * @param noise what it was drawn with
   */
  record Draw(Var weights, Var base, Var logDet, Noise noise) {}
}
