package org.bhn.train;

import java.util.List;

/**
 * How a training went.
 *
 * @param epochs one entry for each epoch done, in order
 * @param bestEpoch epoch whose snapshot the model holds, or −1 if it holds the last
 * @param stoppedEarly whether patience ended it, or {@link Fit#stopWhen}
 */
public record History(List<Epoch> epochs, int bestEpoch, boolean stoppedEarly) {
  /** Copies the list. */
  public History {
    epochs = List.copyOf(epochs);
  }

  /** The last epoch. */
  public Epoch last() {
    return epochs.get(epochs.size() - 1);
  }
}
