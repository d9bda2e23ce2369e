package org.bhn.backend;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Enabled;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/**
 * One device op in a flight recording that asks for them: there are hundreds in a step. Without, an
 * op costs one test of a flag more.
 */
@Name("org.bhn.Op")
@Label("Device Op")
@Category("Bayesian Hypernetworks")
@Description("A call of one op; on asynchronous devices, of its launch")
@StackTrace(false)
@Enabled(false)
final class OpEvent extends Event {
  private static final OpEvent PROBE = new OpEvent();

  @Label("Op")
  String op;

  /** Whether a running recording wants these events. */
  static boolean wanted() {
    return PROBE.isEnabled();
  }

  /** Runs a call inside an event. */
  static void run(String op, Runnable call) {
    OpEvent event = new OpEvent();
    event.op = op;
    event.begin();
    try {
      call.run();
    } finally {
      event.commit();
    }
  }
}
