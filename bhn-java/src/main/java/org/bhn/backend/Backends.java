package org.bhn.backend;

import java.util.Locale;
import org.bhn.nativelib.BhnLibrary;
import org.bhn.nativelib.NativeException;
import org.bhn.nativelib.OneDnnLibrary;
import org.bhn.nativelib.Status;

/**
 * Opens backends. {@code -Dbhn.backend=cuda|cpu|java} chooses what {@link #best} opens; {@code
 * -Dbhn.require=cuda|cpu} makes it an error when that device is not usable. If both are set, they
 * must name the same device.
 */
public final class Backends {
  private static final System.Logger LOG = System.getLogger("org.bhn");

  private Backends() {}

  /**
   * The fastest usable device; logs one line that says what was chosen and why not the others.
   *
   * @throws NativeException if the device asked for by a property is not usable, or a setting of
   *     the native library has a value that it does not know
   * @throws IllegalArgumentException if the properties ask for two devices
   */
  public static Backend best() {
    Device forced = property("bhn.backend");
    Device required = property("bhn.require");
    if (forced != null && required != null && forced != required) {
      throw new IllegalArgumentException(
          "-Dbhn.backend=%s contradicts -Dbhn.require=%s: set one of them, or both to one device"
              .formatted(System.getProperty("bhn.backend"), System.getProperty("bhn.require")));
    }
    if (forced != null) {
      return open(forced);
    }
    if (required != null) {
      return open(required);
    }
    StringBuilder reasons = new StringBuilder();
    for (Device device : new Device[] {Device.CUDA, Device.CPU}) {
      try {
        Backend backend = open(device);
        LOG.log(System.Logger.Level.INFO, "using " + backend.description() + reasons);
        return backend;
      } catch (NativeException e) {
        if (e.status() == Status.INVALID_ARGUMENT) {
          throw e; // a setting of the user's is wrong, which a slower device would hide
        }
        reasons.append("; not ").append(device).append(": ").append(e.getMessage());
      }
    }
    LOG.log(System.Logger.Level.WARNING, "using plain Java, which is slow" + reasons);
    return open(Device.JAVA);
  }

  /**
   * Opens a device.
   *
   * @throws NativeException with every rejected candidate and its reason, if it is not usable
   */
  public static Backend open(Device device) {
    if (device == null) {
      throw new IllegalArgumentException("device is null: use Backends.best()");
    }
    return switch (device) {
      case JAVA -> JavaBackend.open();
      case CPU -> {
        BhnLibrary.load();
        OneDnnLibrary.load();
        yield new CpuBackend();
      }
      case CUDA -> CudaBackend.open();
    };
  }

  private static Device property(String name) {
    String value = System.getProperty(name);
    if (value == null || value.equals("auto")) {
      return null;
    }
    try {
      return Device.valueOf(value.toUpperCase(Locale.ROOT));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "-D" + name + "=" + value + " must be one of auto, cuda, cpu, java", e);
    }
  }
}
