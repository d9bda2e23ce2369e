package org.bhn.train;

/** A training that cannot go on: a value became NaN or infinite. The message names where. */
public final class TrainingException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** With what happened, where, and what to do. */
  public TrainingException(String message) {
    super(message);
  }
}
