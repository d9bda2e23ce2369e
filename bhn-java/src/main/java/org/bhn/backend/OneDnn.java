package org.bhn.backend;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.ToIntFunction;
import org.bhn.nativelib.OneDnnLibrary;
import org.bhn.nativelib.gen.dnnl.DnnlC;
import org.bhn.nativelib.gen.dnnl.dnnl_exec_arg_t;

/** Makes oneDNN's objects; whoever makes one destroys it. */
final class OneDnn {
  /** Name of an implementation, as far as it tells whether bf16 products are in hardware. */
  private static final String[] BF16 = {"core_bf16", "core_fp16", "core_amx", "avx10", "vnni_2"};

  private OneDnn() {}

  /** The CPU engine of this process; never destroyed. */
  static MemorySegment engine() {
    return Engine.INSTANCE;
  }

  private static final class Engine {
    static final MemorySegment INSTANCE =
        created("engine", p -> DnnlC.dnnl_engine_create(p, DnnlC.dnnl_cpu(), 0));
  }

  /** Calls a function that writes a handle, and returns the handle. */
  static MemorySegment created(String what, ToIntFunction<MemorySegment> create) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
      OneDnnLibrary.check(create.applyAsInt(out), what);
      return out.get(ValueLayout.ADDRESS, 0);
    }
  }

  static MemorySegment stream() {
    return created(
        "stream", p -> DnnlC.dnnl_stream_create(p, engine(), DnnlC.dnnl_stream_in_order()));
  }

  /** A matrix with the given distances between rows and between columns. */
  static MemorySegment matrix(long rows, long columns, long ldRow, long ldColumn, int type) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment dims = dims(arena, rows, columns);
      MemorySegment strides = dims(arena, ldRow, ldColumn);
      return created(
          "matrix of " + rows + " x " + columns,
          p -> DnnlC.dnnl_memory_desc_create_with_strides(p, 2, dims, type, strides));
    }
  }

  /** A matrix in the layout that a product likes best. */
  static MemorySegment anyMatrix(long rows, long columns, int type) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment dims = dims(arena, rows, columns);
      int any = DnnlC.dnnl_format_tag_any();
      return created(
          "matrix of " + rows + " x " + columns,
          p -> DnnlC.dnnl_memory_desc_create_with_tag(p, 2, dims, type, any));
    }
  }

  private static MemorySegment dims(Arena arena, long first, long second) {
    MemorySegment dims = arena.allocate(ValueLayout.JAVA_LONG, DnnlC.DNNL_MAX_NDIMS());
    dims.setAtIndex(ValueLayout.JAVA_LONG, 0, first);
    dims.setAtIndex(ValueLayout.JAVA_LONG, 1, second);
    return dims;
  }

  static MemorySegment product(MemorySegment x, MemorySegment weights, MemorySegment y) {
    MemorySegment none = MemorySegment.NULL;
    return created(
        "matmul",
        p -> DnnlC.dnnl_matmul_primitive_desc_create(p, engine(), x, weights, none, y, none));
  }

  static MemorySegment reorder(MemorySegment from, MemorySegment to) {
    MemorySegment none = MemorySegment.NULL;
    return created(
        "reorder",
        p -> DnnlC.dnnl_reorder_primitive_desc_create(p, from, engine(), to, engine(), none));
  }

  static MemorySegment primitive(MemorySegment description) {
    return created("primitive", p -> DnnlC.dnnl_primitive_create(p, description));
  }

  /** Memory at an address, which may be set later. */
  static MemorySegment memory(MemorySegment layout, MemorySegment address) {
    return created("memory", p -> DnnlC.dnnl_memory_create(p, layout, engine(), address));
  }

  /** Whether the processor itself multiplies bf16 in this product. */
  static boolean multipliesBf16(MemorySegment description) {
    MemorySegment text =
        created(
            "implementation",
            p ->
                DnnlC.dnnl_primitive_desc_query(
                    description, DnnlC.dnnl_query_impl_info_str(), 0, p));
    String name = text.reinterpret(Long.MAX_VALUE).getString(0);
    for (String part : BF16) {
      if (name.contains(part)) {
        return true;
      }
    }
    return false;
  }

  /** The arguments of a primitive: pairs of DNNL_ARG_ value and memory. */
  static MemorySegment arguments(Arena arena, Object... pairs) {
    MemorySegment all = dnnl_exec_arg_t.allocateArray(pairs.length / 2, arena);
    for (int i = 0; i < pairs.length / 2; i++) {
      MemorySegment one = dnnl_exec_arg_t.asSlice(all, i);
      dnnl_exec_arg_t.arg(one, (Integer) pairs[2 * i]);
      dnnl_exec_arg_t.memory(one, (MemorySegment) pairs[2 * i + 1]);
    }
    return all;
  }

  static void place(MemorySegment memory, MemorySegment address) {
    int status = DnnlC.dnnl_memory_set_data_handle(memory, address);
    if (status != 0) {
      OneDnnLibrary.check(status, "set_data_handle");
    }
  }

  static void execute(
      MemorySegment primitive, MemorySegment stream, MemorySegment arguments, int count) {
    int status = DnnlC.dnnl_primitive_execute(primitive, stream, count, arguments);
    if (status != 0) {
      OneDnnLibrary.check(status, "execute");
    }
  }
}
