package org.bhn.backend;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.bhn.nativelib.BhnLibrary;
import org.bhn.nativelib.CublasLibrary;
import org.bhn.nativelib.NativeException;
import org.bhn.nativelib.Status;
import org.bhn.nativelib.gen.bhn.BhnC;
import org.bhn.nativelib.gen.cuda.CudaC;
import org.bhn.tensor.Tensor;

/**
 * Native kernels, cuBLAS and cuDNN on a CUDA device, single precision. A context is a stream of its
 * own: calls enqueue and return; downloads and {@link #sync} wait and report what went wrong since.
 */
final class CudaBackend extends NativeBackend {
  /** Page-locked memory that transfers go through, in pieces of this size. */
  private static final long STAGING_BYTES = 1 << 20;

  /**
   * One for the process: cuBLAS and cuDNN wait for the whole device when they are opened and
   * closed. That ends every capture on it, whosever it is, and is an error to who waits.
   */
  private static final ReentrantLock CAPTURING = new ReentrantLock();

  private final MemorySegment stream;
  private final Cublas cublas;
  private final MemorySegment staging;
  private final Set<CudaCallList> graphs = ConcurrentHashMap.newKeySet();
  private final Set<CudaStaging> stagings = ConcurrentHashMap.newKeySet();
  private Cudnn cudnn; // null until something is convolved: nothing else needs it

  private CudaBackend(
      NativeMemory memory,
      MemorySegment stream,
      MemorySegment context,
      Cublas cublas,
      MemorySegment staging,
      boolean first) {
    super(memory, context, first);
    this.stream = stream;
    this.cublas = cublas;
    this.staging = staging;
  }

  /**
   * Opens the first device.
   *
   * @throws NativeException if there is none, or no cuBLAS
   */
  static CudaBackend open() {
    BhnLibrary.load();
    BhnLibrary.deviceProblem(BhnC.BHN_CUDA(), 0)
        .ifPresent(
            problem -> {
              throw new NativeException(Status.NO_DEVICE, problem);
            });
    CublasLibrary.load();
    NativeMemory memory = new NativeMemory(BhnC.BHN_CUDA());
    try {
      return capturing(() -> on(memory, true));
    } catch (NativeException e) {
      memory.close();
      throw e;
    }
  }

  private static CudaBackend on(NativeMemory memory, boolean first) {
    MemorySegment stream = Cuda.stream();
    MemorySegment context = MemorySegment.NULL;
    Cublas cublas = null;
    try {
      context = NativeMemory.createContext(BhnC.BHN_CUDA(), stream);
      cublas = new Cublas(memory, stream);
      return new CudaBackend(memory, stream, context, cublas, Cuda.pinned(STAGING_BYTES), first);
    } catch (NativeException e) {
      if (cublas != null) {
        cublas.close();
      }
      BhnC.bhn_context_destroy(context); // which refuses NULL
      CudaC.cudaStreamDestroy(stream);
      throw e;
    }
  }

  @Override
  public Device device() {
    return Device.CUDA;
  }

  @Override
  public boolean isAsynchronous() {
    return true;
  }

  @Override
  public String description() {
    return "CUDA ("
        + attribute(CudaC.cudaDevAttrMultiProcessorCount())
        + " multiprocessors sm_"
        + attribute(CudaC.cudaDevAttrComputeCapabilityMajor())
        + attribute(CudaC.cudaDevAttrComputeCapabilityMinor())
        + ", "
        + (memoryInfo(Long.BYTES) >> 30)
        + " GiB, "
        + BhnLibrary.buildInfo()
        + ", cuBLAS "
        + CublasLibrary.version()
        + ")";
  }

