package org.bhn.nativelib;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.Supplier;

/** Has the JVM load a file, whatever thread asks and whatever class loaders have it already. */
final class SharedLibrary {
  /** oneDNN's initialisers need more than the half megabyte that many a thread has. */
  private static final long STACK_BYTES = 8L << 20;

  private SharedLibrary() {}

  /** Opens libraries in a thread that has room for their initialisers. */
  static <T> T withRoom(Supplier<T> open) {
    FutureTask<T> task = new FutureTask<>(open::get);
    Thread thread = new Thread(null, task, "bhn-load", STACK_BYTES, false);
    thread.setDaemon(true);
    thread.start();
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return task.get();
        } catch (InterruptedException e) {
          interrupted = true;
        } catch (ExecutionException e) {
          if (e.getCause() instanceof Error error) {
            throw error;
          }
          throw (RuntimeException) e.getCause();
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /**
   * Loads it for this class loader.
   *
   * @throws UnsatisfiedLinkError with the linker's reason
   */
  static void load(Path file) {
    try {
      System.load(file.toAbsolutePath().toString());
    } catch (UnsatisfiedLinkError e) {
      if (!String.valueOf(e.getMessage()).contains("already loaded in another classloader")) {
        throw e;
      }
      try {
        loadByAnotherName(file);
      } catch (IOException io) {
        e.addSuppressed(io);
        throw e;
      }
    }
  }

  /** The JVM gives a file's name to one class loader; the linker shares what is the same file. */
  private static void loadByAnotherName(Path file) throws IOException {
    Path directory = Files.createTempDirectory(file.toRealPath().getParent(), ".loader");
    Path name = directory.resolve(file.getFileName());
    try {
      Files.createLink(name, file.toRealPath());
      System.load(name.toString());
    } catch (UnsupportedOperationException e) {
      throw new IOException(directory + " has no hard links", e);
    } finally {
      Files.deleteIfExists(name);
      Files.deleteIfExists(directory);
    }
  }
}
