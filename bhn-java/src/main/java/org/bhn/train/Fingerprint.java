package org.bhn.train;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;
import org.bhn.data.Dataset;

/** A short text that tells a data set from others: its number of rows and a checksum. */
final class Fingerprint {
  private static final int PIECE = 1 << 16; // values, or one row if that is more

  private Fingerprint() {}

  static String of(Dataset data) {
    int widest = Math.max(data.columns(), data.isClassification() ? 1 : data.targetColumns());
    int rows = Math.max(1, PIECE / widest);
    float[] x = new float[rows * data.columns()];
    int[] labels = data.isClassification() ? new int[rows] : null;
    float[] targets = data.isClassification() ? null : new float[rows * data.targetColumns()];
    // Little-endian whatever the machine, since a checkpoint may move to another.
    ByteBuffer bytes = ByteBuffer.allocate(4 * rows * widest).order(ByteOrder.LITTLE_ENDIAN);
    CRC32C crc = new CRC32C();
    for (int from = 0; from < data.rows(); from += rows) {
      int to = Math.min(data.rows(), from + rows);
      data.copyInputs(from, to, x, 0);
      update(crc, bytes, x, (to - from) * data.columns());
      if (labels != null) {
        data.copyLabels(from, to, labels, 0);
        bytes.asIntBuffer().put(labels, 0, to - from);
        crc.update(bytes.slice(0, 4 * (to - from)));
      } else {
        data.copyTargets(from, to, targets, 0);
        update(crc, bytes, targets, (to - from) * data.targetColumns());
      }
    }
    return data.rows() + " rows of crc32c " + Long.toHexString(crc.getValue());
  }

  private static void update(CRC32C crc, ByteBuffer bytes, float[] values, int count) {
    bytes.asFloatBuffer().put(values, 0, count);
    crc.update(bytes.slice(0, 4 * count));
  }
}
