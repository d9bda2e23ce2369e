package org.bhn.backend;

import java.util.List;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;

/** Argument checks of the flows: conditioners, coupling, permutation, the linear flow. */
final class CheckFlows {
  private CheckFlows() {}

  // ---- made ----

  static void made(
      AbstractBackend owner,
      Tensor heads,
      Tensor hidden,
      Tensor products,
      Tensor r,
      Tensor z,
      Tensor params,
      Conditioner net) {
    int samples = conditioner(owner, "made", z, params, net);
    Check.denseMatrix(owner, "made: heads", heads, "[S, 2·O]", samples, 2 * net.outputs());
    Check.denseMatrix(owner, "made: hidden", hidden, "[S, H]", samples, net.hidden());
    Check.denseMatrix(owner, "made: products", products, "[S, R]", samples, net.rows());
    Check.vector(owner, "made: r", r, "[R]", net.rows());
    Check.distinct("made: heads", heads, "z", z);
    Check.distinct("made: hidden", hidden, "z", z);
    Check.distinct("made: heads", heads, "hidden", hidden);
    Check.distinct("made: products", products, "heads", heads);
    Check.distinct("made: products", products, "hidden", hidden);
    Check.distinct("made: products", products, "z", z);
  }

  static void madeBackward(
      AbstractBackend owner,
      Tensor dZ,
      Tensor factors,
      Tensor dHeads,
      Tensor z,
      Tensor hidden,
      Tensor products,
      Tensor r,
      Tensor params,
      Conditioner net) {
    int samples = conditioner(owner, "madeBackward", z, params, net);
    factors(owner, "madeBackward", factors, samples, net);
    Check.denseMatrix(
        owner, "madeBackward: dHeads", dHeads, "[S, 2·O]", samples, 2 * net.outputs());
    Check.denseMatrix(owner, "madeBackward: hidden", hidden, "[S, H]", samples, net.hidden());
    Check.denseMatrix(owner, "madeBackward: products", products, "[S, R]", samples, net.rows());
    Check.vector(owner, "madeBackward: r", r, "[R]", net.rows());
    Check.gradient(owner, "madeBackward: dZ", dZ, z);
  }

  static void madeGradient(
      AbstractBackend owner,
      Tensor dParams,
      Tensor factors,
      Tensor z,
      Tensor hidden,
      Tensor params,
      Conditioner net) {
    int samples = conditioner(owner, "madeGradient", z, params, net);
    factors(owner, "madeGradient", factors, samples, net);
    Check.denseMatrix(owner, "madeGradient: hidden", hidden, "[S, H]", samples, net.hidden());
    Check.vector(owner, "madeGradient: dParams", dParams, "net's parameters", net.parameterCount());
    Check.distinct("madeGradient: dParams", dParams, "params", params);
  }

  /** Checks what all three take and returns S. */
  private static int conditioner(
      AbstractBackend owner, String op, Tensor z, Tensor params, Conditioner net) {
    Check.present(op + ": net", net);
    Check.real(owner, op + ": z", z);
    Check.matrix(owner, op + ": z", z, "[S, I]", z.rows(), net.inputs());
    Check.vector(owner, op + ": params", params, "net's parameters", net.parameterCount());
    if (net.rowStart() != null) {
      indices(owner, op + ": net.rowStart", net.rowStart(), "[R + 1]", net.rows() + 1L);
    }
    return z.rows();
  }

  private static void factors(
      AbstractBackend owner, String op, Tensor factors, int samples, Conditioner net) {
    Check.vector(owner, op + ": factors", factors, "[(S + 4)·R]", (samples + 4L) * net.rows());
  }

  private static void indices(
      AbstractBackend owner, String name, Tensor t, String what, long size) {
    Check.vector(owner, name, t, DType.INT32, what, size);
  }

  // ---- coupling ----

  static void coupling(
      AbstractBackend owner,
      Tensor y,
      Tensor logDet,
      Tensor z,
      Tensor heads,
      Tensor logDetIn,
      double delta) {
    Check.real(owner, "coupling: z", z);
    Check.matrix(owner, "coupling: y", y, "[S, d]", z.rows(), z.columns());
    Check.denseMatrix(owner, "coupling: heads", heads, "[S, 2·d]", z.rows(), 2L * z.columns());
    Check.vector(owner, "coupling: logDet", logDet, "[S]", z.rows());
    Check.optionalVector(owner, "coupling: logDetIn", logDetIn, "[S]", z.rows());
    Check.delta("coupling: delta", delta);
  }

