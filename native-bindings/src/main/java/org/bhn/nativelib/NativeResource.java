package org.bhn.nativelib;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URL;
import java.net.URLConnection;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * A shared library on the class path.
 *
 * @param name the resource's name
 * @param url where it is
 * @param sha256 digest of its bytes
 */
record NativeResource(String name, URL url, String sha256) {
  private static final String KNOWN = "known.sha256";

  /**
   * Looks a resource up and finds out its digest: from NAME.sha256 beside it, else from the digests
   * that this library knows, else by reading it all.
   */
  static Optional<NativeResource> find(ClassLoader loader, String name) throws IOException {
    URL url = loader.getResource(name);
    if (url == null) {
      return Optional.empty();
    }
    Optional<String> digest = beside(loader, name).or(() -> known(name, url));
    if (digest.isPresent()) {
      return Optional.of(new NativeResource(name, url, digest.get()));
    }
    try (InputStream in = open(url)) {
      return Optional.of(new NativeResource(name, url, Sha256.of(in)));
    }
  }

  InputStream open() throws IOException {
    return open(url);
  }

  private static InputStream open(URL url) throws IOException {
    URLConnection connection = url.openConnection();
    // A cached JarFile would keep the jar open, and closing ours would close other people's.
    connection.setUseCaches(false);
    return connection.getInputStream();
  }

  private static Optional<String> beside(ClassLoader loader, String name) throws IOException {
    URL url = loader.getResource(name + ".sha256");
    if (url == null) {
      return Optional.empty();
    }
    try (InputStream in = open(url)) {
      String text = new String(in.readNBytes(64), StandardCharsets.US_ASCII);
      return text.matches("[0-9a-f]{64}") ? Optional.of(text) : Optional.empty();
    }
  }

  /** The digest of that name when the size agrees too; another release has another size. */
  private static Optional<String> known(String name, URL url) {
    try (InputStream in = NativeResource.class.getResourceAsStream(KNOWN);
        BufferedReader lines =
            new BufferedReader(new InputStreamReader(in, StandardCharsets.US_ASCII))) {
      URLConnection connection = url.openConnection();
      connection.setUseCaches(false);
      String size = Long.toString(connection.getContentLengthLong());
      connection.getInputStream().close();
      return lines
          .lines()
          .map(line -> line.split(" "))
          .filter(f -> f.length == 3 && f[2].equals(name) && f[1].equals(size))
          .map(f -> f[0])
          .findFirst();
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
