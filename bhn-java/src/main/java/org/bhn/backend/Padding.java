package org.bhn.backend;

/** What a convolution sees beyond the edge of an image. */
public enum Padding {
  /** Nothing: the kernel stays inside, and the output is smaller than the image. */
  VALID,
  /** Zeros, as many as give {@code ⌈size/stride⌉} outputs; an odd one goes after the image. */
  SAME
}
