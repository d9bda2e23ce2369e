package org.bhn.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CsvTest {
  @TempDir Path dir;

  private Path file(String text) throws IOException {
    return Files.writeString(dir.resolve("t.csv"), text);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "1,-2.5\n3e2,+4\n",
        "1;-2.5\r\n3e2;+4",
        "1\t-2.5\n3e2\t+4\n",
        "1 -2.5\n3e2 +4\n",
        "  1   -2.5  \n\n   3e2  \t +4\t\n",
        " 1 , -2.5 \n \n 3e2 , +4 \n",
        "\"1\",\"-2.5\"\n\"3e2\" , \"+4\"\n",
        "\uFEFF1,-2.5\n3e2,+4\n",
      })
  void everySeparatorGivesTheSameTable(String text) throws IOException {
    Csv csv = Csv.read(file(text));
    assertEquals(2, csv.rows());
    assertEquals(2, csv.columns());
    assertArrayEquals(new double[] {1, -2.5, 300, 4}, csv.values());
    assertEquals(List.of(), csv.header());
  }

  @Test
  void aHeaderNamesTheColumns() throws IOException {
    Csv csv = Csv.read(file("\"x, \"\"raw\"\"\",y\n1,2\n"));
    assertEquals(List.of("x, \"raw\"", "y"), csv.header());
    assertEquals(OptionalInt.of(1), csv.column("y"));
    assertEquals(OptionalInt.empty(), csv.column("z"));
    assertEquals(1, csv.rows());
    assertEquals(2, csv.get(0, 1));
    assertEquals(0, Csv.read(file("a,b\n")).rows());
    assertEquals(0, Csv.read(file("")).rows());
    assertThrows(IndexOutOfBoundsException.class, () -> csv.get(0, 2));
    assertThrows(IndexOutOfBoundsException.class, () -> csv.get(1, 0));
  }

  @Test
  void aGivenSeparatorIsUsed() throws IOException {
    assertArrayEquals(new double[] {1, 2, 3}, Csv.read(file("1|2|3"), '|').values());
    assertArrayEquals(new double[] {1, 2}, Csv.read(file("1\t \t2"), ' ').values());
  }

  @Test
  void columnsBecomeADataset() throws IOException {
    Dataset d = Csv.read(file("1 2 3\n4 5 6\n")).toRegression(new int[] {2, 0}, 1);
    assertArrayEquals(new float[] {3, 1, 6, 4}, d.inputs());
    assertArrayEquals(new float[] {2, 5}, d.targets());
    Csv csv = Csv.read(file("1 2 3\n4 5 6\n"));
    refused("inputs is empty", () -> csv.toRegression(new int[0], 1));
    refused("targets is empty", () -> csv.toRegression(new int[] {0}));
  }

  @Test
  void textsAreLabels() throws IOException {
    Csv csv = Csv.read(file("x,kind\n1,virginica\n2,setosa\n3,virginica\n"));
    assertEquals(List.of("x", "kind"), csv.header());
    assertEquals(List.of("setosa", "virginica"), csv.categories(1));
    assertEquals(List.of(), csv.categories(0));
    Dataset d = csv.toClassification(new int[] {0}, 1);
    assertArrayEquals(new float[] {1, 2, 3}, d.inputs());
    assertArrayEquals(new int[] {1, 0, 1}, d.labels());
    assertEquals(2, d.classes());

    // Numbered by the classes of other data, of which some need not occur.
    List<String> classes = List.of("setosa", "versicolor", "virginica");
    d = csv.toClassification(new int[] {0}, 1, classes);
    assertArrayEquals(new int[] {2, 0, 2}, d.labels());
    assertEquals(3, d.classes());
    Csv signs = Csv.read(file("1,+\n2,-\n"));
    assertArrayEquals(new int[] {0, 1}, signs.toClassification(new int[] {0}, 1).labels());
    Csv numbers = Csv.read(file("1,3\n2,4\n"));
    d = numbers.toClassification(new int[] {0}, 1, List.of("4", "4a", "3"));
    assertArrayEquals(new int[] {2, 0}, d.labels());
    refused("\"virginica\" in row 0", () -> csv.toClassification(new int[] {0}, 1, List.of("a")));
    refused("column 1 holds text", () -> csv.toClassification(new int[] {1}, 1));
    refused("column 1 holds text", () -> csv.toRegression(new int[] {0}, 1));
  }

  @Test
  void wholeNumbersAreLabels() throws IOException {
    Csv csv = Csv.read(file("0.5,2\n1.5,0\n"));
    Dataset d = csv.toClassification(new int[] {0}, 1);
    assertArrayEquals(new int[] {2, 0}, d.labels());
    assertEquals(3, d.classes());
    refused("label = column 0 is 0.5 in row 0", () -> csv.toClassification(new int[] {1}, 0));
    Csv negative = Csv.read(file("0.5,-1\n"));
    refused("column 1 is -1.0", () -> negative.toClassification(new int[] {0}, 1));
  }

  private static void refused(String words, Runnable call) {
    String message = assertThrows(IllegalArgumentException.class, call::run).getMessage();
    assertTrue(message.contains(words), message);
  }

  @Test
  void whatIsMissingIsNoNameAndNoText() throws IOException {
    rejects("line 1: field 1: expected a finite number, found \"NA\"", "NA,NA\n1,2\n");
    rejects("line 3: field 2: expected a text, found \"?\"", "x,kind\n1,a\n2,?\n");
    rejects("line 3: field 2: expected a text, found \"\"", "x,kind\n1,a\n2,\n");
    for (String none : List.of("-inf", "Inf", "+Infinity", "NAN", "-nan", "None", "n/a", "null")) {
      rejects("field 1: expected a finite number, found \"" + none, none + ",1\n2.5,2\n");
    }
    // As pandas names the column of its index.
    assertEquals(List.of("", "x"), Csv.read(file(",x\n0,1\n")).header());
  }

  @Test
  void manyRowsGrow() throws IOException {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 5000; i++) {
      text.append(i).append(',').append(-i).append('\n');
    }
    Csv csv = Csv.read(file(text.toString()));
    assertEquals(5000, csv.rows());
    assertEquals(-4999, csv.get(4999, 1));
  }

  @Test
  void errorsNameTheLine() throws IOException {
    rejects("line 3: expected 2 fields, found 3", "a,b\n1,2\n1,2,3\n");
    rejects("line 4: expected 2 fields, found 1", "1,2\n\n3,4\n5\n");
    rejects("line 2: field 2: expected a finite number, found \"x\"", "1,2\n3,x\n");
    rejects("line 1: field 2: expected a finite number, found \"?\"", "1,?\n3,4\n");
    rejects("field 1: expected a finite number, found \"\"", "1,2\n,4\n");
    rejects("line 2: expected 2 fields, found 3", "1,2\n3,4,\n");
    for (String bad : List.of("NaN", "Infinity", "1e999", "0x1p3", "1f", "1d", "--1", "1.2.3")) {
      rejects("line 2: field 1", "1,2\n" + bad + ",4\n");
    }
    rejects("line 2: a quote is not closed", "1,2\n\"3,4\n");
    rejects("line 2: text after a closing quote", "1,2\n\"3\"5,4\n");
    Path latin =
        Files.write(dir.resolve("l.csv"), "ä,b\n1,2".getBytes(StandardCharsets.ISO_8859_1));
    assertThrows(DataException.class, () -> Csv.read(latin));
  }

  private void rejects(String expected, String text) throws IOException {
    Path file = file(text);
    String message = assertThrows(DataException.class, () -> Csv.read(file)).getMessage();
    assertTrue(message.startsWith(file + ": ") && message.contains(expected), message);
  }

  @Test
  void aFileThatCannotBeReadIsNamedWithTheReason() {
    Path absent = dir.resolve("absent.csv");
    UncheckedIOException e = assertThrows(UncheckedIOException.class, () -> Csv.read(absent));
    assertEquals(
        "cannot read " + absent + ": there is no such file; check the path", e.getMessage());
    e = assertThrows(UncheckedIOException.class, () -> Csv.read(dir));
    assertTrue(e.getMessage().contains("pass the path of a file"), e.getMessage());
  }
}
