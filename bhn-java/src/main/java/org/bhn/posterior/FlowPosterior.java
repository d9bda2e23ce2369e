package org.bhn.posterior;

import java.util.Map;
import org.bhn.tape.FlowOps;
import org.bhn.tape.Noise;
import org.bhn.tape.Tape;
import org.bhn.tape.Var;
import org.bhn.tensor.Tensor;

/** Weights that a flow makes of noise, θ = h(ε). */
abstract class FlowPosterior implements WeightPosterior {
  @Override
  public final Map<String, Tensor> constants() {
    return flow().constants();
  }

  @Override
  public final int dim() {
    return flow().dim();
  }

  @Override
  public final boolean isRandom() {
    return true;
  }

  @Override
  public final Draw draw(Tape tape, Noise noise, int draws) {
    Var eps = FlowOps.normal(tape, noise, Noise.WEIGHTS, draws, dim());
    FlowOps.State out = flow().forward(tape, new FlowOps.State(eps, null));
    return new Draw(out.z(), eps, out.logDet(), noise);
  }

  @Override
  public final Draw use(Tape tape, Noise noise, Tensor weights) {
    return new Draw(tape.constant(weights), null, null, noise);
  }
}
