package org.bhn.backend;

/**
 * The error function in double precision, by the rational minimax approximations of W. J. Cody,
 * "Rational Chebyshev approximations for the error function", Math. Comp. 23 (1969), 631–637;
 * coefficients of his later CALERF. Commons Numbers' own allocates, which no step may. Relative
 * error about 1e-16 wherever the result is a normal number.
 */
final class Erf {
  private static final double INV_SQRT_PI = 0.56418958354775628695;

  /** erf(x)/x in x² for |x| <= 0.46875. */
  private static final double[] A = {
    1.85777706184603153e-1,
    3.16112374387056560e0,
    1.13864154151050156e2,
    3.77485237685302021e2,
    3.20937758913846947e3
  };

  private static final double[] B = {
    1, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3
  };

  /** exp(x²) erfc(x) in x for 0.46875 <= x <= 4. */
  private static final double[] C = {
    2.15311535474403846e-8,
    5.64188496988670089e-1,
    8.88314979438837594e0,
    6.61191906371416295e1,
    2.98635138197400131e2,
    8.81952221241769090e2,
    1.71204761263407058e3,
    2.05107837782607147e3,
    1.23033935479799725e3
  };

  private static final double[] D = {
    1,
    1.57449261107098347e1,
    1.17693950891312499e2,
    5.37181101862009858e2,
    1.62138957456669019e3,
    3.29079923573345963e3,
    4.36261909014324716e3,
    3.43936767414372164e3,
    1.23033935480374942e3
  };

  /** x² (1/√π − x exp(x²) erfc(x)) in 1/x² for x >= 4. */
  private static final double[] P = {
    1.63153871373020978e-2,
    3.05326634961232344e-1,
    3.60344899949804439e-1,
    1.25781726111229246e-1,
    1.60837851487422766e-2,
    6.58749161529837803e-4
  };

  private static final double[] Q = {
    1,
    2.56852019228982242e0,
    1.87295284992346725e0,
    5.27905102951428412e-1,
    6.05183413124413191e-2,
    2.33520497626869185e-3
  };

  private Erf() {}

  /** 2/√π ∫ₓ^∞ exp(−t²) dt. */
  static double erfc(double x) {
    double y = Math.abs(x);
    if (y <= 0.46875) {
      return 1 - x * horner(A, x * x) / horner(B, x * x);
    }
    double upper = exp(y) * (y <= 4 ? horner(C, y) / horner(D, y) : tail(y));
    return x < 0 ? 2 - upper : upper;
  }

  /** Φ(x), the standard normal distribution function, without cancellation for negative x. */
  static double normalCdf(double x) {
    return 0.5 * erfc(-x * Math.sqrt(0.5));
  }

  private static double tail(double y) {
    double z = 1 / (y * y);
    return (INV_SQRT_PI - z * horner(P, z) / horner(Q, z)) / y;
  }

  /** exp(−y²), with y² split so that its rounding error is not magnified. */
  private static double exp(double y) {
    double head = Math.floor(y * 16) / 16;
    return Math.exp(-head * head) * Math.exp(-(y - head) * (y + head));
  }

  private static double horner(double[] coefficients, double x) {
    double sum = 0;
    for (double c : coefficients) {
      sum = sum * x + c;
    }
    return sum;
  }
}
