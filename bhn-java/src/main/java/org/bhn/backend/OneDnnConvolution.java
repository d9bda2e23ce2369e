package org.bhn.backend;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.bhn.backend.ConvolutionKey.Kind;
import org.bhn.nativelib.gen.dnnl.DnnlC;

/**
 * A convolution of a given number of images, or one of its gradients, as a primitive of oneDNN with
 * all it needs. Images stay where they are; weights pass through a buffer in the layout that the
 * primitive likes; scratch is bound once. Running it allocates nothing.
 */
final class OneDnnConvolution implements PreparedCache.Ready {
  private static final int ALIGNMENT = 64;

  private final Arena arena = Arena.ofShared();
  private final MemorySegment stream = OneDnn.stream();
  private final Operand x;
  private final Operand w;
  private final Operand y;
  private final MemorySegment primitive;
  private final MemorySegment scratch;
  private final MemorySegment arguments;
  private final String implementation;

  OneDnnConvolution(ConvolutionKey key) {
    Kind kind = key.kind();
    Convolution c = key.shape();
    MemorySegment images = OneDnn.images(key.images(), c.height(), c.width(), c.in());
    MemorySegment filters = OneDnn.filters(c);
    MemorySegment outputs = OneDnn.images(key.images(), c.outHeight(), c.outWidth(), c.out());
    MemorySegment any = OneDnn.anyFilters(c);
    MemorySegment description = describe(key, images, any, outputs);
    this.x = new Operand(images, images, kind == Kind.INPUTS, key.add());
    this.w = new Operand(filters, wanted(description, kind), kind == Kind.WEIGHTS, key.add());
    this.y = new Operand(outputs, outputs, kind == Kind.OUTPUTS, key.add());
    MemorySegment work =
        DnnlC.dnnl_primitive_desc_query_md(description, DnnlC.dnnl_query_scratchpad_md(), 0);
    this.scratch = OneDnn.memory(work, room(work));
    this.primitive = OneDnn.primitive(description);
    this.arguments =
        OneDnn.arguments(
            arena,
            kind == Kind.INPUTS ? DnnlC.DNNL_ARG_DIFF_SRC() : DnnlC.DNNL_ARG_SRC(),
            x.inside,
            kind == Kind.WEIGHTS ? DnnlC.DNNL_ARG_DIFF_WEIGHTS() : DnnlC.DNNL_ARG_WEIGHTS(),
            w.inside,
            kind == Kind.OUTPUTS ? DnnlC.DNNL_ARG_DST() : DnnlC.DNNL_ARG_DIFF_DST(),
            y.inside,
            DnnlC.DNNL_ARG_SCRATCHPAD(),
            scratch);
    this.implementation = OneDnn.implementation(description);
    DnnlC.dnnl_primitive_desc_destroy(description);
    for (MemorySegment layout : new MemorySegment[] {images, filters, outputs, any}) {
      DnnlC.dnnl_memory_desc_destroy(layout);
    }
  }

  private static MemorySegment describe(
      ConvolutionKey key, MemorySegment images, MemorySegment filters, MemorySegment outputs) {
    Convolution c = key.shape();
    boolean rounded = key.precision() == Precision.FAST;
    MemorySegment attributes =
        OneDnn.attributes(
            rounded ? DnnlC.dnnl_fpmath_mode_bf16() : DnnlC.dnnl_fpmath_mode_strict());
    try (Arena call = Arena.ofConfined()) {
      Question question =
          new Question(
              c,
              images,
              filters,
              outputs,
              OneDnn.dims(call, c.stride(), c.stride()),
              OneDnn.dims(call, 0, 0),
              OneDnn.dims(call, c.top(), c.left()),
              OneDnn.dims(call, c.bottom(), c.right()),
              attributes);
      return question.description(key.kind());
    } finally {
      DnnlC.dnnl_primitive_attr_destroy(attributes);
    }
  }

