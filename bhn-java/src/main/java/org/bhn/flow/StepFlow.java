package org.bhn.flow;

import java.util.List;
import org.bhn.tape.FlowOps;
import org.bhn.tape.Tape;

/** A conditioner and the affine transform it conditions: several in a row run as one op. */
interface StepFlow extends Flow {
  /** What the op needs to know. */
  FlowOps.Step step(Tape tape);

  /** Added to every scale. */
  double delta();

  @Override
  default FlowOps.State forward(Tape tape, FlowOps.State in) {
    return FlowOps.flow(in, List.of(step(tape)), delta());
  }
}
