package org.bhn.backend;

/** Where a backend computes. */
public enum Device {
  /** Plain Java in double precision: runs anywhere, and is the oracle of the tests. */
  JAVA,
  /** Native CPU kernels and oneDNN, single precision. */
  CPU,
  /** Native CUDA kernels, cuBLAS and cuDNN, single precision. */
  CUDA
}
