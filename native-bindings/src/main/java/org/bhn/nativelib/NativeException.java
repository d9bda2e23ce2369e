package org.bhn.nativelib;

import java.util.List;

/**
 * A native library could not be loaded, or one of its functions failed. The message is complete: it
 * names what was tried or the offending values, and what to do.
 */
public final class NativeException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final Status status;
  private final transient List<Rejection> rejections;

  /**
   * A failed call.
   *
   * @param status what the function returned
   * @param text the library's text about it
   */
  public NativeException(Status status, String text) {
    super(text.isEmpty() ? status.description() : text + " [" + status + "]");
    this.status = status;
    this.rejections = List.of();
  }

  /**
   * A library that could not be loaded.
   *
   * @param library name of the library, for the message
   * @param rejections every candidate, in the order in which they were tried
   * @param property that names a place to look in
   * @param remedy what to install; empty where it came with this library
   */
  NativeException(String library, List<Rejection> rejections, String property, String remedy) {
    super(message(library, rejections, property, remedy));
    this.status = Status.NO_DEVICE;
    this.rejections = List.copyOf(rejections);
  }

  /** The status of the call; {@link Status#NO_DEVICE} when the library could not be loaded. */
  public Status status() {
    return status;
  }

  /** The candidates that were tried; empty when a call failed. */
  public List<Rejection> rejections() {
    return rejections == null ? List.of() : rejections;
  }

  private static String message(
      String library, List<Rejection> rejections, String property, String remedy) {
    StringBuilder text = new StringBuilder("cannot load ").append(library).append('.');
    for (Rejection rejection : rejections) {
      text.append("\n  ").append(rejection);
    }
    if (!remedy.isEmpty()) {
      text.append("\n  ").append(remedy);
    }
    return text.append("\n  To name the directory where it lies, set -D")
        .append(property)
        .append("=DIR.")
        .toString();
  }
}
