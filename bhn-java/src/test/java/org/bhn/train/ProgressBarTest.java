package org.bhn.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bhn.Bhn;
import org.bhn.TestData;
import org.bhn.backend.Backend;
import org.bhn.backend.JavaBackend;
import org.bhn.posterior.Posterior;
import org.junit.jupiter.api.Test;

class ProgressBarTest {
  private static final Pattern LINE =
      Pattern.compile("\\[[#.]{24}\\] +([0-9.]+) %  ([0-9]+) steps/s  ([0-9]+) s left");

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final ProgressBar bar =
      ProgressBar.always(new PrintStream(bytes, true, StandardCharsets.UTF_8));

  private List<String> drawn() {
    String text = bytes.toString(StandardCharsets.UTF_8);
    return Pattern.compile("\r").splitAsStream(text).filter(s -> !s.isBlank()).toList();
  }

  private double[] numbers(String line) {
    Matcher m = LINE.matcher(line);
    assertTrue(m.find(), line);
    return new double[] {
      Double.parseDouble(m.group(1)), Double.parseDouble(m.group(2)), Double.parseDouble(m.group(3))
    };
  }

  @Test
  void theFirstEpochShowsProgressRateAndTimeLeft() throws InterruptedException {
    bar.onStart(0, 2);
    Thread.sleep(120);
    bar.onStep(0, 0, 100);
    double[] first = numbers(drawn().get(0));
    assertEquals(0.5, first[0]);
    assertTrue(first[1] <= 9, "steps/s: " + first[1]);
    assertTrue(first[2] >= 23, "0.12 s for 1 of 200 steps leave 24 s, not " + first[2]);
  }

  @Test
  void aResumedTrainingCountsItsOwnTime() throws InterruptedException {
    bar.onStart(90, 100);
    Thread.sleep(120);
    bar.onStep(90, 0, 10);
    double[] first = numbers(drawn().get(0));
    assertEquals(90.1, first[0]);
    assertTrue(first[2] >= 11, "0.12 s for 1 of 100 steps leave 12 s, not " + first[2]);
  }

  @Test
  void aTrainingTellsItsLengthBeforeTheFirstStep() {
    try (Backend backend = JavaBackend.open();
        Bhn model = Bhn.classifier(2, 3).posterior(Posterior.point()).build(backend)) {
      model.fit(TestData.blobs(30, 3, 1), Fit.epochs(2).batch(10).listener(bar));
    }
    List<String> lines = drawn();
    String end = lines.get(lines.size() - 1);
    assertEquals(100, numbers(end)[0]);
    assertFalse(end.contains("1000000000 steps/s"), end);
  }
}
