package org.bhn.uncertainty;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class StudentTDistributionTest {
  private static final double[] PROBABILITIES = {1e-12, 1e-6, 0.001, 0.025, 0.2, 0.4, 0.6, 0.95};

  @Test
  void quantilesAreThoseOfTables() {
    double[][] table = { // degrees of freedom, quantiles of 0.95, 0.975, 0.995
      {3, 2.35336343480182388, 3.18244630528370959, 5.84090930973335726},
      {5, 2.01504837333302424, 2.57058183563631551, 4.03214298355522808},
      {10, 1.81246112281167641, 2.22813885198627475, 3.16927267261695123},
      {30, 1.69726088659395785, 2.04227245630123831, 2.74999565356722533}
    };
    for (double[] row : table) {
      StudentTDistribution t = new StudentTDistribution(row[0]);
      assertEquals(row[1], t.quantile(0.95), 1e-12);
      assertEquals(row[2], t.quantile(0.975), 1e-12);
      assertEquals(row[3], t.quantile(0.995), 1e-11);
      assertEquals(-row[3], t.quantile(0.005), 1e-12);
    }
  }

  /** Against the incomplete beta function in 30 digits. */
  @Test
  void tailsAreRightToTheirLastDigits() {
    double[][] table = { // degrees of freedom, t, probability below, relative error
      {4, -1e3, 2.9999800001049995e-12, 1e-13},
      {0.5, -7, 0.121028958559905, 1e-13},
      {31.9, -4, 1.75840175145776496e-4, 1e-13},
      {1e5, -3, 1.3502304420323596e-3, 1e-11},
      {1e6, -2, 2.27502669256596042e-2, 1e-10},
      {1e6, -8, 6.2275317166012598e-16, 1e-10}
    };
    for (double[] row : table) {
      assertEquals(row[2], new StudentTDistribution(row[0]).cdf(row[1]), row[3] * row[2]);
    }
  }

  /** Of 1 degree of freedom, Cauchy's, and of 2 both functions are elementary. */
  @Test
  void closedFormsAreMet() {
    StudentTDistribution cauchy = new StudentTDistribution(1);
    StudentTDistribution two = new StudentTDistribution(2);
    for (double p : PROBABILITIES) {
      double expected = -1 / Math.tan(Math.PI * p);
      assertEquals(expected, cauchy.quantile(p), 1e-12 * (1 + Math.abs(expected)));
      expected = (2 * p - 1) / Math.sqrt(2 * p * (1 - p));
      assertEquals(expected, two.quantile(p), 1e-12 * (1 + Math.abs(expected)));
    }
    for (double t : new double[] {-1e9, -1000, -3, -0.5, -1e-9, 0, 0.7, 40}) {
      double expected = t < 0 ? Math.atan(-1 / t) / Math.PI : 0.5 + Math.atan(t) / Math.PI;
      assertEquals(expected, cauchy.cdf(t), 1e-13 * expected);
      double root = Math.sqrt(2 + t * t);
      expected = t < 0 ? 1 / (root * (root - t)) : 0.5 + t / (2 * root);
      assertEquals(expected, two.cdf(t), 1e-13 * expected);
      assertEquals(-Math.log(Math.PI) - Math.log1p(t * t), cauchy.logDensity(t), 1e-12);
    }
  }

  @Test
  void manyDegreesOfFreedomAreNearlyNormal() {
    StudentTDistribution t = new StudentTDistribution(1e6);
    double z = 1.959963984540054;
    double next = (z * z * z + z) / 4e6; // Cornish and Fisher
    assertEquals(z + next, t.quantile(0.975), 1e-10);
    assertEquals(0.15865525393145707, t.cdf(-1), 1e-6);
    assertEquals(-0.5 * (Math.log(2 * Math.PI) + 4), t.logDensity(2), 1e-5);
  }

  @Test
  void densityIsTheSlopeOfTheDistributionFunction() {
    double h = 1e-4;
    for (double nu : new double[] {0.01, 0.3, 1.7, 4, 31.9, 32, 500, 1e6}) {
      StudentTDistribution t = new StudentTDistribution(nu);
      for (double x : new double[] {-8, -2, -0.3, 0.1, 1, 5}) {
        double slope = (t.cdf(x + h) - t.cdf(x - h)) / (2 * h);
        assertEquals(slope, Math.exp(t.logDensity(x)), 2e-8, nu + " at " + x);
        assertEquals(x, t.quantile(t.cdf(x)), 1e-9 * (1 + Math.abs(x)) / slope);
      }
    }
  }

  @Test
  void farEndsAreNoNaN() {
    StudentTDistribution few = new StudentTDistribution(0.01);
    assertEquals(Double.NEGATIVE_INFINITY, few.quantile(1e-12));
    assertTrue(few.quantile(0.025) < -1e100);
    assertEquals(0.025, few.cdf(few.quantile(0.025)), 1e-12);
    for (double nu : new double[] {0.01, 3, 1e6}) {
      StudentTDistribution t = new StudentTDistribution(nu);
      assertEquals(0, t.cdf(Double.NEGATIVE_INFINITY));
      assertEquals(1, t.cdf(Double.POSITIVE_INFINITY));
      assertEquals(0.5, t.cdf(0));
      assertEquals(Double.NEGATIVE_INFINITY, t.logDensity(Double.POSITIVE_INFINITY));
      assertTrue(Double.isFinite(t.logDensity(1e300)));
      assertTrue(Double.isNaN(t.cdf(Double.NaN)));
    }
  }

  @Test
  void wrongArgumentsAreNamed() {
    for (double nu : new double[] {0, -1, 0.009, 2e6, Double.NaN, Double.POSITIVE_INFINITY}) {
      refused(
          () -> new StudentTDistribution(nu),
          "degreesOfFreedom = " + nu + " must be in [0.01, 1e6]; ");
    }
    StudentTDistribution t = new StudentTDistribution(3);
    refused(() -> t.quantile(0), "probability = 0.0 must be in (0, 1)");
    refused(() -> t.quantile(Double.NaN), "probability = NaN");
  }

  private static void refused(Runnable call, String start) {
    String said = assertThrows(IllegalArgumentException.class, call::run).getMessage();
    assertTrue(said.startsWith(start), said);
  }
}
