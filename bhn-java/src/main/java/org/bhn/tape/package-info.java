/**
 * Reverse-mode differentiation over a backend's ops, and steps that are recorded once and run again
 * without the tape.
 */
package org.bhn.tape;
