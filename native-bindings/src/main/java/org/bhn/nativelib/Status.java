package org.bhn.nativelib;

/**
 * What a function of libbhn returns. The numbers are pinned in bhn.h; they are repeated here
 * because the generated bindings cannot even be initialised where Java denies native calls.
 */
public enum Status {
  /** Success. */
  OK(0, "success"),
  /** A size, pointer, stride, flag or index is not acceptable. */
  INVALID_ARGUMENT(1, "invalid argument"),
  /** Host or device memory is exhausted. */
  OUT_OF_MEMORY(2, "out of memory"),
  /** This build or device cannot do it. */
  UNSUPPORTED(3, "not supported by this build or device"),
  /** The asked device or library is absent. */
  NO_DEVICE(4, "no such device"),
  /** The device reported an error; the context stays usable. */
  DEVICE_ERROR(5, "device error"),
  /** The device is gone; every later call fails. */
  DEVICE_LOST(6, "device lost: create a new backend"),
  /** A defect of the library. */
  INTERNAL(7, "internal error: please report it");

  private static final Status[] BY_CODE = values();

  private final int code;
  private final String description;

  Status(int code, String description) {
    this.code = code;
    this.description = description;
  }

  /** The number that C returns. */
  public int code() {
    return code;
  }

  /** A few words for people. */
  public String description() {
    return description;
  }

  /** The status of that number; {@link #INTERNAL} for a number this version does not know. */
  public static Status of(int code) {
    for (Status status : BY_CODE) {
      if (status.code == code) {
        return status;
      }
    }
    return INTERNAL;
  }
}
