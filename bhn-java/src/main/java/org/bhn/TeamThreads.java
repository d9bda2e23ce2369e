package org.bhn;

import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.bhn.nativelib.BhnLibrary;
import org.bhn.nativelib.Uninterrupted;

/**
 * The threads that predict on a CPU. OpenMP gives every thread that computes a team of its own,
 * which lives as long as the thread: hundreds of request threads would keep hundreds of teams, and
 * OpenMP ends a process that can have no more threads. So a few threads compute themselves, those
 * that come first, and others have it done by as many threads of this class. Virtual threads always
 * do: they have no thread to keep.
 */
final class TeamThreads {
  /** How many compute themselves, and as many for all others. */
  static final int MOST = Math.max(2, Runtime.getRuntime().availableProcessors() / 4);

  private static final long IDLE_SECONDS = 60;

  /** Weak, so that nothing of a thread that has ended is kept. */
  private static final List<WeakReference<Thread>> OWNERS = new ArrayList<>();

  private static final ThreadPoolExecutor OTHERS = others();

  private TeamThreads() {}

  private static ThreadPoolExecutor others() {
    ThreadPoolExecutor threads =
        new ThreadPoolExecutor(
            MOST,
            MOST,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            TeamThreads::thread);
    threads.allowCoreThreadTimeOut(true);
    return threads;
  }

  /** Nothing of the request that it is made for stays with it. */
  private static Thread thread(Runnable work) {
    Thread thread =
        Thread.ofPlatform()
            .daemon()
            .name("bhn-predict")
            .inheritInheritableThreadLocals(false)
            .unstarted(work);
    thread.setContextClassLoader(TeamThreads.class.getClassLoader());
    return thread;
  }

  /** Whether a call uses more than its own thread. Needs the loaded library. */
  static boolean areNeeded() {
    return BhnLibrary.threads().orElse(MOST) > 1;
  }

  /** Computes in this thread, or in another one while this one waits. */
  static <T> T compute(Supplier<T> work) {
    if (mayOwnATeam(Thread.currentThread())) {
      return work.get();
    }
    FutureTask<T> result = new FutureTask<>(work::get);
    OTHERS.execute(result);
    try {
      return Uninterrupted.get(result);
    } catch (ExecutionException e) {
      throw here(e.getCause());
    }
  }

  private static boolean mayOwnATeam(Thread thread) {
    if (thread.isVirtual()) {
      return false;
    }
    synchronized (OWNERS) {
      for (WeakReference<Thread> owner : OWNERS) {
        if (owner.refersTo(thread)) {
          return true;
        }
      }
      OWNERS.removeIf(owner -> !isAlive(owner.get()));
      return OWNERS.size() < MOST && OWNERS.add(new WeakReference<>(thread));
    }
  }

  private static boolean isAlive(Thread thread) {
    return thread != null && thread.isAlive();
  }

  /** What was thrown there, as if it had been thrown here. */
  private static RuntimeException here(Throwable thrown) {
    StackTraceElement[] there = thrown.getStackTrace();
    StackTraceElement[] here = new Throwable().getStackTrace();
    StackTraceElement[] both = new StackTraceElement[there.length + here.length];
    System.arraycopy(there, 0, both, 0, there.length);
    System.arraycopy(here, 0, both, there.length, here.length);
    thrown.setStackTrace(both);
    if (thrown instanceof Error error) {
      throw error;
    }
    return (RuntimeException) thrown;
  }
}
