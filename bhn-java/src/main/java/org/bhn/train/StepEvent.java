package org.bhn.train;

import jdk.jfr.Category;
import jdk.jfr.Enabled;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** One optimisation step in a flight recording that asks for them. */
@Name("org.bhn.Step")
@Label("Training Step")
@Category("Bayesian Hypernetworks")
@StackTrace(false)
@Enabled(false)
final class StepEvent extends Event {
  private static final StepEvent PROBE = new StepEvent();

  @Label("Batch Size")
  int batch;

  static boolean wanted() {
    return PROBE.isEnabled();
  }
}
