package org.bhn.train;

/** Told how a training goes. */
public interface Listener {
  /**
   * Before the first step.
   *
   * @param epoch the first one, counted from 0; a resumed training starts later
   * @param epochs as many as there will be if the training does not stop early
   */
  default void onStart(int epoch, int epochs) {}

  /** After every step; called on the training thread, keep it short. */
  default void onStep(int epoch, int step, int stepsPerEpoch) {}

  /** After every epoch. */
  void onEpoch(Epoch epoch);

  /** When the training has ended, also by an exception. */
  default void onEnd() {}
}
