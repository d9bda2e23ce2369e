package org.bhn.backend;

/** Families of prior densities. The ordinal is the value of the C ABI. */
public enum PriorKind {
  /** p0 = mean, p1 = standard deviation. */
  NORMAL,
  /** p0 = mean, p1 = scale b of log p = −log 2b − |w − mean|/b. */
  LAPLACE,
  /** p0 = weight of the first component, p1 and p2 = standard deviations; both means are 0. */
  MIXTURE
}
