package org.bhn.data;

/** Data that are missing or not what they should be; the message names the file and the place. */
public final class DataException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /**
   * Builds an exception.
   *
   * @param message file, place, what was expected and found, and what to do about it
   */
  public DataException(String message) {
    super(message);
  }

  /** As {@link #DataException(String)}, with the reason behind it. */
  public DataException(String message, Throwable cause) {
    super(message, cause);
  }
}
