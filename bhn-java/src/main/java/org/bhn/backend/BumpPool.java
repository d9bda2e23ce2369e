package org.bhn.backend;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;

/** A pool that cuts tensors off large pages, one list of pages for each element type. */
final class BumpPool implements Pool {
  /** Starts of tensors are multiples of this many elements: a cache line of f32. */
  private static final long ALIGNMENT = 16;

  /** Reals in a page: a huge page of f32. */
  private static final int PAGE = 1 << 19;

  private final AbstractBackend backend;
  private final Map<DType, Pages> pages = new EnumMap<>(DType.class);

  BumpPool(AbstractBackend backend) {
    this.backend = backend;
    for (DType dtype : DType.values()) {
      pages.put(dtype, new Pages(dtype));
    }
  }

  @Override
  public Tensor take(DType dtype, int... shape) {
    return pages.get(dtype).take(shape);
  }

  @Override
  public void reset() {
    pages.values().forEach(Pages::reset);
  }

  @Override
  public long bytes() {
    return pages.values().stream().mapToLong(Pages::bytes).sum();
  }

  void free() {
    pages.values().forEach(Pages::free);
  }

  private final class Pages {
    private final DType dtype;
    private final List<DeviceBuffer> list = new ArrayList<>();
    private int page;
    private long used;

    Pages(DType dtype) {
      this.dtype = dtype;
    }

    Tensor take(int... shape) {
      long size = (Tensor.size(shape) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
      while (page < list.size() && used + size > list.get(page).length()) {
        page++;
        used = 0;
      }
      if (page == list.size()) {
        list.add(backend.newBuffer(dtype, Math.max(size, dtype == DType.REAL ? PAGE : PAGE >> 4)));
      }
      Tensor tensor = Tensor.on(list.get(page), used, shape);
      used += size;
      return tensor;
    }

    void reset() {
      page = 0;
      used = 0;
      list.forEach(DeviceBuffer::recycle);
    }

    long bytes() {
      return list.stream().mapToLong(b -> b.length() * backend.bytes(dtype)).sum();
    }

    void free() {
      list.forEach(DeviceBuffer::free);
      list.clear();
      page = 0;
      used = 0;
    }
  }
}
