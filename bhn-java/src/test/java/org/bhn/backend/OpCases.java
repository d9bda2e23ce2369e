package org.bhn.backend;

import java.util.ArrayList;
import java.util.List;

/** Every op's cases. */
public final class OpCases {
  private OpCases() {}

  /** All cases; each op of {@link Backend} has at least one. */
  public static List<OpCase> all() {
    List<OpCase> all = new ArrayList<>(ElementwiseCases.all());
    all.addAll(ImageCases.all());
    all.addAll(LayerCases.all());
    all.addAll(FlowCases.all());
    all.addAll(FusedFlowCases.all());
    all.addAll(TrainingCases.all());
    return List.copyOf(all);
  }
}
