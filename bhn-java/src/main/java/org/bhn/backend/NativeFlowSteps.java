package org.bhn.backend;

import static org.bhn.backend.NativeBuffer.address;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.bhn.nativelib.gen.bhn.BhnC;
import org.bhn.nativelib.gen.bhn.bhn_flow_step;

/**
 * The steps of a flow as a table of native structs. It is a few kilobytes and must live as long as
 * a recording that uses it, which is when the collector frees an automatic arena.
 */
final class NativeFlowSteps {
  final MemorySegment table;
  final int count;
  private final RawTensors raw;

  NativeFlowSteps(List<FlowStep> steps) {
    count = steps.size();
    table = bhn_flow_step.allocateArray(count, Arena.ofAuto());
    for (int l = 0; l < count; l++) {
      fill(bhn_flow_step.asSlice(table, l), steps.get(l));
    }
    raw =
        new RawTensors(
            steps.stream()
                .flatMap(
                    s ->
                        Stream.of(
                            s.permutation(),
                            s.params(),
                            s.net().rowStart(),
                            s.x(),
                            s.heads(),
                            s.hidden(),
                            s.products(),
                            s.r(),
                            s.factors()))
                .filter(Objects::nonNull)
                .toList());
  }

  void requireLive(String op) {
    raw.requireLive(op);
  }

  /** Reals of {@code work} of {@code bhn_flow_bwd}. */
  static int work(List<FlowStep> steps) {
    long outputs = 0;
    long hidden = 0;
    long widest = 0;
    for (FlowStep step : steps) {
      Conditioner net = step.net();
      outputs = Math.max(outputs, net.outputs());
      hidden = Math.max(hidden, net.hidden());
      widest = Math.max(widest, Math.max(net.inputs(), net.hidden()));
    }
    long dim = steps.getFirst().x().columns();
    long perSample = 2 * dim + 2 * outputs + BhnC.BHN_MADE_PARTS() * widest + hidden;
    return Math.toIntExact(Math.multiplyExact(steps.getFirst().x().rows(), perSample));
  }

  private static void fill(MemorySegment at, FlowStep step) {
    Conditioner net = step.net();
    bhn_flow_step.permutation(at, address(step.permutation()));
    bhn_flow_step.params(at, address(step.params()));
    bhn_flow_step.row_start(at, address(net.rowStart()));
    bhn_flow_step.x(at, address(step.x()));
    bhn_flow_step.heads(at, address(step.heads()));
    bhn_flow_step.h(at, address(step.hidden()));
    bhn_flow_step.t(at, address(step.products()));
    bhn_flow_step.r(at, address(step.r()));
    bhn_flow_step.factors(at, address(step.factors()));
    bhn_flow_step.inputs(at, net.inputs());
    bhn_flow_step.hidden(at, net.hidden());
    bhn_flow_step.outputs(at, net.outputs());
    bhn_flow_step.weights(at, net.weights());
    bhn_flow_step.seen(at, step.seen());
    bhn_flow_step.moved(at, step.moved());
    bhn_flow_step.weight_norm(at, net.weightNorm() ? 1 : 0);
  }
}
