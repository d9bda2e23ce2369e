package org.bhn.paper;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import org.bhn.data.DataException;

/** Reads small gzip'd tar archives (POSIX.1-1988 ustar) into memory. */
final class TarGz {
  private static final int BLOCK = 512;
  private static final int SIZE_AT = 124;
  private static final int SIZE_LENGTH = 12;
  private static final int NAME_LENGTH = 100;
  private static final int TYPE_AT = 156;

  private TarGz() {}

  /**
   * Its plain files.
   *
   * @return contents by base name
   * @throws DataException if the archive is cut short or not a tar
   */
  static Map<String, byte[]> read(Path file) throws IOException {
    Map<String, byte[]> files = new HashMap<>();
    try (InputStream in =
        new GZIPInputStream(new BufferedInputStream(Files.newInputStream(file)))) {
      byte[] header = in.readNBytes(BLOCK);
      while (header.length == BLOCK && header[0] != 0) {
        int size = size(file, header);
        byte[] content = in.readNBytes(size);
        int padding = (BLOCK - size % BLOCK) % BLOCK;
        if (content.length != size || in.readNBytes(padding).length != padding) {
          throw new DataException(file + ": ends inside a file; fetch it again");
        }
        if (header[TYPE_AT] == '0' || header[TYPE_AT] == 0) {
          String path = text(header, 0, NAME_LENGTH);
          files.put(path.substring(path.lastIndexOf('/') + 1), content);
        }
        header = in.readNBytes(BLOCK);
      }
    }
    return files;
  }

  private static int size(Path file, byte[] header) {
    String octal = text(header, SIZE_AT, SIZE_LENGTH).strip();
    try {
      return Integer.parseInt(octal, 8);
    } catch (NumberFormatException e) {
      throw new DataException(file + ": \"" + octal + "\" is no file size; is it a tar?", e);
    }
  }

  private static String text(byte[] bytes, int from, int length) {
    int end = from;
    while (end < from + length && bytes[end] != 0) {
      end++;
    }
    return new String(bytes, from, end - from, StandardCharsets.US_ASCII);
  }
}
