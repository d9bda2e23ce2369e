package org.bhn.backend;

/** How exactly matrices are multiplied. Flows, log-determinants and statistics are always exact. */
public enum Precision {
  /** In the device's own reals: single precision on native devices. */
  STRICT,
  /** Factors rounded to bf16, sums in single precision, where the processor has such products. */
  FAST
}
