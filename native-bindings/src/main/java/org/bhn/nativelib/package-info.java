/**
 * What Java knows about C: finding and loading the native libraries, and remembering why a
 * candidate was not used. The bindings themselves are generated and live in {@code gen.*}.
 */
package org.bhn.nativelib;
