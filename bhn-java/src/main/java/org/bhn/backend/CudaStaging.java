package org.bhn.backend;

import java.lang.foreign.MemorySegment;
import org.bhn.nativelib.NativeException;
import org.bhn.nativelib.gen.cuda.CudaC;
import org.bhn.tensor.Tensor;

/**
 * Batches go through page-locked memory and a stream of their own into a slot on the device, and
 * from there to the tensor on the backend's stream. Events keep the order: a slot is read after its
 * copy, and written after it was read.
 */
final class CudaStaging implements Staging {
  private final CudaBackend backend;
  private final Tensor to;
  private final MemorySegment copies;
  private final Slot[] slots = new Slot[DEPTH];
  private long put;
  private long taken;
  private boolean closed;

  private static final class Slot {
    final NativeBuffer device;
    MemorySegment host = MemorySegment.NULL;
    MemorySegment copied = MemorySegment.NULL;
    MemorySegment read = MemorySegment.NULL;
    long bytes;

    Slot(CudaBackend backend, Tensor to) {
      this.device = backend.memory.allocate(to.dtype(), Math.max(1, to.size()));
      try {
        this.host = Cuda.pinned(4L * Math.max(1, to.size()));
        this.copied = Cuda.event();
        this.read = Cuda.event();
      } catch (NativeException e) {
        free();
        throw e;
      }
    }

    void free() {
      for (MemorySegment event : new MemorySegment[] {copied, read}) {
        if (!event.equals(MemorySegment.NULL)) { // which would be the last error, and a launch's
          CudaC.cudaEventDestroy(event);
        }
      }
      CudaC.cudaFreeHost(host);
      device.free();
    }
  }

  CudaStaging(CudaBackend backend, Tensor to) {
    this.backend = backend;
    this.to = to;
    this.copies = Cuda.stream();
    try {
      for (int i = 0; i < DEPTH; i++) {
        slots[i] = new Slot(backend, to);
      }
    } catch (NativeException e) {
      close();
      throw e;
    }
    backend.remember(this);
  }

  @Override
  public void put(float[] values, int count) {
    put(MemorySegment.ofArray(values), count);
  }

  @Override
  public void put(int[] values, int count) {
    put(MemorySegment.ofArray(values), count);
  }

  private void put(MemorySegment values, int count) {
    CheckElementwise.staged(to, count, (int) (put - taken));
    Slot slot = slots[(int) (put++ % DEPTH)];
    slot.bytes = 4L * count;
    backend.immediate(
        () -> {
          check(CudaC.cudaEventSynchronize(slot.copied));
          MemorySegment.copy(values, 0, slot.host, 0, slot.bytes);
          check(CudaC.cudaStreamWaitEvent(copies, slot.read, 0));
          check(
              CudaC.cudaMemcpyAsync(
                  slot.device.address(0),
                  slot.host,
                  slot.bytes,
                  CudaC.cudaMemcpyHostToDevice(),
                  copies));
          check(CudaC.cudaEventRecord(slot.copied, copies));
        });
  }

  @Override
  public void take() {
    CheckElementwise.waits((int) (put - taken));
    Slot slot = slots[(int) (taken++ % DEPTH)];
    MemorySegment stream = backend.stream();
    backend.immediate(
        () -> {
          check(CudaC.cudaStreamWaitEvent(stream, slot.copied, 0));
          check(
              CudaC.cudaMemcpyAsync(
                  NativeBuffer.address(to),
                  slot.device.address(0),
                  slot.bytes,
                  CudaC.cudaMemcpyDeviceToDevice(),
                  stream));
          check(CudaC.cudaEventRecord(slot.read, stream));
        });
  }

  private void check(int error) {
    if (error != 0) {
      backend.fail(error, "staging of " + to);
    }
  }

  @Override
  public void clear() {
    taken = put;
  }

  /** Happens with its backend at the latest, while there still is a stream to wait for. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    backend.forget(this);
    CudaC.cudaStreamSynchronize(copies);
    CudaC.cudaStreamSynchronize(backend.stream());
    CudaC.cudaStreamDestroy(copies);
    for (Slot slot : slots) {
      if (slot != null) {
        slot.free();
      }
    }
  }
}
