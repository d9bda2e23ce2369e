package org.bhn.nativelib;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.bhn.nativelib.NativeLibrary.Soname;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Where libraries of CUDA are found, tried on copies of libgomp under their names. */
@EnabledOnOs(
    value = OS.LINUX,
    architectures = {"amd64", "aarch64"})
class CudaPlacesTest {
  private static final List<Soname> CUBLAS =
      List.of(
          new Soname("libcublas.so.13", "libcublasLt.so.13"),
          new Soname("libcublas.so.12", "libcublasLt.so.12"));

  @TempDir Path temp;

  /** Accepts nothing, so that every candidate is met and nothing stays loaded. */
  private NativeLibrary cublas(String path, String home, String linkerPath) {
    return new NativeLibrary(
        CUBLAS,
        (SymbolLookup symbols) -> Optional.of("seen"),
        CudaPlaces.of(path, home, linkerPath, ""),
        "Install it.");
  }

  private Path put(String directory, String name) throws IOException {
    Path file = temp.resolve(directory).resolve(name);
    Files.createDirectories(file.getParent());
    return Files.write(file, library());
  }

  private static byte[] library() throws IOException {
    String name = Platform.oneDnnResource("libgomp.so.1");
    try (InputStream in =
        NativeResource.find(CudaPlacesTest.class.getClassLoader(), name).orElseThrow().open()) {
      return in.readAllBytes();
    }
  }

  private List<String> candidates(NativeLibrary library) {
    assertEquals(Optional.empty(), library.tryLoad());
    return library.rejections().stream()
        .filter(r -> r.stage().equals("version"))
        .map(Rejection::candidate)
        .filter(c -> c.startsWith(temp.toString()))
        .toList();
  }

  @Test
  void namedPlacesComeFirstThenTheInstallationThenTheLinkersPath() throws IOException {
    Path old = put("named", "libcublas.so.12");
    Path installed = put("home/lib64", "libcublas.so.13");
    Path linked = put("linked", "libcublas.so.13");
    NativeLibrary library =
        cublas(
            temp.resolve("named").toString(),
            temp.resolve("home").toString(),
            temp.resolve("linked").toString());
    assertEquals(
        List.of(old.toString(), installed.toString(), linked.toString()), candidates(library));
  }

  @Test
  void newerComesFirstInOnePlaceAndPythonsPackagesAreKnown() throws IOException {
    Path newer = put("site/nvidia/cu13/lib", "libcublas.so.13");
    Path older = put("site/nvidia/cublas/lib", "libcublas.so.12");
    List<String> both = List.of(newer.toString(), older.toString());
    assertEquals(both, candidates(cublas(temp.resolve("site").toString(), null, null)));
    assertEquals(both, candidates(cublas(temp.resolve("site/nvidia").toString(), null, null)));
  }

  @Test
  void aDamagedCompanionIsReported() throws IOException {
    Path file = put("a", "libcublas.so.13");
    Files.write(file.resolveSibling("libcublasLt.so.13"), Arrays.copyOf(library(), 4096));
    NativeLibrary library = cublas(temp.resolve("a").toString(), null, null);
    assertEquals(Optional.empty(), library.tryLoad());
    Rejection first = library.rejections().getFirst();
    assertEquals("check", first.stage());
    assertTrue(first.reason().startsWith("libcublasLt.so.13 beside it: "), first.reason());
  }

  @Test
  void whatIsMissingIsExplained() {
    NativeLibrary library = cublas(temp.toString(), temp + "/none", null);
    String message = assertThrows(NativeException.class, library::load).getMessage();
    assertTrue(message.startsWith("cannot load libcublas.so.13 or libcublas.so.12."), message);
    assertTrue(message.contains(temp + ": no libcublas.so.13 or libcublas.so.12 there"), message);
    assertTrue(message.contains(temp + "/none"), message);
    assertTrue(message.contains("/usr/local/cuda"), message);
    assertTrue(message.contains("\n  Install it.\n"), message);
    assertTrue(message.contains("-Dbhn.cuda.path=DIR"), message);
  }
}
