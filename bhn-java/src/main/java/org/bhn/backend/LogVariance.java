package org.bhn.backend;

/** What a log-variance belongs to. The ordinal is the value of the C ABI. */
public enum LogVariance {
  /** One for each output, {@code [O]}. */
  SHARED,
  /** One for each sample and output, {@code [S, O]}. */
  PER_SAMPLE,
  /** One for each row and output, {@code [S·B, O]} (heteroscedastic). */
  PER_ROW
}
