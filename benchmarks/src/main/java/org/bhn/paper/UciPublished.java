package org.bhn.paper;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Published results on the UCI sets with the same splits and a network of the same size. */
final class UciPublished {
  /**
   * One method.
   *
   * @param method and where its numbers were published
   * @param rmse by set, with its spread as published; missing where none was
   * @param logLikelihood by set, nats per example
   */
  record Row(String method, Map<String, String> rmse, Map<String, String> logLikelihood) {}

  static final String SOURCES =
      "Published: [1] Lakshminarayanan et al. 2017, table 1 (± is a standard error for PBP, a"
          + " standard deviation for the others); [2] Gal's repository DropoutUncertaintyExps,"
          + " tuned dropout trained to convergence; [3] uncertainty-baselines,"
          + " baselines/uci/README.md.";

  private static final List<String> SETS =
      List.of(
          "boston-housing",
          "concrete",
          "energy",
          "kin8nm",
          "naval-propulsion-plant",
          "power-plant",
          "protein-tertiary-structure",
          "wine-quality-red",
          "yacht");

  static final List<Row> ROWS =
      List.of(
          new Row(
              "PBP [1]",
              of(
                  "3.01 ± 0.18|5.67 ± 0.09|1.80 ± 0.05|0.10 ± 0.00|0.01 ± 0.00|4.12 ± 0.03"
                      + "|4.73 ± 0.01|0.64 ± 0.01|1.02 ± 0.05"),
              of(
                  "−2.57 ± 0.09|−3.16 ± 0.02|−2.04 ± 0.02|0.90 ± 0.01|3.73 ± 0.01|−2.84 ± 0.01"
                      + "|−2.97 ± 0.00|−0.97 ± 0.01|−1.63 ± 0.02")),
          new Row(
              "MC dropout [1]",
              of(
                  "2.97 ± 0.85|5.23 ± 0.53|1.66 ± 0.19|0.10 ± 0.00|0.01 ± 0.00|4.02 ± 0.18"
                      + "|4.36 ± 0.04|0.62 ± 0.04|1.11 ± 0.38"),
              of(
                  "−2.46 ± 0.25|−3.04 ± 0.09|−1.99 ± 0.09|0.95 ± 0.03|3.80 ± 0.05|−2.80 ± 0.05"
                      + "|−2.89 ± 0.01|−0.93 ± 0.06|−1.55 ± 0.12")),
          new Row(
              "deep ensemble [1]",
              of(
                  "3.28 ± 1.00|6.03 ± 0.58|2.09 ± 0.29|0.09 ± 0.00|0.00 ± 0.00|4.11 ± 0.17"
                      + "|4.71 ± 0.06|0.64 ± 0.04|1.58 ± 0.48"),
              of(
                  "−2.41 ± 0.25|−3.06 ± 0.18|−1.38 ± 0.22|1.20 ± 0.02|5.63 ± 0.05|−2.79 ± 0.04"
                      + "|−2.83 ± 0.02|−0.94 ± 0.12|−1.18 ± 0.21")),
          new Row(
              "MC dropout, tuned [2]",
              of("2.904|4.826|0.539|0.0789|0.00074|4.014|4.274|0.622|0.666"),
              of("−2.402|−2.937|−1.212|1.136|4.450|−2.808|−2.871|−0.928|−1.250")),
          new Row(
              "deterministic [3]",
              Map.of(),
              of("−16.11|−3.94|−1.29|1.06|5.06|−3.28|−3.16|−1.05|−1.89")),
          new Row(
              "variational inference [3]",
              Map.of(),
              of("−3.12|−3.22|−0.93|1.03|6.12|−2.85|−2.93|−1.00|−2.01")),
          new Row(
              "refined VI [3]",
              Map.of(),
              of("−2.94|−3.08|−0.75|1.06|6.33|−2.83|−2.92|−0.97|−1.68")));

  private UciPublished() {}

  /** Whether anything was published on a set. */
  static boolean has(String set) {
    return SETS.contains(set);
  }

  /** Published log-likelihoods of Bayesian methods and ensembles on a set. */
  static double[] logLikelihoods(String set) {
    return ROWS.stream()
        .filter(row -> !row.method().startsWith("deterministic"))
        .map(row -> row.logLikelihood().get(set).replace('−', '-').split(" ")[0])
        .mapToDouble(Double::parseDouble)
        .toArray();
  }

  private static Map<String, String> of(String cells) {
    Map<String, String> map = new LinkedHashMap<>();
    String[] parts = cells.split("\\|");
    for (int i = 0; i < parts.length; i++) {
      map.put(SETS.get(i), parts[i]);
    }
    return map;
  }
}