  static void couplingBackward(
      AbstractBackend owner,
      Tensor dZ,
      Tensor dHeads,
      Tensor dY,
      Tensor dLogDet,
      Tensor z,
      Tensor heads,
      double delta) {
    Check.real(owner, "couplingBackward: z", z);
    Check.denseMatrix(
        owner, "couplingBackward: heads", heads, "[S, 2·d]", z.rows(), 2L * z.columns());
    if (dY != null) {
      Check.matrix(owner, "couplingBackward: dY", dY, "[S, d]", z.rows(), z.columns());
    }
    Check.optionalVector(owner, "couplingBackward: dLogDet", dLogDet, "[S]", z.rows());
    Check.gradient(owner, "couplingBackward: dZ", dZ, z);
    Check.gradient(owner, "couplingBackward: dHeads", dHeads, heads);
    Check.delta("couplingBackward: delta", delta);
  }

  static void couplingInverse(
      AbstractBackend owner,
      Tensor z,
      Tensor logDet,
      Tensor y,
      Tensor heads,
      Tensor logDetIn,
      double delta) {
    Check.real(owner, "couplingInverse: y", y);
    Check.matrix(owner, "couplingInverse: z", z, "[S, d]", y.rows(), y.columns());
    Check.denseMatrix(
        owner, "couplingInverse: heads", heads, "[S, 2·d]", y.rows(), 2L * y.columns());
    Check.vector(owner, "couplingInverse: logDet", logDet, "[S]", y.rows());
    Check.optionalVector(owner, "couplingInverse: logDetIn", logDetIn, "[S]", y.rows());
    Check.delta("couplingInverse: delta", delta);
  }

  // ---- permute ----

  static void permute(AbstractBackend owner, Tensor y, Tensor x, Tensor permutation) {
    Check.real(owner, "permute: x", x);
    Check.matrix(owner, "permute: y", y, "[S, d]", x.rows(), x.columns());
    indices(owner, "permute: permutation", permutation, "[d]", x.columns());
    Check.distinct("permute: y", y, "x", x);
  }

  static void permuteBackward(AbstractBackend owner, Tensor dX, Tensor dY, Tensor permutation) {
    Check.real(owner, "permuteBackward: dY", dY);
    indices(owner, "permuteBackward: permutation", permutation, "[d]", dY.columns());
    if (dX != null) {
      Check.matrix(owner, "permuteBackward: dX", dX, "[S, d]", dY.rows(), dY.columns());
      Check.distinct("permuteBackward: dX", dX, "dY", dY);
    }
  }

  // ---- several steps ----

  static void flow(
      AbstractBackend owner,
      Tensor y,
      Tensor logDet,
      Tensor z,
      Tensor logDetIn,
      List<FlowStep> steps,
      double delta) {
    Check.dense(owner, "flow: z", z, DType.REAL);
    Check.denseMatrix(owner, "flow: y", y, "[S, D]", z.rows(), z.columns());
    Check.vector(owner, "flow: logDet", logDet, "[S]", z.rows());
    Check.optionalVector(owner, "flow: logDetIn", logDetIn, "[S]", z.rows());
    Check.delta("flow: delta", delta);
    Check.distinct("flow: y", y, "z", z);
    steps(owner, "flow", steps, z.rows(), z.columns());
    for (FlowStep step : steps) {
      Check.distinct("flow: steps.x", step.x(), "y", y);
      Check.distinct("flow: steps.x", step.x(), "z", z);
    }
  }

  static void flowBackward(
      AbstractBackend owner,
      Tensor dZ,
      Tensor dY,
      Tensor dLogDet,
      List<FlowStep> steps,
      double delta) {
    Check.delta("flowBackward: delta", delta);
    Check.present("flowBackward: steps", steps);
    Tensor x = steps.isEmpty() || steps.getFirst() == null ? null : steps.getFirst().x();
    int samples = x == null ? 0 : x.rows();
    int dim = x == null ? 0 : x.columns();
    steps(owner, "flowBackward", steps, samples, dim);
    for (Tensor t : new Tensor[] {dZ, dY}) {
      if (t != null) {
        String name = "flowBackward: " + (t == dZ ? "dZ" : "dY");
        Check.denseMatrix(owner, name, t, "[S, D]", samples, dim);
      }
    }
    Check.optionalVector(owner, "flowBackward: dLogDet", dLogDet, "[S]", samples);
    for (FlowStep step : steps) {
      factors(owner, "flowBackward: steps", step.factors(), samples, step.net());
    }
  }

