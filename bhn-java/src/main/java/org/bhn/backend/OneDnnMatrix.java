package org.bhn.backend;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.bhn.nativelib.NativeException;
import org.bhn.nativelib.Status;
import org.bhn.nativelib.gen.dnnl.DnnlC;
import org.bhn.tensor.Tensor;

/**
 * Room for a matrix of some size in the blocked layout that oneDNN's products want, in f32 or bf16,
 * with a primitive for the numbers of rows it has met last. With bf16, x is rounded into a buffer
 * of this object first. Making one takes far longer than packing a small matrix, so {@link
 * CpuBackend} keeps those it gets back.
 */
final class OneDnnMatrix {
  private static final int ALIGNMENT = 64;

  /** Rows of the product whose favourite layout is taken. */
  private static final int MODEL_ROWS = 256;

  /** Numbers of rows that it stays prepared for. */
  private static final int KEPT = 32;

  private final CpuBackend backend;
  private final int outputs;
  private final int inputs;
  private final Precision precision;
  private final boolean rounded;
  private final int type;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment stream = OneDnn.stream();
  private final MemorySegment model; // owns the layout
  private final MemorySegment layout;
  private final MemorySegment weights;
  private final PreparedCache<Integer, Call> calls = new PreparedCache<>(Call::new, KEPT);
  private Arena roundedArena = Arena.ofShared();
  private MemorySegment roundedX = MemorySegment.NULL;
  private Packing packing;

  /** Room for a matrix {@code [outputs, inputs]}. */
  OneDnnMatrix(CpuBackend backend, int outputs, int inputs, Precision precision) {
    this.backend = backend;
    this.outputs = outputs;
    this.inputs = inputs;
    this.precision = precision;
    MemorySegment best = precision == Precision.FAST ? bf16Model() : null;
    this.rounded = best != null;
    this.type = rounded ? DnnlC.dnnl_bf16() : DnnlC.dnnl_f32();
    this.model = rounded ? best : model(type);
    this.layout = DnnlC.dnnl_primitive_desc_query_md(model, DnnlC.dnnl_query_weights_md(), 0);
    MemorySegment packed =
        arena.allocate(Math.max(1, DnnlC.dnnl_memory_desc_get_size(layout)), ALIGNMENT);
    this.weights = OneDnn.memory(layout, packed);
  }

  /** Whether it has room for such a matrix. */
  boolean fits(int outputs, int inputs, Precision precision) {
    return this.outputs == outputs && this.inputs == inputs && this.precision == precision;
  }

  /** Packs v. */
  void pack(Tensor v) {
    int ld = v.ld();
    MemorySegment from = NativeBuffer.address(v);
    backend.submit("pack", () -> packing(ld).run(from));
  }

  private Packing packing(int ld) {
    if (packing == null || packing.ld != ld) {
      Packing next = new Packing(ld);
      if (packing != null) {
        packing.destroy();
      }
      packing = next;
    }
    return packing;
  }

  /**
   * Null where the processor does not multiply bf16 itself: oneDNN then has no way, or a slow one.
   */
  private MemorySegment bf16Model() {
    MemorySegment found;
    try {
      found = model(DnnlC.dnnl_bf16());
    } catch (NativeException e) {
      if (e.status() == Status.UNSUPPORTED) {
        return null;
      }
      throw e;
    }
    if (OneDnn.multipliesBf16(found)) {
      return found;
    }
    DnnlC.dnnl_primitive_desc_destroy(found);
    return null;
  }

  private MemorySegment model(int type) {
    MemorySegment x = OneDnn.matrix(MODEL_ROWS, inputs, inputs, 1, type);
    MemorySegment w = OneDnn.anyMatrix(inputs, outputs, type);
    MemorySegment y = OneDnn.matrix(MODEL_ROWS, outputs, outputs, 1, DnnlC.dnnl_f32());
    try {
      return OneDnn.product(x, w, y);
    } finally {
      for (MemorySegment description : new MemorySegment[] {x, w, y}) {
        DnnlC.dnnl_memory_desc_destroy(description);
      }
    }
  }

  /** {@code y = x vᵀ} of the v that was packed last. */
  void product(Tensor y, Tensor x) {
    CheckElementwise.packedProduct(backend, y, x, outputs, inputs);
    if (x.rows() == 0) {
      return;
    }
    int rows = x.rows();
    boolean recorded = backend.isRecording();
    MemorySegment from = NativeBuffer.address(x);
    MemorySegment to = NativeBuffer.address(y);
    backend.submit("packedProduct", () -> calls.get(rows, recorded).run(from, to));
  }

