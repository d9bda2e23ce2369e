package org.bhn.nativelib;

/**
 * One place where a native library was looked for and not used.
 *
 * @param candidate the file, directory or resource that was tried
 * @param stage the step that failed: {@code platform}, {@code find}, {@code extract}, {@code
 *     check}, {@code load} or {@code version}
 * @param reason what was wrong, in one sentence
 */
public record Rejection(String candidate, String stage, String reason) {
  @Override
  public String toString() {
    return candidate + ": " + reason + " [" + stage + "]";
  }
}
