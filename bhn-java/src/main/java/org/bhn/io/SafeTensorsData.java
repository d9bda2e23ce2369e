package org.bhn.io;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.bhn.io.SafeTensors.DType;
import org.bhn.io.SafeTensors.TensorInfo;

/** Moves values between files and memory in chunks, so that no tensor is in memory twice. */
final class SafeTensorsData {
  private static final int CHUNK = 1 << 20;

  /**
   * A tensor to be written.
   *
   * @param values a Java array of the type, or a {@link MemorySegment} of little-endian values
   */
  record Entry(String name, DType type, long[] shape, Object values, long elements) {}

  private SafeTensorsData() {}

  /** Places the entries one after another, as the format demands. */
  static List<TensorInfo> layOut(List<Entry> entries) {
    List<TensorInfo> infos = new ArrayList<>(entries.size());
    long begin = 0;
    for (Entry entry : entries) {
      long end = begin + entry.elements() * entry.type().bytes();
      List<Long> shape = LongStream.of(entry.shape()).boxed().toList();
      infos.add(new TensorInfo(entry.name(), entry.type(), shape, begin, end));
      begin = end;
    }
    return infos;
  }

  static void write(FileChannel channel, Entry entry) throws IOException {
    ByteBuffer chunk = ByteBuffer.allocate(CHUNK);
    MemorySegment bytes = MemorySegment.ofBuffer(chunk);
    int width = entry.type().bytes();
    int perChunk = CHUNK / width;
    for (long at = 0; at < entry.elements(); at += perChunk) {
      int count = (int) Math.min(perChunk, entry.elements() - at);
      if (entry.values() instanceof MemorySegment segment) {
        MemorySegment.copy(segment, at * width, bytes, 0, (long) count * width);
      } else {
        MemorySegment.copy(entry.values(), (int) at, bytes, entry.type().layout(), 0, count);
      }
      AtomicFiles.writeFully(channel, chunk.clear().limit(count * width));
    }
  }

  /** Reads a whole tensor, whose elements must fit an array, into an array of its type. */
  static Object read(FileChannel channel, long dataStart, TensorInfo info, String source)
      throws IOException {
    int n = (int) info.elements();
    Object values = newArray(info.type(), n);
    ByteBuffer chunk = ByteBuffer.allocate((int) Math.min(CHUNK, info.end() - info.begin()));
    MemorySegment bytes = MemorySegment.ofBuffer(chunk);
    int width = info.type().bytes();
    int perChunk = CHUNK / width;
    for (long at = 0; at < n; at += perChunk) {
      int count = (int) Math.min(perChunk, n - at);
      chunk.clear().limit(count * width);
      long position = dataStart + info.begin() + at * width;
      SafeTensorsHeader.readFully(channel, chunk, position, source, info.name());
      MemorySegment.copy(bytes, info.type().layout(), 0, values, (int) at, count);
    }
    return values;
  }

  /** Fills memory from a place of the file on. */
  static void read(FileChannel channel, long begin, MemorySegment into, String source, String name)
      throws IOException {
    for (long at = 0; at < into.byteSize(); at += CHUNK) {
      ByteBuffer chunk = into.asSlice(at, Math.min(CHUNK, into.byteSize() - at)).asByteBuffer();
      SafeTensorsHeader.readFully(channel, chunk, begin + at, source, name);
    }
  }

  private static Object newArray(DType type, int n) {
    return switch (type) {
      case F32 -> new float[n];
      case F64 -> new double[n];
      case I32 -> new int[n];
      case I64 -> new long[n];
      case U8 -> new byte[n];
    };
  }
}