  private static int attribute(int which) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.JAVA_INT);
      Cuda.check(CudaC.cudaDeviceGetAttribute(out, which, 0), "device attribute " + which);
      return out.get(ValueLayout.JAVA_INT, 0);
    }
  }

  /** Waits for this context first, so that the fork sees what it has written. */
  @Override
  public Backend fork() {
    // In this order, as where a capture's calls enter: who frees waits between two that enter.
    return capturing(
        () -> {
          enter();
          try {
            checkOpen();
            int error = CudaC.cudaStreamSynchronize(stream);
            if (error != 0) {
              fail(error, "fork");
            }
            return on(memory, false);
          } finally {
            leave();
          }
        });
  }

  @Override
  CallList newCallList() {
    return new CudaCallList(this);
  }

  MemorySegment stream() {
    return stream;
  }

  /** A list has a graph that ends with this backend at the latest. */
  void remember(CudaCallList list) {
    graphs.add(list);
  }

  void forget(CudaCallList list) {
    graphs.remove(list);
  }

  void remember(CudaStaging staging) {
    stagings.add(staging);
  }

  void forget(CudaStaging staging) {
    stagings.remove(staging);
  }

  /**
   * Captures, or does what would end a capture: one at a time. Not within a call of the family, for
   * which a capture may wait.
   */
  static <T> T capturing(Supplier<T> work) {
    CAPTURING.lock();
    try {
      return work.get();
    } finally {
      CAPTURING.unlock();
    }
  }

  /** Throws for a failed call of CUDA's; libbhn knows better if the device is lost. */
  void fail(int error, String what) {
    check(BhnC.bhn_context_sync(context));
    Cuda.check(error, what);
  }

  @Override
  void closeDevice() {
    CudaC.cudaStreamSynchronize(stream); // what is still wrong now concerns nobody any more
    graphs.forEach(CudaCallList::destroy);
    stagings.forEach(CudaStaging::close);
    capturing(
        () -> {
          if (cudnn != null) {
            cudnn.close();
          }
          cublas.close();
          return null;
        });
    CudaC.cudaFreeHost(staging);
    super.closeDevice();
    CudaC.cudaStreamDestroy(stream);
  }

  @Override
  public long freeMemory() {
    checkOpen();
    return memoryInfo(0);
  }

  /** Bytes that are free, at 0; bytes that there are, after them. */
  private static long memoryInfo(long at) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.JAVA_LONG, 2);
      Cuda.check(CudaC.cudaMemGetInfo(out, out.asSlice(Long.BYTES)), "free memory");
      return out.get(ValueLayout.JAVA_LONG, at);
    }
  }

  @Override
  public Staging staging(Tensor to) {
    own("staging: to", to);
    return new CudaStaging(this, to);
  }

  // ---- products ----

  @Override
  Runnable product(Tensor c, Tensor a, Tensor b, boolean transA, boolean transB, double beta) {
    return cublas.product(c, a, b, transA, transB, beta);
  }

  @Override
  Runnable batched(Tensor c, Tensor a, Tensor b, boolean transA, boolean transB, double beta) {
    return cublas.batched(c, a, b, transA, transB, beta);
  }

  @Override
  PackedMatrix packed(Tensor v, Precision precision) {
    return new CudaMatrix(this, v, precision);
  }

  /** {@code y = x vᵀ}, checked. */
  void packedProduct(Tensor y, Tensor x, Tensor v, Precision precision) {
    submit(
        "packedProduct",
        precision == Precision.FAST
            ? cublas.rounded(y, x, v)
            : cublas.product(y, x, v, false, true, 0));
  }

  // ---- convolutions ----

  /** The first call needs cuDNN and throws, with what was tried, if it is not there. */
  @Override
  void convolve(String op, ConvolutionKey key, Tensor x, Tensor w, Tensor y) {
    if (cudnn == null) {
      capturing(
          () -> {
            immediate(() -> cudnn = new Cudnn(this));
            return null;
          });
    }
    immediate(() -> cudnn.get(key, isRecording()).submit(op, x, w, y));
  }

  @Override
  PackedMatrix packed(Tensor w, Convolution shape, Precision precision) {
    return new CudnnFilters(this, w, shape, precision);
  }

  // ---- transfers ----

  /** Elements of a tensor that lie side by side. */
  private interface Piece {
    void copy(MemorySegment device, int at, int count);
  }

  /** Cuts a tensor into pieces that lie side by side and fit the staging memory. */
  private static void pieces(Tensor t, Piece piece) {
    NativeBuffer buffer = (NativeBuffer) t.buffer();
    int run = t.isContiguous() ? t.size() : t.columns();
    int most = (int) (STAGING_BYTES / NativeBuffer.bytes(t.dtype()));
    for (int at = 0; at < t.size(); at += run) {
      long from = t.offset() + (long) (at / t.columns()) * t.ld();
      for (int i = 0; i < run; i += most) {
        piece.copy(buffer.address(from + i), at + i, Math.min(most, run - i));
      }
    }
  }

  private void toDevice(MemorySegment device, long bytes) {
    check(BhnC.bhn_memory_copy(context, device, staging, bytes));
  }

  private void toHost(MemorySegment device, long bytes) {
    check(BhnC.bhn_memory_copy(context, staging, device, bytes));
  }

  @Override
  public void upload(Tensor to, float[] values) {
    CheckElementwise.upload(this, to, values);
    immediate(
        () ->
            pieces(
                to,
                (device, at, count) -> {
                  MemorySegment.copy(values, at, staging, ValueLayout.JAVA_FLOAT, 0, count);
                  toDevice(device, 4L * count);
                }));
  }

  @Override
  public void upload(Tensor to, int[] values) {
    CheckElementwise.upload(this, to, values);
    immediate(
        () ->
            pieces(
                to,
                (device, at, count) -> {
                  MemorySegment.copy(values, at, staging, ValueLayout.JAVA_INT, 0, count);
                  toDevice(device, 4L * count);
                }));
  }

  @Override
  public void upload(Tensor to, long value) {
    CheckElementwise.upload(this, to, value);
    immediate(
        () ->
            pieces(
                to,
                (device, at, count) -> {
                  for (int i = 0; i < count; i++) {
                    staging.setAtIndex(ValueLayout.JAVA_LONG, i, value);
                  }
                  toDevice(device, 8L * count);
                }));
  }

  @Override
  public void download(Tensor from, float[] values) {
    CheckElementwise.download(this, from, values);
    sync();
    immediate(
        () ->
            pieces(
                from,
                (device, at, count) -> {
                  toHost(device, 4L * count);
                  MemorySegment.copy(staging, ValueLayout.JAVA_FLOAT, 0, values, at, count);
                }));
  }

  @Override
  public void download(Tensor from, int[] values) {
    CheckElementwise.download(this, from, values);
    sync();
    immediate(
        () ->
            pieces(
                from,
                (device, at, count) -> {
                  toHost(device, 4L * count);
                  MemorySegment.copy(staging, ValueLayout.JAVA_INT, 0, values, at, count);
                }));
  }

  @Override
  public double item(Tensor from, int index) {
    CheckElementwise.item(this, from, index);
    sync();
    immediate(
        () -> toHost(((NativeBuffer) from.buffer()).address(from.offset() + index), Float.BYTES));
    return staging.get(ValueLayout.JAVA_FLOAT, 0);
  }

  @Override
  public long itemLong(Tensor from) {
    CheckElementwise.itemLong(this, from);
    sync();
    immediate(() -> toHost(NativeBuffer.address(from), Long.BYTES));
    return staging.get(ValueLayout.JAVA_LONG, 0);
  }
}
