import com.google.googlejavaformat.java.Main;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * google-java-format over src/main/java and src/test/java. {@code FormatJava check MODULE} fails on
 * files that differ; {@code FormatJava fix ROOT} rewrites them in ROOT and in every module below.
 */
final class FormatJava {
  public static void main(String[] args) throws Exception {
    Path module = Path.of(args[1]);
    boolean fix = args[0].equals("fix");
    List<String> arguments =
        new ArrayList<>(fix ? List.of("--replace") : List.of("--dry-run", "--set-exit-if-changed"));
    int options = arguments.size();
    addSources(module, arguments);
    if (fix) {
      try (Stream<Path> children = Files.list(module)) {
        for (Path child : children.toList()) {
          addSources(child, arguments);
        }
      }
    }
    if (arguments.size() == options) {
      return;
    }
    Main formatter =
        new Main(new PrintWriter(System.out, true), new PrintWriter(System.err, true), System.in);
    if (formatter.format(arguments.toArray(String[]::new)) != 0) {
      System.err.println("bhn: not in google-java-format (above); to fix: mvn -q -N -Pformat");
      System.exit(1);
    }
  }

  private static void addSources(Path module, List<String> into) throws IOException {
    for (String tree : List.of("src/main/java", "src/test/java")) {
      Path root = module.resolve(tree);
      if (Files.isDirectory(root)) {
        try (Stream<Path> files = Files.walk(root)) {
          files.map(Path::toString).filter(f -> f.endsWith(".java")).sorted().forEach(into::add);
        }
      }
    }
  }
}
