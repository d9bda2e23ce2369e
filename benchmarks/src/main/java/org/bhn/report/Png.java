package org.bhn.report;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/** Grey PNG images (ISO/IEC 15948), written without a graphics toolkit. */
final class Png {
  private Png() {}

  /** Pixels in [0, 1], row by row, ink bright. */
  static byte[] grey(float[] pixels, int width) {
    int height = pixels.length / width;
    byte[] raw = new byte[height * (width + 1)];
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        float v = Math.min(1, Math.max(0, pixels[y * width + x]));
        raw[y * (width + 1) + 1 + x] = (byte) Math.round(255 * v);
      }
    }
    Deflater deflater = new Deflater();
    deflater.setInput(raw);
    deflater.finish();
    byte[] packed = new byte[raw.length + 64];
    int size = deflater.deflate(packed);
    deflater.end();
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(new byte[] {(byte) 0x89, 'P', 'N', 'G', 13, 10, 26, 10});
    byte depth = 8;
    chunk(out, "IHDR", ByteBuffer.allocate(13).putInt(width).putInt(height).put(depth).array());
    chunk(out, "IDAT", java.util.Arrays.copyOf(packed, size));
    chunk(out, "IEND", new byte[0]);
    return out.toByteArray();
  }

  private static void chunk(ByteArrayOutputStream out, String type, byte[] data) {
    byte[] name = type.getBytes(StandardCharsets.US_ASCII);
    CRC32 crc = new CRC32();
    crc.update(name);
    crc.update(data);
    out.writeBytes(ByteBuffer.allocate(4).putInt(data.length).array());
    out.writeBytes(name);
    out.writeBytes(data);
    out.writeBytes(ByteBuffer.allocate(4).putInt((int) crc.getValue()).array());
  }
}
