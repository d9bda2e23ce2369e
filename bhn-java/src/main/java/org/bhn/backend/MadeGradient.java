package org.bhn.backend;

import org.bhn.tensor.Tensor;

/**
 * The gradient of a conditioner's parameters before it is written out. Row i of U has the gradient
 * Σ_s a[s, i] x_s + c[i] u_i, with x = z for hidden rows and x = hidden for the heads: S + 1
 * numbers a row instead of one for each weight.
 *
 * @param factors REAL {@code [(S + 4)·R]}, written by {@link Backend#madeBackward}: a {@code [S,
 *     R]}, c {@code [R]}, the norm of each row's gradient {@code [R]}, dg {@code [R]}, db {@code
 *     [R]}
 * @param z REAL {@code [S, I]}
 * @param hidden REAL {@code [S, H]}
 * @param net the conditioner
 */
public record MadeGradient(Tensor factors, Tensor z, Tensor hidden, Conditioner net) {
  /** Checks that nothing is missing. */
  public MadeGradient {
    if (factors == null || z == null || hidden == null || net == null) {
      throw new IllegalArgumentException(
          "factors, z, hidden and net must be given; got "
              + factors
              + ", "
              + z
              + ", "
              + hidden
              + ", "
              + net);
    }
  }
}
