package org.bhn.nativelib;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * SHA-256 of what a C header declares. Comments and white space do not count: they cannot change
 * the bindings, and nobody should need jextract to fix a typo in a comment.
 */
final class HeaderDigest {
  private HeaderDigest() {}

  static String of(Path header) throws IOException {
    String text =
        Files.readString(header)
            .replaceAll("(?s)/\\*.*?\\*/", " ")
            .replaceAll("//[^\n]*", " ")
            .replaceAll("\\s+", " ")
            .replaceAll(" ?(\\W) ?", "$1")
            .strip();
    try {
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  /**
   * Arguments: the root of the source tree, then headers relative to it. Called by regenerate.sh.
   */
  public static void main(String[] args) throws IOException {
    for (int i = 1; i < args.length; i++) {
      System.out.println(of(Path.of(args[0], args[i])) + "  " + args[i]);
    }
  }
}
