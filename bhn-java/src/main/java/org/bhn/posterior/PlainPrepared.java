package org.bhn.posterior;

import org.bhn.posterior.WeightPosterior.Draw;
import org.bhn.tape.Tape;
import org.bhn.tape.Var;
import org.bhn.tensor.Tensor;

/** Draws have nothing in common but the inputs. */
final class PlainPrepared implements Prepared {
  private final WeightPosterior posterior;
  private Tensor x;
  private long firstRow;

  PlainPrepared(WeightPosterior posterior) {
    this.posterior = posterior;
  }

  @Override
  public void inputs(Tensor inputs, long first) {
    this.x = inputs;
    this.firstRow = first;
  }

  @Override
  public Var forward(Tape tape, Draw draw, int samples) {
    return posterior.forward(tape, draw, tape.constant(x), samples, firstRow);
  }

  @Override
  public void close() {}
}
