package org.bhn.posterior;

import org.bhn.posterior.WeightPosterior.Draw;
import org.bhn.tape.Tape;
import org.bhn.tape.Var;
import org.bhn.tensor.Tensor;

/**
 * A network made ready for many draws of its weights: what they have in common is computed once.
 */
public interface Prepared extends AutoCloseable {
  /**
   * Sets the inputs of the next passes.
   *
   * @param x {@code [B, inputs]}
   * @param firstRow index of the first example, which numbers dropout masks
   */
  void inputs(Tensor x, long firstRow);

  /** The output {@code [S·B, outputs]} for S draws. */
  Var forward(Tape tape, Draw draw, int samples);

  @Override
  void close();
}
