package org.bhn.backend;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.foreign.MemorySegment;
import java.util.function.Supplier;
import org.bhn.nativelib.NativeException;
import org.bhn.nativelib.gen.cuda.CudaC;

/**
 * A recording that becomes a CUDA graph the first time it runs again, and is launched whole from
 * then on: one call instead of one for each op.
 *
 * <p>A graph does not know when memory it works on is freed, but the calls do. So a launch is only
 * made if nothing of the family's memory was freed since the capture; otherwise the calls are
 * captured again, and refuse what is gone. While a flight recording wants the ops, they run one by
 * one. Another thread's call may end a capture, so a failed one is tried once more; then the calls
 * run one by one for good, and the log says why.
 */
final class CudaCallList extends CallList {
  private static final Logger LOG = System.getLogger("org.bhn");
  private static final int TRIES = 5; // others in the process may end a capture now and then

  private final CudaBackend backend;
  private final Runnable guardedLaunch = this::launchUnlessFreed;
  private final Runnable launch = this::launch;
  private final Supplier<Boolean> capture = this::capture;
  private MemorySegment graph = MemorySegment.NULL;
  private long frees;
  private boolean launched;
  private int failures;

  CudaCallList(CudaBackend backend) {
    this.backend = backend;
  }

  @Override
  public void run() {
    if (isClosed() || failures == TRIES || OpEvent.wanted()) {
      super.run();
      return;
    }
    backend.checkOpen();
    boolean captured = isGraph() || CudaBackend.capturing(capture);
    launched = false;
    while (captured && !launched) {
      backend.immediate(guardedLaunch);
      captured = launched || CudaBackend.capturing(capture);
    }
    if (!captured) {
      runEach();
    }
  }

  /** Whether the next run launches a graph. */
  boolean isGraph() {
    return !graph.equals(MemorySegment.NULL);
  }

  private void launchUnlessFreed() {
    launched = backend.memory.unlessFreed(frees, launch);
  }

  private void launch() {
    int error = CudaC.cudaGraphLaunch(graph, backend.stream());
    if (error != 0) {
      backend.fail(error, "replay of " + size() + " calls");
    }
  }

  private boolean capture() {
    destroy();
    frees = backend.memory.frees();
    String problem = null;
    MemorySegment captured = MemorySegment.NULL;
    MemorySegment stream = backend.stream();
    // Others end in the system's thread where they began, which a virtual thread may have left.
    Cuda.check(
        CudaC.cudaStreamBeginCapture(stream, CudaC.cudaStreamCaptureModeRelaxed()), "capture");
    try {
      try {
        runEach();
      } catch (NativeException e) {
        problem = e.getMessage();
      } finally {
        try {
          captured = Cuda.created("capture", out -> CudaC.cudaStreamEndCapture(stream, out));
        } catch (NativeException e) {
          problem = problem == null ? e.getMessage() : problem;
        }
      }
      if (problem == null) {
        graph = Cuda.executable(captured);
        backend.remember(this);
        failures = 0;
        return true;
      }
    } catch (NativeException e) {
      problem = e.getMessage();
    } finally {
      if (!captured.equals(MemorySegment.NULL)) {
        CudaC.cudaGraphDestroy(captured);
      }
    }
    if (++failures == TRIES) {
      LOG.log(Level.WARNING, "a step of {0} calls runs without a CUDA graph: {1}", size(), problem);
    }
    return false;
  }

  /** Ends the graph; its last launch is waited for. */
  void destroy() {
    if (isGraph()) {
      CudaC.cudaStreamSynchronize(backend.stream());
      CudaC.cudaGraphExecDestroy(graph);
      graph = MemorySegment.NULL;
      backend.forget(this);
    }
  }

  @Override
  public void close() {
    super.close();
    destroy();
  }
}
