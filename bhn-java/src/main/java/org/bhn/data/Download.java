package org.bhn.data;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.bhn.io.AtomicFiles;

/**
 * A small file that mirrors offer, known by its size and SHA-256 sum.
 *
 * @param name file name, appended to a mirror's address
 * @param bytes exact size
 * @param sha256 sum in lower-case hexadecimal
 */
record Download(String name, int bytes, String sha256) {
  private static final Duration CONNECT = Duration.ofSeconds(20);
  private static final Duration TOTAL = Duration.ofMinutes(5);

  /**
   * Fetches the file from the first mirror that has it right.
   *
   * @throws DataException with the reason of every mirror when none has
   * @throws IOException when it cannot be stored
   */
  void fetch(List<URI> mirrors, Path directory, String remedy) throws IOException {
    List<String> reasons = new ArrayList<>();
    HttpClient client =
        HttpClient.newBuilder()
            .connectTimeout(CONNECT)
            .followRedirects(HttpClient.Redirect.NORMAL)
            .build();
    try {
      for (URI mirror : mirrors) {
        URI address = mirror.resolve(name);
        System.getLogger(Download.class.getName())
            .log(System.Logger.Level.INFO, "downloading {0} to {1}", address, directory);
        try {
          AtomicFiles.write(directory.resolve(name), checked(get(client, address)));
          return;
        } catch (Refused e) {
          reasons.add(address + ": " + e.getMessage());
        }
      }
    } finally {
      client.shutdownNow();
    }
    throw new DataException(
        "cannot download %s (%s); %s".formatted(name, String.join("; ", reasons), remedy));
  }

  private byte[] get(HttpClient client, URI address) throws Refused {
    CompletableFuture<HttpResponse<byte[]>> response =
        client.sendAsync(
            HttpRequest.newBuilder(address).timeout(TOTAL).build(),
            info ->
                info.statusCode() == 200
                    ? new Bounded(bytes)
                    : HttpResponse.BodySubscribers.replacing(new byte[0]));
    try {
      HttpResponse<byte[]> done = response.get(TOTAL.toSeconds(), TimeUnit.SECONDS);
      if (done.statusCode() != 200) {
        throw new Refused("HTTP status " + done.statusCode());
      }
      return done.body();
    } catch (ExecutionException e) {
      throw new Refused(String.valueOf(e.getCause()));
    } catch (TimeoutException e) {
      throw new Refused("not done after " + TOTAL.toSeconds() + " s");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DataException("interrupted while downloading " + address, e);
    } finally {
      response.cancel(true);
    }
  }

  private byte[] checked(byte[] content) throws Refused {
    if (content.length != bytes) {
      throw new Refused("expected %d bytes, found %d".formatted(bytes, content.length));
    }
    String found;
    try {
      found = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
    if (!found.equals(sha256)) {
      throw new Refused("expected SHA-256 %s, found %s".formatted(sha256, found));
    }
    return content;
  }

  /** Why one mirror will not do. */
  private static final class Refused extends Exception {
    private static final long serialVersionUID = 1;

    Refused(String message) {
      super(message);
    }
  }

  /** Collects a body and hangs up on one that is longer than promised. */
  private static final class Bounded implements HttpResponse.BodySubscriber<byte[]> {
    private final CompletableFuture<byte[]> body = new CompletableFuture<>();
    private final ByteBuffer content;
    private Flow.Subscription subscription;

    Bounded(int bytes) {
      content = ByteBuffer.allocate(bytes);
    }

    @Override
    public CompletionStage<byte[]> getBody() {
      return body;
    }

    @Override
    public void onSubscribe(Flow.Subscription s) {
      subscription = s;
      s.request(Long.MAX_VALUE);
    }

    @Override
    public void onNext(List<ByteBuffer> parts) {
      for (ByteBuffer part : parts) {
        if (part.remaining() > content.remaining()) {
          subscription.cancel();
          body.completeExceptionally(
              new IOException("more than the expected " + content.capacity() + " bytes"));
          return;
        }
        content.put(part);
      }
    }

    @Override
    public void onError(Throwable problem) {
      body.completeExceptionally(problem);
    }

    @Override
    public void onComplete() {
      body.complete(Arrays.copyOf(content.array(), content.position()));
    }
  }
}
