package org.bhn.nativelib;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.lang.module.FindException;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReader;
import java.lang.module.ModuleReference;
import java.net.URI;
import java.net.URL;
import java.net.URLConnection;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A shared library on the class path or the module path.
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
    Optional<URL> found = locate(loader, name);
    if (found.isEmpty()) {
      return Optional.empty();
    }
    URL url = found.get();
    Optional<String> digest = beside(loader, name).or(() -> known(name, url));
    if (digest.isPresent()) {
      return Optional.of(new NativeResource(name, url, digest.get()));
    }
    try (InputStream in = open(url)) {
      return Optional.of(new NativeResource(name, url, Sha256.of(in)));
    }
  }

  private static Optional<URL> locate(ClassLoader loader, String name) throws IOException {
    URL url = loader.getResource(name);
    return url == null
        ? onModulePath(Locations.split(System.getProperty("jdk.module.path")), name)
        : Optional.of(url);
  }

  /**
   * The resource in a module that was not resolved, so that class loaders do not know of it. That
   * of oneDNN is one: it requires JavaCPP, which nothing here needs.
   */
  static Optional<URL> onModulePath(List<Path> path, String name) throws IOException {
    try {
      for (ModuleReference module : ModuleFinder.of(path.toArray(Path[]::new)).findAll()) {
        try (ModuleReader reader = module.open()) {
          Optional<URI> found = reader.find(name);
          if (found.isPresent()) {
            return Optional.of(found.get().toURL());
          }
        }
      }
    } catch (FindException e) {
      // Something on it is no module: what was resolved, if anything, does not depend on it.
      return Optional.empty();
    }
    return Optional.empty();
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
    Optional<URL> url = locate(loader, name + ".sha256");
    if (url.isEmpty()) {
      return Optional.empty();
    }
    try (InputStream in = open(url.get())) {
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
