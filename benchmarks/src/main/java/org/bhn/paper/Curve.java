package org.bhn.paper;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.bhn.report.Plot;

/**
 * A list that every run measured, such as accuracies by number of labels: mean and spread of each
 * entry.
 *
 * @param stats of the entries; runs in which one is NaN do not count there
 */
record Curve(List<Stat> stats) {
  static Curve of(Runs runs, String name) {
    List<double[]> all =
        runs.list().stream().filter(r -> r.has(name)).map(r -> r.numbers(name)).toList();
    int shortest = all.stream().mapToInt(v -> v.length).min().orElse(0);
    Stat[] stats = new Stat[shortest];
    for (int i = 0; i < shortest; i++) {
      int at = i;
      stats[i] =
          Stat.of(all.stream().mapToDouble(v -> v[at]).filter(v -> !Double.isNaN(v)).toArray());
    }
    return new Curve(List.of(stats));
  }

  double[] means() {
    return stats.stream().mapToDouble(Stat::mean).toArray();
  }

  /**
   * Draws it over x, with its 95 % band from three runs on: that of two is mostly Student's t.
   * Entries without a value are left out.
   */
  void draw(Plot plot, double[] x, double unit, String color, String dash, String name) {
    int[] known =
        IntStream.range(0, Math.min(x.length, stats.size()))
            .filter(i -> stats.get(i).n() > 0)
            .toArray();
    if (known.length == 0) {
      return;
    }
    double[] at = Arrays.stream(known).mapToDouble(i -> x[i]).toArray();
    double[] mean = Arrays.stream(known).mapToDouble(i -> unit * stats.get(i).mean()).toArray();
    double[] half =
        Arrays.stream(known)
            .mapToDouble(i -> stats.get(i).n() > 2 ? unit * stats.get(i).halfWidth() : 0)
            .toArray();
    double[] low = new double[mean.length];
    double[] high = new double[mean.length];
    Arrays.setAll(low, i -> mean[i] - half[i]);
    Arrays.setAll(high, i -> mean[i] + half[i]);
    plot.band(at, low, high, color, 0.12).line(at, mean, color, dash, name);
  }
}