  /** What oneDNN asks about a convolution. */
  private record Question(
      Convolution shape,
      MemorySegment images,
      MemorySegment filters,
      MemorySegment outputs,
      MemorySegment strides,
      MemorySegment dilates,
      MemorySegment before,
      MemorySegment after,
      MemorySegment attributes) {

    MemorySegment description(Kind kind) {
      if (kind == Kind.OUTPUTS) {
        return forward(DnnlC.dnnl_forward_inference());
      }
      MemorySegment hint = forward(DnnlC.dnnl_forward_training());
      try {
        return kind == Kind.INPUTS ? byInputs(hint) : byWeights(hint);
      } finally {
        DnnlC.dnnl_primitive_desc_destroy(hint);
      }
    }

    private MemorySegment forward(int purpose) {
      return OneDnn.created(
          shape.toString(),
          p ->
              DnnlC.dnnl_convolution_forward_primitive_desc_create(
                  p,
                  OneDnn.engine(),
                  purpose,
                  DnnlC.dnnl_convolution_direct(),
                  images,
                  filters,
                  MemorySegment.NULL,
                  outputs,
                  strides,
                  dilates,
                  before,
                  after,
                  attributes));
    }

    private MemorySegment byInputs(MemorySegment hint) {
      return OneDnn.created(
          "gradient by inputs of " + shape,
          p ->
              DnnlC.dnnl_convolution_backward_data_primitive_desc_create(
                  p,
                  OneDnn.engine(),
                  DnnlC.dnnl_convolution_direct(),
                  images,
                  filters,
                  outputs,
                  strides,
                  dilates,
                  before,
                  after,
                  hint,
                  attributes));
    }

    private MemorySegment byWeights(MemorySegment hint) {
      return OneDnn.created(
          "gradient by weights of " + shape,
          p ->
              DnnlC.dnnl_convolution_backward_weights_primitive_desc_create(
                  p,
                  OneDnn.engine(),
                  DnnlC.dnnl_convolution_direct(),
                  images,
                  filters,
                  MemorySegment.NULL,
                  outputs,
                  strides,
                  dilates,
                  before,
                  after,
                  hint,
                  attributes));
    }
  }

  /** The layout of the weights that the primitive has chosen; it belongs to the description. */
  private static MemorySegment wanted(MemorySegment description, Kind kind) {
    int query =
        kind == Kind.WEIGHTS ? DnnlC.dnnl_query_diff_weights_md() : DnnlC.dnnl_query_weights_md();
    return DnnlC.dnnl_primitive_desc_query_md(description, query, 0);
  }

  private MemorySegment room(MemorySegment layout) {
    return arena.allocate(Math.max(1, DnnlC.dnnl_memory_desc_get_size(layout)), ALIGNMENT);
  }

  /** The name of what oneDNN has chosen. */
  String implementation() {
    return implementation;
  }

  /** Computes one of the three from the other two. */
  void run(MemorySegment images, MemorySegment filters, MemorySegment outputs) {
    load(filters);
    run(images, outputs);
  }

  /** Takes the weights for the calls of {@link #run(MemorySegment, MemorySegment)} to come. */
  void load(MemorySegment filters) {
    w.place(filters);
    w.before();
  }

  /** As {@link #run(MemorySegment, MemorySegment, MemorySegment)} with the weights of before. */
  void run(MemorySegment images, MemorySegment outputs) {
    x.place(images);
    y.place(outputs);
    OneDnn.execute(primitive, stream, arguments, 4);
    x.after();
    w.after();
    y.after();
  }

  @Override
  public void close() {
    DnnlC.dnnl_primitive_destroy(primitive);
    DnnlC.dnnl_memory_destroy(scratch);
    x.destroy();
    w.destroy();
    y.destroy();
    DnnlC.dnnl_stream_destroy(stream);
    arena.close();
  }

  /**
   * One of x, w and y: the caller's memory itself, or a buffer beside it that is filled before the
   * primitive runs or emptied after it.
   */
  private final class Operand {
    private final boolean written;
    private final MemorySegment inside;
    private final MemorySegment outside;
    private final MemorySegment reorder;
    private final MemorySegment reorderArguments;

    Operand(MemorySegment given, MemorySegment wanted, boolean written, boolean add) {
      this.written = written;
      boolean direct = !(written && add) && DnnlC.dnnl_memory_desc_equal(given, wanted) != 0;
      this.inside = OneDnn.memory(wanted, direct ? MemorySegment.NULL : room(wanted));
      if (direct) {
        this.outside = inside;
        this.reorder = null;
        this.reorderArguments = null;
        return;
      }
      this.outside = OneDnn.memory(given, MemorySegment.NULL);
      MemorySegment description =
          !written
              ? OneDnn.reorder(given, wanted)
              : add ? OneDnn.reorderAdding(wanted, given) : OneDnn.reorder(wanted, given);
      this.reorder = OneDnn.primitive(description);
      DnnlC.dnnl_primitive_desc_destroy(description);
      this.reorderArguments =
          OneDnn.arguments(
              arena,
              DnnlC.DNNL_ARG_SRC(),
              written ? inside : outside,
              DnnlC.DNNL_ARG_DST(),
              written ? outside : inside);
    }

    void place(MemorySegment address) {
      OneDnn.place(outside, address);
    }

    void before() {
      if (reorder != null && !written) {
        OneDnn.execute(reorder, stream, reorderArguments, 2);
      }
    }

    void after() {
      if (reorder != null && written) {
        OneDnn.execute(reorder, stream, reorderArguments, 2);
      }
    }

    void destroy() {
      DnnlC.dnnl_memory_destroy(inside);
      if (reorder != null) {
        DnnlC.dnnl_memory_destroy(outside);
        DnnlC.dnnl_primitive_destroy(reorder);
      }
    }
  }
}
