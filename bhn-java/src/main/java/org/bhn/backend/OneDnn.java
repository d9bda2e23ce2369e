package org.bhn.backend;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.ToIntFunction;
import org.bhn.nativelib.OneDnnLibrary;
import org.bhn.nativelib.Pointers;
import org.bhn.nativelib.gen.dnnl.DnnlC;
import org.bhn.nativelib.gen.dnnl.dnnl_exec_arg_t;

/** Makes oneDNN's objects; whoever makes one destroys it. */
final class OneDnn {
  /** Name of an implementation, as far as it tells whether bf16 products are in hardware. */
  private static final String[] BF16 = {"core_bf16", "core_fp16", "core_amx", "avx10", "vnni_2"};

  /** dnnl_data_type_undef: that of the destination. */
  private static final int SAME_TYPE = 0;

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

  /** Images {@code [n, H, W, C]}; oneDNN's dimensions are n, C, H, W, whatever the layout. */
  static MemorySegment images(long n, long height, long width, long channels) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment dims = dims(arena, n, channels, height, width);
      MemorySegment strides = dims(arena, height * width * channels, 1, width * channels, channels);
      return created(
          "images of " + height + " x " + width + " x " + channels,
          p -> DnnlC.dnnl_memory_desc_create_with_strides(p, 4, dims, DnnlC.dnnl_f32(), strides));
    }
  }

  /** The weights {@code [out, KH, KW, in]} of a convolution. */
  static MemorySegment filters(Convolution c) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment dims = dims(arena, c.out(), c.in(), c.kernelHeight(), c.kernelWidth());
      MemorySegment strides = dims(arena, c.fanIn(), 1, (long) c.kernelWidth() * c.in(), c.in());
      return created(
          "weights of " + c,
          p -> DnnlC.dnnl_memory_desc_create_with_strides(p, 4, dims, DnnlC.dnnl_f32(), strides));
    }
  }

  /** The weights of a convolution in the layout that it likes best. */
  static MemorySegment anyFilters(Convolution c) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment dims = dims(arena, c.out(), c.in(), c.kernelHeight(), c.kernelWidth());
      int any = DnnlC.dnnl_format_tag_any();
      return created(
          "weights of " + c,
          p -> DnnlC.dnnl_memory_desc_create_with_tag(p, 4, dims, DnnlC.dnnl_f32(), any));
    }
  }

  static MemorySegment dims(Arena arena, long... sizes) {
    MemorySegment dims = arena.allocate(ValueLayout.JAVA_LONG, DnnlC.DNNL_MAX_NDIMS());
    MemorySegment.copy(sizes, 0, dims, ValueLayout.JAVA_LONG, 0, sizes.length);
    return dims;
  }

  /** Attributes of a primitive that takes its scratch from the caller. */
  static MemorySegment attributes(int mathMode) {
    MemorySegment attributes = created("attributes", DnnlC::dnnl_primitive_attr_create);
    check(DnnlC.dnnl_primitive_attr_set_fpmath_mode(attributes, mathMode), "math mode");
    int user = DnnlC.dnnl_scratchpad_mode_user();
    check(DnnlC.dnnl_primitive_attr_set_scratchpad_mode(attributes, user), "scratchpad mode");
    return attributes;
  }

  static MemorySegment product(MemorySegment x, MemorySegment weights, MemorySegment y) {
    MemorySegment none = MemorySegment.NULL;
    return created(
        "matmul",
        p -> DnnlC.dnnl_matmul_primitive_desc_create(p, engine(), x, weights, none, y, none));
  }

  static MemorySegment reorder(MemorySegment from, MemorySegment to) {
    return reorder(from, to, MemorySegment.NULL);
  }

  /** A reorder that adds to what is there. */
  static MemorySegment reorderAdding(MemorySegment from, MemorySegment to) {
    MemorySegment sum = created("post-ops", DnnlC::dnnl_post_ops_create);
    check(DnnlC.dnnl_post_ops_append_sum(sum, 1, 0, SAME_TYPE), "sum");
    MemorySegment attributes = created("attributes", DnnlC::dnnl_primitive_attr_create);
    check(DnnlC.dnnl_primitive_attr_set_post_ops(attributes, sum), "post-ops");
    MemorySegment description = reorder(from, to, attributes);
    DnnlC.dnnl_primitive_attr_destroy(attributes);
    DnnlC.dnnl_post_ops_destroy(sum);
    return description;
  }

  private static MemorySegment reorder(
      MemorySegment from, MemorySegment to, MemorySegment attributes) {
    return created(
        "reorder",
        p -> DnnlC.dnnl_reorder_primitive_desc_create(p, from, engine(), to, engine(), attributes));
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
    String name = implementation(description);
    for (String part : BF16) {
      if (name.contains(part)) {
        return true;
      }
    }
    return false;
  }

  /** The name of what oneDNN has chosen. */
  static String implementation(MemorySegment description) {
    MemorySegment text =
        created(
            "implementation",
            p ->
                DnnlC.dnnl_primitive_desc_query(
                    description, DnnlC.dnnl_query_impl_info_str(), 0, p));
    return Pointers.text(text);
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
    check(DnnlC.dnnl_memory_set_data_handle(memory, address), "set_data_handle");
  }

  static void execute(
      MemorySegment primitive, MemorySegment stream, MemorySegment arguments, int count) {
    check(DnnlC.dnnl_primitive_execute(primitive, stream, count, arguments), "execute");
  }

  private static void check(int status, String what) {
    if (status != 0) {
      OneDnnLibrary.check(status, what);
    }
  }
}
