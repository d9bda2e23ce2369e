package org.bhn.paper;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.bhn.paper.Options.Size;

/**
 * Runs of one experiment, in the order of its units.
 *
 * @param list of them
 */
public record Runs(List<Run> list) {
  /** Copies the list. */
  public Runs {
    list = List.copyOf(list);
  }

  /**
   * What a page shows of runs of several sizes: of each group those of one size, full ones as soon
   * as they compare two methods, or as many as the quick ones. Sizes are never mixed within a
   * comparison.
   */
  static Runs best(Runs quick, Runs full) {
    List<Run> chosen = new ArrayList<>();
    List<String> groups = new ArrayList<>(full.groups());
    quick.groups().stream().filter(g -> !groups.contains(g)).forEach(groups::add);
    for (String group : groups) {
      Runs a = full.of(group);
      Runs b = quick.of(group);
      int methods = a.methods().size();
      chosen.addAll((methods >= Math.min(2, b.methods().size()) ? a : b).list);
    }
    return new Runs(chosen);
  }

  /** Whether there is none. */
  public boolean isEmpty() {
    return list.isEmpty();
  }

  /** How many. */
  public int size() {
    return list.size();
  }

  /** Groups in order. */
  public List<String> groups() {
    return list.stream().map(Run::group).distinct().toList();
  }

  /** Methods in order. */
  public List<String> methods() {
    return list.stream().map(Run::method).distinct().toList();
  }

  /** Those of a group. */
  public Runs of(String group) {
    return filter(r -> r.group().equals(group));
  }

  /** Those of a method. */
  public Runs by(String method) {
    return filter(r -> r.method().equals(method));
  }

  /** The one with the smallest seed. */
  public Optional<Run> first() {
    return list.stream().min((a, b) -> Long.compare(a.seed(), b.seed()));
  }

  /** A value of each. */
  public double[] numbers(String name) {
    return list.stream().filter(r -> r.has(name)).mapToDouble(r -> r.number(name)).toArray();
  }

  /** Mean and spread of a value over all that measured it. */
  public Stat stat(String name) {
    return Stat.of(numbers(name));
  }

  /** Mean and spread of the wall time. */
  public Stat seconds() {
    return Stat.of(list.stream().mapToDouble(Run::seconds).toArray());
  }

  /** How many seeds at which size and in which mode: "3 seeds, quick, fixed". */
  public String extent() {
    Run any = list.getFirst();
    return "%d %s, %s, %s"
        .formatted(
            size(),
            size() == 1 ? "seed" : "seeds",
            any.size() == Size.FULL ? "full" : any.size() == Size.QUICK ? "quick" : "tiny",
            any.settings().string("mode"));
  }

  private Runs filter(Predicate<Run> keep) {
    return new Runs(list.stream().filter(keep).toList());
  }
}
