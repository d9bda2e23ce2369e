package org.bhn.backend;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;

/** Device memory that was asked for, in a flight recording. */
@Name("org.bhn.Allocation")
@Label("Device Memory Allocation")
@Category("Bayesian Hypernetworks")
final class AllocationEvent extends Event {
  @Label("Bytes")
  @DataAmount
  long bytes;

  static void record(long bytes) {
    AllocationEvent event = new AllocationEvent();
    if (event.shouldCommit()) {
      event.bytes = bytes;
      event.commit();
    }
  }
}