  private static void steps(
      AbstractBackend owner, String op, List<FlowStep> steps, int samples, int dim) {
    Check.present(op + ": steps", steps);
    if (steps.isEmpty()) {
      throw new IllegalArgumentException(op + ": steps is empty: give at least one");
    }
    for (FlowStep step : steps) {
      Check.present(op + ": steps", step);
      Check.present(op + ": steps.net", step.net());
      Check.denseMatrix(owner, op + ": steps.x", step.x(), "[S, D]", samples, dim);
      Conditioner net = step.net();
      Check.range(op + ": steps.net.inputs", net.inputs(), 1, dim);
      Check.range(op + ": steps.net.outputs", net.outputs(), 1, dim);
      Check.range(op + ": steps.seen", step.seen(), 0, dim - net.inputs());
      Check.range(op + ": steps.moved", step.moved(), 0, dim - net.outputs());
      conditioner(owner, op + ": steps", step.conditions(), step.params(), net);
      Check.denseMatrix(
          owner, op + ": steps.heads", step.heads(), "[S, 2·O]", samples, 2 * net.outputs());
      Check.denseMatrix(
          owner, op + ": steps.hidden", step.hidden(), "[S, H]", samples, net.hidden());
      Check.denseMatrix(
          owner, op + ": steps.products", step.products(), "[S, R]", samples, net.rows());
      Check.vector(owner, op + ": steps.r", step.r(), "[R]", net.rows());
      if (step.permutation() != null) {
        indices(owner, op + ": steps.permutation", step.permutation(), "[D]", dim);
      }
    }
  }

  // ---- affine ----

  static void affine(
      AbstractBackend owner,
      Tensor z,
      Tensor logDet,
      Tensor eps,
      Tensor w,
      Tensor b,
      Tensor logDetIn,
      double delta) {
    Check.dense(owner, "affine: eps", eps, DType.REAL);
    int d = eps.columns();
    Check.denseMatrix(owner, "affine: z", z, "[S, D]", eps.rows(), d);
    Check.vector(owner, "affine: w", w, "[D]", d);
    Check.vector(owner, "affine: b", b, "[D]", d);
    Check.vector(owner, "affine: logDet", logDet, "[S]", eps.rows());
    Check.optionalVector(owner, "affine: logDetIn", logDetIn, "[S]", eps.rows());
    Check.delta("affine: delta", delta);
  }

  static void affineBackward(
      AbstractBackend owner,
      Tensor dEps,
      Tensor dW,
      Tensor dB,
      Tensor dZ,
      Tensor dLogDet,
      Tensor eps,
      Tensor w,
      double delta) {
    Check.dense(owner, "affineBackward: eps", eps, DType.REAL);
    int d = eps.columns();
    Check.vector(owner, "affineBackward: w", w, "[D]", d);
    if (dZ != null) {
      Check.denseMatrix(owner, "affineBackward: dZ", dZ, "[S, D]", eps.rows(), d);
    }
    Check.optionalVector(owner, "affineBackward: dLogDet", dLogDet, "[S]", eps.rows());
    Check.gradient(owner, "affineBackward: dEps", dEps, eps);
    Check.gradient(owner, "affineBackward: dW", dW, w);
    Check.optionalVector(owner, "affineBackward: dB", dB, "[D]", d);
    Check.delta("affineBackward: delta", delta);
  }

  static void affineInverse(
      AbstractBackend owner,
      Tensor eps,
      Tensor logDet,
      Tensor z,
      Tensor w,
      Tensor b,
      Tensor logDetIn,
      double delta) {
    Check.dense(owner, "affineInverse: z", z, DType.REAL);
    int d = z.columns();
    Check.denseMatrix(owner, "affineInverse: eps", eps, "[S, D]", z.rows(), d);
    Check.vector(owner, "affineInverse: w", w, "[D]", d);
    Check.vector(owner, "affineInverse: b", b, "[D]", d);
    Check.vector(owner, "affineInverse: logDet", logDet, "[S]", z.rows());
    Check.optionalVector(owner, "affineInverse: logDetIn", logDetIn, "[S]", z.rows());
    Check.delta("affineInverse: delta", delta);
  }
}
