package org.bhn.train;

/** Told how a training goes. */
public interface Listener {
  /** After every step; called on the training thread, keep it short. */
  default void onStep(int epoch, int step, int stepsPerEpoch) {}

  /** After every epoch. */
  void onEpoch(Epoch epoch);

  /** When the training has ended, also by an exception. */
  default void onEnd() {}
}
