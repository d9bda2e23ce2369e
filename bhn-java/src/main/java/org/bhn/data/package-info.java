/**
 * Data sets as plain arrays, and readers for the files they come in.
 *
 * <p>Readers trust no header: sizes are checked against the file before anything is allocated, and
 * what is wrong is reported as a {@link org.bhn.data.DataException} naming the file, the place,
 * what was expected and what was found. Trouble with the device is an {@link
 * java.io.UncheckedIOException}. Nothing uses the network except {@link org.bhn.data.Mnist#load}.
 */
package org.bhn.data;
