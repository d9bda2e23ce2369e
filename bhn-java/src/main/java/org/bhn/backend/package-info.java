/**
 * Devices and their ops: {@link org.bhn.backend.Backends} finds one, {@link
 * org.bhn.backend.Backend} is what all of them can do. CPU and CUDA share the native library's C
 * interface; plain Java, in double precision, is their reference.
 */
package org.bhn.backend;
