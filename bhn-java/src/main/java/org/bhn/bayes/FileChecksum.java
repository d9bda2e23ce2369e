package org.bhn.bayes;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.SortedMap;
import java.util.zip.CRC32C;
import org.bhn.io.SafeTensors;

/**
 * CRC-32C over what a safetensors file means: metadata by key, then tensors by name, each with
 * type, shape and values. The bytes of the header are left out, so a tool may lay the file out
 * anew. Every part comes after its length, since bytes could else move from one part to the next
 * unnoticed.
 */
final class FileChecksum {
  private static final long PIECE = 1 << 30; // of a tensor, which may exceed what a buffer can hold

  private final CRC32C crc = new CRC32C();

  /**
   * Starts with the metadata.
   *
   * @param metadata all but the checksum itself
   */
  FileChecksum(SortedMap<String, String> metadata) {
    number(metadata.size());
    metadata.forEach(
        (key, value) -> {
          text(key);
          text(value);
        });
  }

  /** Goes on with a tensor; they come in the order of their names. */
  void tensor(String name, SafeTensors.DType type, long[] shape, MemorySegment values) {
    text(name);
    text(type.name());
    number(shape.length);
    for (long dimension : shape) {
      number(dimension);
    }
    for (long at = 0; at < values.byteSize(); at += PIECE) {
      crc.update(values.asSlice(at, Math.min(PIECE, values.byteSize() - at)).asByteBuffer());
    }
  }

  String hex() {
    return Long.toHexString(crc.getValue());
  }

  private void text(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    number(bytes.length);
    crc.update(bytes, 0, bytes.length);
  }

  private void number(long value) {
    crc.update(ByteBuffer.allocate(Long.BYTES).putLong(value).flip());
  }
}
