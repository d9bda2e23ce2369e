package org.bhn.backend;

/**
 * Brings batches from the host into one tensor, in the order in which they are put. A batch may be
 * put while the one before it waits to be taken, so that its copy goes on beside the device's work.
 * Belongs to its backend and thread, and is not recorded.
 */
public interface Staging extends AutoCloseable {
  /** Batches that may wait. */
  int DEPTH = 2;

  /**
   * Begins to bring a batch to the device.
   *
   * @param values may be changed once this returns
   * @param count how many of them, at most the tensor's size
   * @throws IllegalStateException if {@link #DEPTH} batches wait already
   */
  void put(float[] values, int count);

  /** As {@link #put(float[], int)}, for an INT32 tensor. */
  void put(int[] values, int count);

  /** Makes the batch that waits longest the first elements of the tensor, for calls that follow. */
  void take();

  /** Forgets the batches that wait. */
  void clear();

  @Override
  void close();
}
