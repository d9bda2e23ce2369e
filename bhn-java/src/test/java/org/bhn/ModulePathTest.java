package org.bhn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.lang.module.ModuleFinder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.bhn.nativelib.BhnLibrary;
import org.bhn.nativelib.OneDnnLibrary;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;
import org.junit.jupiter.api.io.TempDir;

/**
 * A program that has the library on its module path, in a JVM that denies all other native calls.
 */
@EnabledForJreRange(
    min = JRE.JAVA_24,
    disabledReason = "older ones do not know --illegal-native-access")
class ModulePathTest {
  private static final String PROGRAM =
      """
      import java.nio.file.Path;
      import org.bhn.Bhn;
      import org.bhn.backend.Backend;
      import org.bhn.backend.Backends;
      import org.bhn.data.Dataset;
      import org.bhn.train.Fit;

      public class Program {
        public static void main(String[] args) {
          float[] x = {-1, 0, 1, 2};
          try (Backend backend = Backends.best();
              Bhn model = Bhn.regressor(1, 1).hidden(3).seed(1).build(backend)) {
            model.fit(Dataset.regression(x, 1, x, 1), Fit.epochs(2).batch(2));
            model.save(Path.of(args[0]));
            System.out.println(
                Bhn.class.getModule() + ", " + backend.device() + ", " + model.predict(x, 3).rows());
          }
        }
      }
      """;

  @TempDir Path directory;

  @Test
  void nativeCallsAreAllowedToOneModule() throws Exception {
    assumeTrue(OneDnnLibrary.isAvailable() && BhnLibrary.isAvailable(), "no CPU kernels here");
    String printed = run(0, "--enable-native-access=org.bhn.nativelib", "-Dbhn.require=cpu");
    assertTrue(printed.contains("module org.bhn, CPU, 4"), printed);
    String header = Files.readString(model(), StandardCharsets.ISO_8859_1);
    assertFalse(header.contains("development"), "the model's card names the library's version");
  }

  @Test
  void aModuleThatIsDeniedThemIsNamed() throws Exception {
    assumeTrue(OneDnnLibrary.isAvailable() && BhnLibrary.isAvailable(), "no CPU kernels here");
    String printed = run(1, "-Dbhn.require=cpu");
    assertTrue(printed.contains("run it with --enable-native-access=org.bhn.nativelib"), printed);
  }

  private String run(int status, String... options) throws Exception {
    Path source = Files.writeString(directory.resolve("Program.java"), PROGRAM);
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of(options));
    command.add("--illegal-native-access=deny");
    command.addAll(
        List.of(
            "-p", modulePath(), "--add-modules", "org.bhn", source.toString(), model().toString()));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(status, process.waitFor(), printed);
    return printed;
  }

  private Path model() {
    return directory.resolve("model.safetensors");
  }

  /** Of this JVM's class path what a program has that depends on the library. */
  private static String modulePath() {
    Set<String> names =
        Set.of(
            "org.bhn",
            "org.bhn.kernels",
            "org.bhn.nativelib",
            "org.bytedeco.dnnl.linux.x86_64",
            "org.bytedeco.dnnl.linux.arm64",
            "com.fasterxml.jackson.core",
            "org.apache.commons.numbers.core",
            "org.apache.commons.numbers.fraction",
            "org.apache.commons.numbers.gamma");
    return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
        .filter(
            entry ->
                ModuleFinder.of(Path.of(entry)).findAll().stream()
                    .anyMatch(module -> names.contains(module.descriptor().name())))
        .collect(Collectors.joining(File.pathSeparator));
  }
}
