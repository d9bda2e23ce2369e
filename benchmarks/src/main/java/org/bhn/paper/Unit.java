package org.bhn.paper;

import java.io.IOException;
import java.util.Map;
import org.bhn.backend.Backend;

/**
 * One run of an experiment: a method on some data with a seed. A unit runs once; afterwards its
 * values come from the results file, as long as its settings stay the same.
 *
 * @param group what is compared with each other: a data set, or a variant of the experiment
 * @param method row of the table
 * @param seed or number of the split
 * @param settings everything else the values depend on, plain values as in JSON
 * @param work computes the values
 */
public record Unit(
    String group, String method, long seed, Map<String, Object> settings, Work work) {

  /** Computes what a unit is run for. */
  @FunctionalInterface
  public interface Work {
    /** Runs on a backend that the caller closes. */
    Values run(Backend backend) throws IOException;
  }

  /** What makes it one of its kind in an experiment. */
  String key() {
    return key(group, method, seed);
  }

  static String key(String group, String method, long seed) {
    return group + " / " + method + " / " + seed;
  }
}
