package org.bhn.paper;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.bhn.report.Report;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every experiment from end to end at its smallest, and the page of all. */
class TinyTest {
  @TempDir Path directory;

  @Test
  void everyExperimentRunsAndThePageHoldsAll() throws Exception {
    Path file = directory.resolve("page.html");
    for (Experiment experiment : Experiments.ALL) {
      for (String mode : new String[] {"fixed", "paper"}) {
        Options options =
            Options.parse(
                "--name=" + experiment.name(),
                "--tiny=true",
                "--mode=" + mode,
                "--out=" + directory);
        Runs runs = Experiments.run(experiment, options, System.out);
        assertEquals(experiment.units(options).size(), runs.size(), experiment.name());
        runs.list().forEach(run -> assertEquals(mode, run.settings().string("mode")));
      }
    }
    Experiments.main(new String[] {"--name=report", "--out=" + directory, "--page=" + file});
    String html = Files.readString(file);
    for (Experiment experiment : Experiments.ALL) {
      assertTrue(html.contains(Report.escape(experiment.title())));
    }
    assertFalse(html.contains("Not run yet"));
    assertFalse(html.contains("NaN"), "NaN in the page");
    for (String outside :
        new String[] {"http:", "https:", "src=\"/", "url(/", "<script", "<link"}) {
      assertFalse(html.contains(outside), outside);
    }
  }
}
