package org.bhn.report;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.bhn.io.AtomicFiles;

/** A self-contained HTML page: nothing in it is loaded from elsewhere. */
public final class Report {
  private static final String STYLE =
      """
      body{font:17px/1.6 Georgia,'Times New Roman',serif;color:#1f2933;background:#fcfcfa;margin:0}
      main{max-width:74rem;margin:0 auto;padding:2rem 1.2rem 4rem}
      h1{font-size:2rem;line-height:1.2;margin:.2em 0}
      h2{font-size:1.4rem;margin:2.2em 0 .3em;border-top:1px solid #d9dde2;padding-top:1em}
      h3{font-size:1.1rem;margin:1.6em 0 .3em}
      p,li{max-width:46rem}
      .machine,.small,figcaption{font-size:.85rem;color:#52606d;
        font-family:system-ui,'Segoe UI',sans-serif}
      .row{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,22rem),1fr));gap:1.4rem}
      figure{margin:1em 0}.row figure{margin:0}.plot{display:block}figcaption{margin-top:.4em}
      .plot{width:100%;height:auto;background:#fff;border:1px solid #e4e7eb;border-radius:4px}
      .plot text{font-family:system-ui,'Segoe UI',sans-serif;fill:#1f2933}
      .tick{font-size:15px}.axis{font-size:16px}
      @media(max-width:600px){.tick{font-size:19px}.axis{font-size:20px}}
      .halo{paint-order:stroke;stroke:#fff;stroke-width:4px;stroke-linejoin:round}
      .grid{stroke:#e4e7eb}
      .scroll{overflow-x:auto}
      .finding{border-left:3px solid #7b8794;padding-left:.8em}
      table{border-collapse:collapse;font:.82rem system-ui,'Segoe UI',sans-serif;margin:1em 0}
      th,td{padding:.35em .55em;text-align:right;border-bottom:1px solid #e4e7eb;white-space:nowrap}
      th{white-space:normal;vertical-align:bottom}
      th:first-child,td:first-child{text-align:left}
      .digits{display:flex;flex-wrap:wrap;gap:.5rem}
      .digits figure{margin:0;width:4.6rem;text-align:center}
      .digits img{width:100%;image-rendering:pixelated;border-radius:3px}
      .digits figcaption{font-size:.72rem;line-height:1.25}
      """;

  private final StringBuilder body = new StringBuilder();
  private final List<List<String[]>> tables = new ArrayList<>();
  private String name = "Bayesian hypernetworks";

  /** Text as HTML. */
  public static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }

  /** The page's title, and one line under it. */
  public Report title(String title, String machine) {
    name = title;
    body.append(
        "<h1>%s</h1>%n<p class=\"machine\">%s</p>%n".formatted(escape(title), escape(machine)));
    return this;
  }

  /** Begins a section. */
  public Report heading(String text) {
    body.append("<h2>%s</h2>%n".formatted(escape(text)));
    return this;
  }

  /** Begins a part of a section. */
  public Report subheading(String text) {
    body.append("<h3>%s</h3>%n".formatted(escape(text)));
    return this;
  }

  /** A paragraph. */
  public Report text(String text) {
    body.append("<p>%s</p>%n".formatted(escape(text)));
    return this;
  }

  /** A paragraph that says what results come to. */
  public Report finding(String text) {
    body.append("<p class=\"finding\">%s</p>%n".formatted(escape(text)));
    return this;
  }

  /** A paragraph in small print. */
  public Report small(String text) {
    body.append("<p class=\"small\">%s</p>%n".formatted(escape(text)));
    return this;
  }

  /** Plots side by side, each an SVG and a caption. */
  public Report figures(List<String[]> figures) {
    body.append("<div class=\"row\">\n");
    for (String[] figure : figures) {
      body.append(
          "<figure>%s<figcaption>%s</figcaption></figure>%n"
              .formatted(figure[0], escape(figure[1])));
    }
    body.append("</div>\n");
    return this;
  }

  /** A table; the first row is its head. */
  public Report table(List<String[]> rows) {
    tables.add(List.copyOf(rows));
    body.append("<div class=\"scroll\"><table>\n");
    for (int i = 0; i < rows.size(); i++) {
      String tag = i == 0 ? "th" : "td";
      body.append("<tr>");
      for (String cell : rows.get(i)) {
        body.append("<%1$s>%2$s</%1$s>".formatted(tag, escape(cell)));
      }
      body.append("</tr>\n");
    }
    body.append("</table></div>\n");
    return this;
  }

  /** Small images with a caption each. */
  public Report images(List<float[]> images, List<String> captions) {
    body.append("<div class=\"digits\">\n");
    for (int i = 0; i < images.size(); i++) {
      body.append(
          "<figure><img alt=\"%s\" src=\"data:image/png;base64,%s\"><figcaption>%s</figcaption></figure>%n"
              .formatted(
                  escape(captions.get(i)),
                  Base64.getEncoder().encodeToString(Png.grey(images.get(i), 28)),
                  escape(captions.get(i))));
    }
    body.append("</div>\n");
    return this;
  }

  /** The tables so far, for those who print them elsewhere. */
  public List<List<String[]>> tables() {
    return List.copyOf(tables);
  }

  /** The page. */
  public String html() {
    return """
    <!doctype html>
    <html lang="en">
    <head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
    <title>%s</title>
    <style>
    %s</style></head>
    <body><main>
    %s</main></body>
    </html>
    """
        .formatted(escape(name), STYLE, body);
  }

  /** Writes the page, atomically. */
  public void write(Path file) throws IOException {
    AtomicFiles.writeString(file, html());
  }
}
