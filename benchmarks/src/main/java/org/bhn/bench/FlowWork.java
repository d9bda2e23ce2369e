package org.bhn.bench;

import java.util.ArrayList;
import java.util.List;
import org.bhn.backend.Backend;
import org.bhn.backend.Conditioner;
import org.bhn.backend.FlowStep;
import org.bhn.tensor.Tensor;

/**
 * The autoregressive flow of {@link Work} forward and backward for S samples, as one op each way or
 * as permutations, conditioners and transforms one after the other.
 */
final class FlowWork {
  private static final double DELTA = 1e-3;

  private final Backend backend;
  private final List<FlowStep> steps = new ArrayList<>();
  private final Tensor z;
  private final Tensor y;
  private final Tensor logDet;
  private final Tensor dZ;
  private final Tensor dY;
  private final Tensor dLogDet;
  private final Tensor dX;
  private final Tensor dHeads;

  FlowWork(OpWork.Tensors t, int samples, int dim, int hidden) {
    backend = t.backend;
    z = t.reals(samples, dim);
    y = t.reals(samples, dim);
    logDet = t.reals(samples);
    dZ = t.reals(samples, dim);
    dY = t.reals(samples, dim);
    dLogDet = t.reals(samples);
    dX = t.reals(samples, dim);
    dHeads = t.reals(samples, 2 * dim);
    for (int l = 0; l < Work.FLOW_STEPS; l++) {
      Conditioner net = Conditioner.autoregressive(backend, dim, hidden, true);
      Tensor params = t.reals(net.parameterCount());
      backend.fill(params.view(net.gains(), 1, net.rows()), 1e-4); // near the identity
      steps.add(
          new FlowStep(
              net,
              0,
              0,
              t.permutation(dim),
              params,
              t.reals(samples, dim),
              t.reals(samples, 2 * dim),
              t.reals(samples, hidden),
              t.reals(samples, net.rows()),
              t.reals(net.rows()),
              t.reals(net.factorCount(samples))));
    }
  }

  OpWork fused() {
    return work(
        () -> {
          backend.flow(y, logDet, z, null, steps, DELTA);
          backend.flowBackward(dZ, dY, dLogDet, steps, DELTA);
        });
  }

  OpWork opByOp() {
    return work(
        () -> {
          for (FlowStep s : steps) {
            backend.permute(s.x(), s == steps.getFirst() ? z : y, s.permutation());
            backend.made(s.heads(), s.hidden(), s.products(), s.r(), s.x(), s.params(), s.net());
            backend.coupling(y, logDet, s.x(), s.heads(), null, DELTA);
          }
          for (FlowStep s : steps.reversed()) {
            backend.fill(dX, 0);
            backend.fill(dHeads, 0);
            backend.couplingBackward(dX, dHeads, dY, dLogDet, s.x(), s.heads(), DELTA);
            backend.madeBackward(
                dX,
                s.factors(),
                dHeads,
                s.x(),
                s.hidden(),
                s.products(),
                s.r(),
                s.params(),
                s.net());
            backend.permuteBackward(dZ, dX, s.permutation());
          }
        });
  }

  /**
   * Every weight is read once each way; for each sample a multiplication and an addition forward,
   * two of each backward, and forward once more for the norms.
   */
  private OpWork work(Runnable call) {
    double weights = steps.stream().mapToDouble(s -> s.net().weights()).sum();
    return new OpWork(8 * weights, (6.0 * z.rows() + 2) * weights, call);
  }
}
