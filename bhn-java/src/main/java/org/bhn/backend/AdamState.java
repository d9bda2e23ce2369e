package org.bhn.backend;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.bhn.tensor.Tensor;

/**
 * What one Adam step works on: for every parameter its value, gradient and two moments (equal
 * sizes, contiguous), and the numbers that change between steps, on the device.
 *
 * <p>With norm = ‖all gradients‖₂: g ← g·min(norm, maxNorm)/(10⁻⁷ + norm) if maxNorm &gt; 0, then
 * clamped to [−clip, clip] if clip &gt; 0; then Adam (Kingma and Ba 2015) with t = step + 1: θ ← θ
 * − lr √(1 − β2ᵗ)/(1 − β1ᵗ) · m/(√v + eps). If the device's precision does not hold the norm, or
 * maxNorm/norm as a normal number, nothing but the report changes, and later steps change nothing
 * at all until the report's second entry is set to 0 or more: so a device that runs behind may be
 * asked now and then.
 *
 * @param values θ
 * @param gradients g
 * @param firstMoments m
 * @param secondMoments v
 * @param step INT64 {@code [1]}, steps taken
 * @param hyper REAL {@code [6]}: lr, β1, β2, eps, maxNorm, clip
 * @param report REAL {@code [2]}: the norm; 1 after a step, −1 where there was none. Zero before
 *     the first step
 * @param made factored gradients by their parameter's place in {@code values}: each is formed
 *     inside the update, and {@code gradients} is scratch there
 */
public record AdamState(
    List<Tensor> values,
    List<Tensor> gradients,
    List<Tensor> firstMoments,
    List<Tensor> secondMoments,
    Tensor step,
    Tensor hyper,
    Tensor report,
    Map<Integer, MadeGradient> made) {

  /** A state whose gradients are all written out. */
  public AdamState(
      List<Tensor> values,
      List<Tensor> gradients,
      List<Tensor> firstMoments,
      List<Tensor> secondMoments,
      Tensor step,
      Tensor hyper,
      Tensor report) {
    this(values, gradients, firstMoments, secondMoments, step, hyper, report, Map.of());
  }

  /** Copies the lists and checks that they match. */
  public AdamState {
    values = copy("values", values);
    gradients = copy("gradients", gradients);
    firstMoments = copy("firstMoments", firstMoments);
    secondMoments = copy("secondMoments", secondMoments);
    int n = values.size();
    if (made == null) {
      throw new IllegalArgumentException("made is null; an empty map means none");
    }
    made = Collections.unmodifiableMap(new TreeMap<>(made));
    for (Integer i : made.keySet()) {
      if (i < 0 || i >= n) {
        throw new IllegalArgumentException(
            "made holds a gradient for parameter " + i + " of " + n + " parameters");
      }
    }
    if (gradients.size() != n || firstMoments.size() != n || secondMoments.size() != n) {
      throw new IllegalArgumentException(
          "values, gradients, firstMoments and secondMoments must have one entry each for every"
              + " parameter; got "
              + n
              + ", "
              + gradients.size()
              + ", "
              + firstMoments.size()
              + ", "
              + secondMoments.size());
    }
    for (int i = 0; i < n; i++) {
      int size = values.get(i).size();
      if (gradients.get(i).size() != size
          || firstMoments.get(i).size() != size
          || secondMoments.get(i).size() != size) {
        throw new IllegalArgumentException(
            "tensors of parameter " + i + " differ in size from its value " + values.get(i));
      }
    }
  }

  private static List<Tensor> copy(String name, List<Tensor> tensors) {
    if (tensors == null || tensors.stream().anyMatch(t -> t == null)) {
      throw new IllegalArgumentException(
          name + " = " + tensors + " must be a list with a tensor for every parameter");
    }
    return List.copyOf(tensors);
  }
}
