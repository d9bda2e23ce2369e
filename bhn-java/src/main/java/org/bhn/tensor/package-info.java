/** Shapes and views of memory that a backend holds. */
package org.bhn.tensor;
