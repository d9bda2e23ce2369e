package org.bhn.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.bhn.Bhn;
import org.bhn.TestData;
import org.bhn.backend.Backend;
import org.bhn.backend.Backends;
import org.bhn.backend.Device;
import org.bhn.data.Dataset;
import org.bhn.nativelib.NativeException;
import org.bhn.posterior.Posterior;
import org.bhn.tensor.DType;
import org.bhn.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

class TrainingMemoryTest {
  @Test
  void partsAreClosedTheLatestFirst() {
    List<String> closed = new ArrayList<>();
    try (Backend backend = Backends.open(Device.JAVA)) {
      Tensor tensor;
      try (TrainingMemory memory = new TrainingMemory(backend)) {
        tensor = memory.allocate(DType.REAL, 3);
        memory.keep(() -> closed.add("first"));
        memory.keep(() -> closed.add("second, tensor is freed: " + tensor.isStale()));
        assertFalse(tensor.isStale());
      }
      assertTrue(tensor.isStale());
    }
    assertEquals(List.of("second, tensor is freed: false", "first"), closed);
  }

  /** A network of 360 KB and 700 KB left: data and one moment find room, the other does not. */
  @Test
  @EnabledIfSystemProperty(
      named = "bhn.test.emulated",
      matches = "true",
      disabledReason = "counts the device's memory to the byte, which a real one does not")
  void aTrainingThatFindsNoRoomLeavesTheDeviceAsItWas() {
    Dataset data = TestData.blobs(100, 2, 1);
    try (Backend backend = Backends.open(Device.CUDA);
        Bhn model =
            Bhn.classifier(2, 2).hidden(300, 300).posterior(Posterior.point()).build(backend)) {
      int left = 700 << 10;
      int reals = (int) ((backend.freeMemory() - left) / Float.BYTES);
      Tensor rest = backend.allocate(DType.REAL, reals);
      long free = backend.freeMemory();
      NativeException e =
          assertThrows(NativeException.class, () -> model.fit(data, Fit.epochs(1).batch(10)));
      assertTrue(e.getMessage().contains("free"), e.getMessage());
      assertEquals(free, backend.freeMemory());
      backend.release(rest);
      model.fit(data, Fit.epochs(1).batch(10));
    }
  }
}
