package org.bhn.paper;

import java.util.List;
import org.bhn.report.Report;

/** A figure or table of the paper: what to run, and how to show what came out. */
public interface Experiment {
  /** Name on the command line and of the results file. */
  String name();

  /** Heading of its section. */
  String title();

  /** What the paper shows and what is run here, in a few sentences. */
  String what();

  /**
   * Everything there is to run, in order. Must be cheap: data are read when a unit runs.
   *
   * @param options chosen on the command line; sizes come from {@link Options#pick}
   */
  List<Unit> units(Options options);

  /**
   * Adds tables and figures of the runs found so far to a page.
   *
   * @param runs at least one, possibly not all of {@link #units}
   */
  void report(Report page, Runs runs);
}
