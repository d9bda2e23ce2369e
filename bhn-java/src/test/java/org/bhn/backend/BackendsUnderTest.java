package org.bhn.backend;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.bhn.nativelib.NativeException;

/** Which backends the tests of this package run on; this is the one place to add another. */
public final class BackendsUnderTest {
  /** A way to open a backend, and its unit roundoff. */
  public record Subject(String name, double eps, Supplier<Backend> opener) {
    /** A new backend; the caller closes it. */
    public Backend open() {
      return opener.get();
    }

    @Override
    public String toString() {
      return name;
    }
  }

  /** The oracle. */
  public static final Subject REFERENCE = new Subject("java", 0x1p-52, JavaBackend::open);

  private static final List<Subject> TWINS = new ArrayList<>();
  private static final StringBuilder MISSING = new StringBuilder();

  static {
    usable("cpu", Device.CPU);
    usable("cuda", Device.CUDA);
    if (!MISSING.isEmpty()) {
      System.err.println("tests skip" + MISSING);
    }
  }

  private BackendsUnderTest() {}

  /**
   * A device that cannot be opened is skipped with its reason, unless it is required; then it is
   * the only one beside the reference.
   */
  private static void usable(String name, Device device) {
    String required = System.getProperty("bhn.require", name);
    if (!required.equals(name)) {
      return;
    }
    try {
      Backends.open(device).close();
      TWINS.add(new Subject(name, 0x1p-23, () -> Backends.open(device)));
    } catch (NativeException e) {
      if (name.equals(System.getProperty("bhn.require"))) {
        throw e;
      }
      MISSING.append(" ").append(name).append(": ").append(e.getMessage()).append(';');
    }
  }

  /** Backends that must agree with the reference. */
  public static List<Subject> twins() {
    return List.copyOf(TWINS);
  }

  /** Why devices are not among the twins; empty if all are. */
  public static String missing() {
    return MISSING.toString();
  }

  /** The reference and its twins. */
  public static List<Subject> all() {
    List<Subject> all = new ArrayList<>(TWINS);
    all.addFirst(REFERENCE);
    return all;
  }
}
