package org.bhn.nativelib;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Where CUDA's libraries may lie: NVIDIA's installer, distributions, and Python's packages. */
final class CudaPlaces {
  /** {@code -Dbhn.cuda.path}: files or directories. */
  static final String PATH = "bhn.cuda.path";

  /** Below a place: the place itself, an installation, and site-packages or its nvidia folder. */
  static final List<String> LAYOUTS =
      List.of(
          "",
          "lib64",
          "lib",
          "targets/x86_64-linux/lib",
          "targets/sbsa-linux/lib",
          "nvidia/cu13/lib",
          "nvidia/cublas/lib",
          "nvidia/cudnn/lib",
          "cu13/lib",
          "cublas/lib",
          "cudnn/lib");

  static final List<Path> SYSTEM_DIRECTORIES =
      Stream.concat(
              Stream.of(Path.of("/usr/local/cuda")), NativeLibrary.SYSTEM_DIRECTORIES.stream())
          .toList();

  private CudaPlaces() {}

  static Locations ofProcess() {
    return of(
        System.getProperty(PATH),
        System.getenv("CUDA_HOME"),
        System.getenv("LD_LIBRARY_PATH"),
        System.getProperty("java.library.path"));
  }

  static Locations of(String path, String home, String linkerPath, String libraryPath) {
    List<Path> others = new ArrayList<>(Locations.split(home));
    others.addAll(Locations.split(linkerPath));
    others.addAll(Locations.split(libraryPath));
    return new Locations(
        Platform.name(),
        Locations.split(path),
        List.of(),
        false,
        others.stream().distinct().toList());
  }
}
