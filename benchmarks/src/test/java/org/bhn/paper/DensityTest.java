package org.bhn.paper;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.bhn.data.Dataset;
import org.bhn.mcmc.LogDensity;
import org.junit.jupiter.api.Test;

/** The densities that NUTS samples, against their definitions and finite differences. */
class DensityTest {
  @Test
  void theCurvesDensityIsItsDefinition() {
    Dataset data = ToyCurve.data(40, 3);
    CurveDensity density = new CurveDensity(7, data);
    double[] q = point(density.dim(), 1);
    double expected = 0;
    for (int i = 0; i < q.length - 1; i++) {
      expected -= 0.5 * q[i] * q[i];
    }
    float[] x = data.inputs();
    float[] y = data.targets();
    for (int n = 0; n < x.length; n++) {
      double z = (y[n] - density.mean(q, x[n])) / density.noise(q);
      expected -= 0.5 * z * z + Math.log(density.noise(q));
    }
    assertEquals(expected, density.at(q, new double[q.length]), 1e-10 * Math.abs(expected));
  }

  @Test
  void gradientsAreThoseOfFiniteDifferences() {
    CurveDensity curve = new CurveDensity(7, ToyCurve.data(40, 3));
    for (long seed = 1; seed <= 5; seed++) {
      check(curve, point(curve.dim(), seed));
      check(new ProductPosterior(20, 0.5, seed), point(2, seed));
    }
  }

  private static double[] point(int dim, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    double[] q = new double[dim];
    for (int i = 0; i < dim; i++) {
      q[i] = random.nextGaussian();
    }
    return q;
  }

  private static void check(LogDensity density, double[] q) {
    double[] gradient = new double[q.length];
    double[] other = new double[q.length];
    density.at(q, gradient);
    double step = 1e-6;
    for (int i = 0; i < q.length; i++) {
      double[] up = q.clone();
      double[] down = q.clone();
      up[i] += step;
      down[i] -= step;
      double slope = (density.at(up, other) - density.at(down, other)) / (2 * step);
      assertEquals(slope, gradient[i], 1e-5 * (1 + Math.abs(slope)), "parameter " + i);
    }
  }

  @Test
  void theGridIsADistributionAndItsEvidenceBoundsTheBestGaussian() {
    ProductPosterior exact = new ProductPosterior(20, 0.5, 1);
    double[][] cells = exact.cells();
    double total = 0;
    double positive = 0;
    for (int i = 0; i < cells.length; i++) {
      for (double v : cells[i]) {
        total += v;
        positive += i >= cells.length / 2 ? v : 0;
      }
    }
    assertEquals(1, total, 1e-12);
    assertEquals(0.5, positive, 1e-12);
    assertEquals(0, ProductPosterior.totalVariation(cells, cells), 1e-12);
    double[][] elsewhere = ProductPosterior.shares(new double[][] {{9, 9}});
    assertEquals(1, ProductPosterior.totalVariation(cells, elsewhere), 1e-12);
    // Jensen: E_q[log joint] + entropy of q, q = N((1, 1), 0.2²), by 5 x 5 Gauss-Hermite points.
    double[] nodes = {-2.8569700, -1.3556262, 0, 1.3556262, 2.8569700};
    double[] weights = {0.0112574, 0.2220759, 0.5333333, 0.2220759, 0.0112574};
    double bound = 2 * (0.5 + 0.5 * Math.log(2 * Math.PI) + Math.log(0.2));
    for (int i = 0; i < 5; i++) {
      for (int j = 0; j < 5; j++) {
        bound += weights[i] * weights[j] * exact.logJoint(1 + 0.2 * nodes[i], 1 + 0.2 * nodes[j]);
      }
    }
    assertTrue(bound < exact.evidence(), bound + " against " + exact.evidence());
    assertTrue(bound > exact.evidence() - 3, bound + " against " + exact.evidence());
  }
}
