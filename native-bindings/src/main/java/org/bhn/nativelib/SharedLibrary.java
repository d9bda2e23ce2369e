package org.bhn.nativelib;

import java.io.IOException;
import java.nio.file.FileSystemException;
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
    try {
      return Uninterrupted.get(task);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Error error) {
        throw error;
      }
      throw (RuntimeException) e.getCause();
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

  /**
   * The JVM gives a file's name to one class loader; the linker shares what is the same file. Where
   * there can be no second name beside it, a copy has to do.
   */
  private static void loadByAnotherName(Path file) throws IOException {
    Path real = file.toRealPath();
    Path directory;
    try {
      directory = Files.createTempDirectory(real.getParent(), ".loader");
    } catch (IOException e) {
      directory = Files.createTempDirectory("bhn-loader");
    }
    Path name = directory.resolve(file.getFileName());
    try {
      linkOrCopy(name, real);
      System.load(name.toString());
    } finally {
      Files.deleteIfExists(name);
      Files.deleteIfExists(directory);
    }
  }

  private static void linkOrCopy(Path name, Path real) throws IOException {
    try {
      Files.createLink(name, real);
    } catch (UnsupportedOperationException | FileSystemException e) {
      Files.copy(real, name);
    }
  }
}
