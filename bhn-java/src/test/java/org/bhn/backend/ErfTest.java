package org.bhn.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.math.BigDecimal;
import java.math.MathContext;
import org.junit.jupiter.api.Test;

class ErfTest {
  /** The series alternates with terms up to exp(x²): 200 digits leave 60 of erfc(12) ~ 1e-64. */
  private static final MathContext DIGITS = new MathContext(200);

  private static BigDecimal atanInverse(int n) {
    BigDecimal power = BigDecimal.ONE.divide(BigDecimal.valueOf(n), DIGITS);
    BigDecimal square = BigDecimal.valueOf((long) n * n);
    BigDecimal sum = power;
    for (int k = 3; power.precision() - power.scale() > -200; k += 2) {
      power = power.divide(square, DIGITS).negate();
      sum = sum.add(power.divide(BigDecimal.valueOf(k), DIGITS));
    }
    return sum;
  }

  /** Machin: π = 16 atan(1/5) − 4 atan(1/239). */
  private static final BigDecimal PI =
      atanInverse(5)
          .multiply(BigDecimal.valueOf(16))
          .subtract(atanInverse(239).multiply(BigDecimal.valueOf(4)));

  /** 1 − 2/√π Σ (−1)ⁿ x²ⁿ⁺¹/(n! (2n + 1)). */
  private static double exactErfc(double x) {
    BigDecimal square = new BigDecimal(x).pow(2);
    BigDecimal term = new BigDecimal(x);
    BigDecimal sum = term;
    for (int n = 1; n < 20 || term.abs().compareTo(BigDecimal.valueOf(1, 150)) > 0; n++) {
      term = term.multiply(square, DIGITS).divide(BigDecimal.valueOf(-n), DIGITS);
      sum = sum.add(term.divide(BigDecimal.valueOf(2L * n + 1), DIGITS));
    }
    BigDecimal factor = BigDecimal.TWO.divide(PI.sqrt(DIGITS), DIGITS);
    return BigDecimal.ONE.subtract(factor.multiply(sum, DIGITS)).doubleValue();
  }

  @Test
  void erfcIsExactToAFewUnits() {
    for (double x = -6; x <= 12; x += 0.0731) {
      double expected = exactErfc(x);
      assertEquals(expected, Erf.erfc(x), 1e-15 * expected, "erfc(" + x + ")");
    }
  }

  @Test
  void erfcIsExactAtTheSeamsOfItsApproximations() {
    for (double seam : new double[] {-4, -0.46875, 0, 0.46875, 4}) {
      for (double x : new double[] {Math.nextDown(seam), seam, Math.nextUp(seam)}) {
        double expected = exactErfc(x);
        assertEquals(expected, Erf.erfc(x), 1e-15 * expected, "erfc(" + x + ")");
      }
    }
  }

  @Test
  void normalCdfIsSymmetricAndEndsAtZeroAndOne() {
    assertEquals(0.5, Erf.normalCdf(0));
    assertEquals(1, Erf.normalCdf(40));
    assertEquals(0, Erf.normalCdf(-40));
    assertEquals(Double.NaN, Erf.normalCdf(Double.NaN));
    for (double x = 0.1; x < 8; x += 0.1) {
      assertEquals(1, Erf.normalCdf(x) + Erf.normalCdf(-x), 1e-15);
    }
    // Table value of the standard normal distribution at 1.96.
    assertEquals(0.9750021048517795, Erf.normalCdf(1.96), 1e-15);
  }
}
