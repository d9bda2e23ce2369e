package org.bhn.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The demo from end to end, shortened: every section printed, every picture in one page. */
class DemoTest {
  @TempDir Path directory;

  @Test
  void runsAndWritesOneSelfContainedPage() throws Exception {
    Path page = directory.resolve("report.html");
    String printed = run("--quick=true", "--report=" + page, "--data=");
    for (String words :
        new String[] {
          "1. A curve", "2. y = a", "3. Digits", "hypernetwork", "mean-field", "dropout"
        }) {
      assertTrue(printed.contains(words), () -> "\"" + words + "\" is not in:\n" + printed);
    }
    assertFalse(printed.contains("NaN"), printed);

    String html = Files.readString(page);
    assertEquals(9, count(html, "class=\"plot\""));
    assertTrue(count(html, "data:image/png;base64,") >= 12);
    for (String outside :
        new String[] {"http:", "https:", "src=\"/", "url(/", "<script", "<link"}) {
      assertFalse(html.contains(outside), outside);
    }
    Matcher ids = Pattern.compile("id=\"([^\"]+)\"").matcher(html);
    HashSet<String> seen = new HashSet<>();
    while (ids.find()) {
      assertTrue(seen.add(ids.group(1)), "twice: " + ids.group());
    }
  }

  @Test
  void wrongOptionsAreNamed() {
    for (String wrong : new String[] {"--speed=1", "--data", "quick"}) {
      String message =
          assertThrows(IllegalArgumentException.class, () -> Demo.main(new String[] {wrong}))
              .getMessage();
      assertTrue(message.startsWith(wrong), message);
    }
  }

  private static int count(String text, String part) {
    return text.split(Pattern.quote(part), -1).length - 1;
  }

  private static String run(String... args) throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    PrintStream before = System.out;
    System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
    try {
      Demo.main(args);
    } finally {
      System.setOut(before);
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }
}
