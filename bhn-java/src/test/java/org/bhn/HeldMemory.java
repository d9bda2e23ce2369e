package org.bhn;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.bhn.backend.Backend;
import org.bhn.tensor.Tensor;

/** A backend that counts the tensors held and runs out of memory when told to. */
final class HeldMemory {
  private final List<Tensor> allocated = new CopyOnWriteArrayList<>();
  private String failing = "";
  private int left;

  /** Lets a method succeed so many times from now on, then fail. */
  void fail(String method, int after) {
    failing = method;
    left = after;
  }

  /** Tensors allocated and not freed. */
  int tensors() {
    return (int) allocated.stream().filter(t -> !t.isStale()).count();
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
                if (name.equals("allocate")) {
                  allocated.add((Tensor) result);
                }
                return name.equals("fork") ? of((Backend) result) : result;
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }
}