  /** Room for x in bf16. */
  private MemorySegment room(int rows) {
    long bytes = 2L * rows * inputs;
    if (roundedX.byteSize() < bytes) {
      roundedArena.close();
      roundedArena = Arena.ofShared();
      roundedX = roundedArena.allocate(bytes, ALIGNMENT);
    }
    return roundedX;
  }

  /** Frees everything. */
  void destroy() {
    if (packing != null) {
      packing.destroy();
    }
    calls.close();
    DnnlC.dnnl_memory_destroy(weights);
    DnnlC.dnnl_primitive_desc_destroy(model);
    DnnlC.dnnl_stream_destroy(stream);
    roundedArena.close();
    arena.close();
  }

  /** Brings a matrix of some distance between rows into the layout. */
  private final class Packing {
    private final int ld;
    private final Arena own = Arena.ofShared();
    private final MemorySegment source;
    private final MemorySegment primitive;
    private final MemorySegment arguments;

    Packing(int ld) {
      this.ld = ld;
      MemorySegment plain = OneDnn.matrix(inputs, outputs, 1, ld, DnnlC.dnnl_f32());
      MemorySegment description = OneDnn.reorder(plain, layout);
      this.primitive = OneDnn.primitive(description);
      this.source = OneDnn.memory(plain, MemorySegment.NULL);
      this.arguments =
          OneDnn.arguments(own, DnnlC.DNNL_ARG_SRC(), source, DnnlC.DNNL_ARG_DST(), weights);
      DnnlC.dnnl_primitive_desc_destroy(description);
      DnnlC.dnnl_memory_desc_destroy(plain);
    }

    void run(MemorySegment from) {
      OneDnn.place(source, from);
      OneDnn.execute(primitive, stream, arguments, 2);
    }

    void destroy() {
      DnnlC.dnnl_memory_destroy(source);
      DnnlC.dnnl_primitive_destroy(primitive);
      own.close();
    }
  }

  /** The primitives for one number of rows. */
  private final class Call implements PreparedCache.Ready {
    private final int rows;
    private final Arena own = Arena.ofShared();
    private final MemorySegment x;
    private final MemorySegment y;
    private final MemorySegment product;
    private final MemorySegment productArguments;
    private final MemorySegment source;
    private final MemorySegment rounding;
    private final MemorySegment roundingArguments;

    Call(int rows) {
      this.rows = rows;
      MemorySegment xLayout = OneDnn.matrix(rows, inputs, inputs, 1, type);
      MemorySegment yLayout = OneDnn.matrix(rows, outputs, outputs, 1, DnnlC.dnnl_f32());
      MemorySegment description = OneDnn.product(xLayout, layout, yLayout);
      this.product = OneDnn.primitive(description);
      DnnlC.dnnl_primitive_desc_destroy(description);
      this.x = OneDnn.memory(xLayout, MemorySegment.NULL);
      this.y = OneDnn.memory(yLayout, MemorySegment.NULL);
      this.productArguments =
          OneDnn.arguments(
              own,
              DnnlC.DNNL_ARG_SRC(),
              x,
              DnnlC.DNNL_ARG_WEIGHTS(),
              weights,
              DnnlC.DNNL_ARG_DST(),
              y);
      if (rounded) {
        MemorySegment plain = OneDnn.matrix(rows, inputs, inputs, 1, DnnlC.dnnl_f32());
        this.source = OneDnn.memory(plain, MemorySegment.NULL);
        MemorySegment reorder = OneDnn.reorder(plain, xLayout);
        this.rounding = OneDnn.primitive(reorder);
        DnnlC.dnnl_primitive_desc_destroy(reorder);
        DnnlC.dnnl_memory_desc_destroy(plain);
        this.roundingArguments =
            OneDnn.arguments(own, DnnlC.DNNL_ARG_SRC(), source, DnnlC.DNNL_ARG_DST(), x);
      } else {
        this.source = null;
        this.rounding = null;
        this.roundingArguments = null;
      }
      DnnlC.dnnl_memory_desc_destroy(xLayout);
      DnnlC.dnnl_memory_desc_destroy(yLayout);
    }

    void run(MemorySegment from, MemorySegment to) {
      if (rounded) {
        OneDnn.place(source, from);
        OneDnn.place(x, room(rows));
        OneDnn.execute(rounding, stream, roundingArguments, 2);
      } else {
        OneDnn.place(x, from);
      }
      OneDnn.place(y, to);
      OneDnn.execute(product, stream, productArguments, 3);
    }

    @Override
    public void close() {
      DnnlC.dnnl_primitive_destroy(product);
      DnnlC.dnnl_memory_destroy(x);
      DnnlC.dnnl_memory_destroy(y);
      if (rounded) {
        DnnlC.dnnl_primitive_destroy(rounding);
        DnnlC.dnnl_memory_destroy(source);
      }
      own.close();
    }
  }
}
