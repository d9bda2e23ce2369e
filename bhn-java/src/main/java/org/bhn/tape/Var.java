package org.bhn.tape;

import org.bhn.backend.MadeGradient;
import org.bhn.tensor.Tensor;

/** A value on a tape, and its gradient, made when the backward first asks for it. */
public final class Var {
  private final Tape tape;
  private final String label;
  private final Tensor value;
  private final boolean tracked;
  private final Var parent;
  private final GradientView view;
  private final Tensor storage;
  private Tensor gradient;
  private MadeGradient factored;

  /** How the gradient of a view lies in its parent's. */
  interface GradientView {
    Tensor of(Tensor parentGradient);
  }

  Var(Tape tape, String label, Tensor value, boolean tracked, Tensor storage) {
    this.tape = tape;
    this.label = label;
    this.value = value;
    this.tracked = tracked;
    this.storage = storage;
    this.parent = null;
    this.view = null;
  }

  private Var(Var parent, Tensor value, GradientView view) {
    this.tape = parent.tape;
    this.label = parent.label;
    this.value = value;
    this.tracked = parent.tracked;
    this.storage = null;
    this.parent = parent;
    this.view = view;
  }

  /** The tape this value is on. */
  public Tape tape() {
    return tape;
  }

  /** The value. */
  public Tensor value() {
    return value;
  }

  /** Where the value came from, for error messages. */
  public String label() {
    return label;
  }

  /** Whether gradients flow into this value. */
  public boolean isTracked() {
    return tracked;
  }

  /** Columns {@code from} to {@code to} without copying; gradients flow into the same columns. */
  public Var columns(int from, int to) {
    return new Var(this, value.columns(from, to), g -> g.columns(from, to));
  }

  /** Rows {@code from} to {@code to} without copying; gradients flow into the same rows. */
  public Var rows(int from, int to) {
    return new Var(this, value.rows(from, to), g -> g.rows(from, to));
  }

  /** Elements {@code from} onwards in another shape, without copying; must be contiguous. */
  public Var view(int from, int... shape) {
    return new Var(this, value.view(from, shape), g -> g.view(from, shape));
  }

  /** Whether anything has been added to the gradient yet. */
  boolean hasGradient() {
    return gradient != null || factored != null || (parent != null && parent.hasGradient());
  }

  /** The gradient to add into, zero-filled at first use; null if this value is not tracked. */
  public Tensor gradient() {
    if (!tracked) {
      return null;
    }
    if (gradient == null) {
      if (parent != null) {
        gradient = view.of(parent.gradient());
      } else {
        gradient = zeroGradient();
        if (factored != null) {
          write(factored);
          factored = null;
        }
      }
    }
    return gradient;
  }

  /**
   * The gradient, for an op that can overwrite: not zero-filled if nothing was added yet. Check
   * {@link #overwritable} first.
   */
  Tensor gradientToOverwrite() {
    gradient = storage != null ? storage : tape.backend().pool().take(value.shape());
    return gradient;
  }

  boolean overwritable() {
    return tracked && parent == null && gradient == null && factored == null;
  }

  /** Adds a gradient in factors; the first stays so until someone asks for the gradient itself. */
  void addGradient(MadeGradient more) {
    if (overwritable()) {
      factored = more;
    } else if (tracked) {
      gradient();
      write(more);
    }
  }

  /** The whole gradient, if it is in factors; else null. */
  MadeGradient factored() {
    return factored;
  }

  private void write(MadeGradient g) {
    tape.backend().madeGradient(gradient, g.factors(), g.z(), g.hidden(), value, g.net());
  }

  private Tensor zeroGradient() {
    if (storage == null) {
      return tape.zeros(value.shape());
    }
    tape.backend().fill(storage, 0);
    return storage;
  }
}
