package org.bhn.backend;

import org.bhn.tensor.Tensor;

/**
 * One step of {@link Backend#flow}: {@code x[s, j] = y[s, permutation[j]]}, a conditioner on the
 * columns of x from {@code seen} on, and the affine transform of those from {@code moved} on. With
 * {@code seen = moved = 0} and I = O = D it is a step of inverse autoregressive flow (Kingma et al.
 * 2016), with two halves a coupling of RealNVP (Dinh et al. 2017).
 *
 * @param net the conditioner: it sees I columns and moves O
 * @param seen the first column it sees
 * @param moved the first column that is transformed
 * @param permutation INT32 {@code [D]}; null: x = y
 * @param params of the conditioner
 * @param x {@code [S, D]}; this and the next four are kept for the backward
 * @param heads {@code [S, 2·O]}
 * @param hidden {@code [S, H]}
 * @param products {@code [S, R]}
 * @param r {@code [R]}
 * @param factors {@code [net.factorCount(S)]}, written by the backward; null before it
 */
public record FlowStep(
    Conditioner net,
    int seen,
    int moved,
    Tensor permutation,
    Tensor params,
    Tensor x,
    Tensor heads,
    Tensor hidden,
    Tensor products,
    Tensor r,
    Tensor factors) {

  /** A step of S samples whose outputs are taken from the pool. */
  public static FlowStep take(
      Pool pool,
      int samples,
      int dim,
      Conditioner net,
      int seen,
      int moved,
      Tensor permutation,
      Tensor params) {
    return new FlowStep(
        net,
        seen,
        moved,
        permutation,
        params,
        pool.take(samples, dim),
        pool.take(samples, 2 * net.outputs()),
        pool.take(samples, net.hidden()),
        pool.take(samples, net.rows()),
        pool.take(net.rows()),
        null);
  }

  /** The same step with memory for what its backward writes. */
  public FlowStep withFactors(Tensor factors) {
    return new FlowStep(
        net, seen, moved, permutation, params, x, heads, hidden, products, r, factors);
  }

  /** The columns of x that the conditioner sees. */
  public Tensor conditions() {
    return x.columns(seen, seen + net.inputs());
  }

  /** The gradient of the parameters, after the backward. */
  public MadeGradient gradient() {
    return new MadeGradient(factors, conditions(), hidden, net);
  }
}
