package org.bhn.backend;

/** Nonlinearities of the gain epilogue. The ordinal is the value of the C ABI. */
public enum Activation {
  /** x. */
  IDENTITY,
  /** max(x, 0), with derivative 0 at 0. */
  RELU,
  /** tanh x. */
  TANH,
  /** x Φ(x), Φ the standard normal distribution function (Hendrycks and Gimpel 2016, exact). */
  GELU
}
