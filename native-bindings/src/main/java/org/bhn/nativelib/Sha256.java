package org.bhn.nativelib;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** SHA-256 in lower-case hexadecimal. */
final class Sha256 {
  private static final int CHUNK_BYTES = 1 << 17;

  private Sha256() {}

  static String of(InputStream in) throws IOException {
    return copy(in, OutputStream.nullOutputStream());
  }

  /** Copies everything and returns its digest. Closes neither stream. */
  static String copy(InputStream in, OutputStream out) throws IOException {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
    byte[] chunk = new byte[CHUNK_BYTES];
    for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
      digest.update(chunk, 0, n);
      out.write(chunk, 0, n);
    }
    return HexFormat.of().formatHex(digest.digest());
  }
}
