package org.bhn.tensor;

/** What the elements of a tensor are. */
public enum DType {
  /** Real numbers: f32 on native backends, f64 on the plain Java backend. */
  REAL,
  /** 32-bit integers: labels, permutations, degrees, row orders, vote counts. */
  INT32,
  /** 64-bit integers: random-number counters and cursors. */
  INT64
}
