package org.bhn.flow;

import java.util.List;
import java.util.Map;
import org.bhn.backend.Backend;
import org.bhn.tape.FlowOps;
import org.bhn.tape.Param;
import org.bhn.tape.Tape;
import org.bhn.tensor.Tensor;

/**
 * An invertible map of D dimensions with a tractable log-determinant, {@code z -> (z', log|det
 * J|)}, for S samples at once.
 */
public interface Flow extends AutoCloseable {
  /** D. */
  int dim();

  /** Forward on a tape: adds this flow's log-determinant to the state's. */
  FlowOps.State forward(Tape tape, FlowOps.State in);

  /**
   * The preimage of y {@code [S, D]}, in place of it a new tensor of the backend's step pool. Adds
   * the log-determinant of the <em>forward</em> map at the preimage to {@code logDet [S]}.
   */
  Tensor inverse(Backend backend, Tensor y, Tensor logDet);

  /** What is trained. */
  List<Param> params();

  /** What is fixed when the flow is made and saved with it: masks and permutations, by name. */
  Map<String, Tensor> constants();

  @Override
  void close();
}
