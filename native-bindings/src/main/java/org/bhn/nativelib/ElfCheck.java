package org.bhn.nativelib;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Reads the headers of an ELF file before the dynamic linker does. The linker maps what the headers
 * promise: a truncated file kills the process with SIGBUS instead of failing.
 */
final class ElfCheck {
  private static final int HEADER_BYTES = 64;
  private static final int PROGRAM_HEADER_BYTES = 56;
  private static final int SHARED_OBJECT = 3;
  private static final int LOAD = 1;

  private ElfCheck() {}

  /** Why the file cannot be a shared library of this machine; empty when it can. */
  static Optional<String> problem(Path file) {
    try (FileChannel channel = FileChannel.open(file)) {
      long size = channel.size();
      ByteBuffer header = read(channel, 0, HEADER_BYTES);
      if (header.remaining() < HEADER_BYTES || header.getInt(0) != 0x464C457F) {
        return Optional.of("not an ELF shared library (" + size + " bytes)");
      }
      if (header.get(4) != 2
          || header.get(5) != 1
          || header.getShort(16) != SHARED_OBJECT
          || header.getShort(18) != Platform.elfMachine()) {
        return Optional.of("not a 64-bit little-endian shared library for " + Platform.processor());
      }
      return truncation(channel, header, size);
    } catch (IOException e) {
      return Optional.of("cannot be read (" + e + ")");
    }
  }

  private static Optional<String> truncation(FileChannel channel, ByteBuffer header, long size)
      throws IOException {
    long offset = header.getLong(32);
    int entryBytes = Short.toUnsignedInt(header.getShort(54));
    int entries = Short.toUnsignedInt(header.getShort(56));
    if (entryBytes != PROGRAM_HEADER_BYTES || offset < HEADER_BYTES || offset > size) {
      return Optional.of("damaged ELF program headers");
    }
    ByteBuffer table = read(channel, offset, entries * entryBytes);
    if (table.remaining() < entries * entryBytes) {
      return Optional.of("truncated: it ends within its program headers");
    }
    for (int i = 0; i < entries; i++) {
      int at = i * entryBytes;
      long begin = table.getLong(at + 8);
      long bytes = table.getLong(at + 32);
      if (table.getInt(at) == LOAD && (begin < 0 || bytes < 0 || begin + bytes > size)) {
        return Optional.of(
            "truncated: " + size + " bytes, at least " + (begin + bytes) + " needed");
      }
    }
    return Optional.empty();
  }

  private static ByteBuffer read(FileChannel channel, long at, int bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    while (buffer.hasRemaining() && channel.read(buffer, at + buffer.position()) > 0) {}
    return buffer.flip();
  }
}
