/**
 * Files that are whole or absent: safetensors, JSON and atomic replacement.
 *
 * <p>Readers check everything against the file's real size before they allocate, and report what is
 * wrong as a {@link org.bhn.io.FormatException}; trouble with the device itself is an {@link
 * java.io.UncheckedIOException}.
 */
package org.bhn.io;
