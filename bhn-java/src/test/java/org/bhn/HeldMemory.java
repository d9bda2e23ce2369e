package org.bhn;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.concurrent.atomic.AtomicInteger;
import org.bhn.backend.Backend;

/** A backend that counts the tensors held and runs out of memory when told to. */
final class HeldMemory {
  private final AtomicInteger held = new AtomicInteger();
  private String failing = "";
  private int left;

  /** Lets a method succeed so many times from now on, then fail. */
  void fail(String method, int after) {
    failing = method;
    left = after;
  }

  /** Tensors allocated and not released. */
  int tensors() {
    return held.get();
  }

  /** Passes all calls on to a real backend. */
  Backend of(Backend backend) {
    return (Backend)
        Proxy.newProxyInstance(
            Backend.class.getClassLoader(),
            new Class<?>[] {Backend.class},
            (proxy, method, arguments) -> {
              String name = method.getName();
              if (name.equals(failing) && left-- == 0) {
                throw new OutOfMemoryError("too small");
              }
              try {
                Object result = method.invoke(backend, arguments);
                held.addAndGet(name.equals("allocate") ? 1 : name.equals("release") ? -1 : 0);
                return result;
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }
}
