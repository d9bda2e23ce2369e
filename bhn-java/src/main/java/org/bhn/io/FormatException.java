package org.bhn.io;

/** A file that does not hold what it should; the message names the file, the place and a remedy. */
public final class FormatException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final String source;
  private final String place;

  /**
   * Builds the message {@code "source: place: problem; remedy"}.
   *
   * @param source file, or another name of where the bytes came from
   * @param place tensor, JSON path or header field at fault; empty when it is the whole file
   * @param problem what was found and what was expected
   * @param remedy what to do about it
   */
  public FormatException(String source, String place, String problem, String remedy) {
    this(source, place, problem, remedy, null);
  }

  FormatException(String source, String place, String problem, String remedy, Throwable cause) {
    super(source + ": " + (place.isEmpty() ? "" : place + ": ") + problem + "; " + remedy, cause);
    this.source = source;
    this.place = place;
  }

  /** Returns the file, or another name of where the bytes came from. */
  public String source() {
    return source;
  }

  /** Returns the tensor, JSON path or header field at fault; empty when it is the whole file. */
  public String place() {
    return place;
  }
}
