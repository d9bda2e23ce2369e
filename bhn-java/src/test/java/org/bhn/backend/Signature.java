package org.bhn.backend;

import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The arguments of every op: their names, {@code ?} if null is accepted, {@code ~} if a leading
 * dimension is, {@code *} if any number is, {@code !} if the other arguments do not fix its shape.
 */
final class Signature {
  private static final String[] TABLE = {
    "uniform: out! counter first seed* stream",
    "normal: out! counter first seed* stream",
    "advance: counter delta*",
    "fill: x~! value",
    "copy: y~ x~",
    "axpy: y~ x~ alpha",
    "mul: y a b",
    "mulBackward: dA? dB? dY a b",
    "activation: y x activation",
    "activationBackward: dX? dY x activation",
    "gather: y! x! order! cursor",
    "sumRows: out x~!",
    "sumRowsBackward: dX?~! dOut",
    "matmul: c~ a~ b~ transA* transB* beta",
    "matmulBatched: c~ a~ b~ transA* transB* beta",
    "conv: y x w shape",
    "convInputs: dX dY w shape beta",
    "convWeights: dW dY x shape beta",
    "maxPool: y x shape",
    "maxPoolBackward: dX? dY x shape",
    "weightNorm: r v~!",
    "weightNormBackward: dV?~ dR v~ r",
    "gain: y t g?~ r? bias?~ samples activation",
    "gainBackward: dT? dG?~ dR? dBias?~ dY t g?~ r? bias?~ samples activation beta",
    "made: heads hidden products r z~ params net",
    "madeBackward: dZ?~ factors dHeads z~ hidden products r params net",
    "madeGradient: dParams factors z~ hidden params net",
    "coupling: y~ logDet z~ heads logDetIn? delta",
    "couplingBackward: dZ?~ dHeads? dY?~ dLogDet? z~ heads delta",
    "couplingInverse: z~ logDet y~ heads logDetIn? delta",
    "flow: y logDet z logDetIn? steps delta",
    "flowBackward: dZ? dY? dLogDet? steps delta",
    "permute: y~ x~ permutation",
    "permuteBackward: dX?~ dY~ permutation",
    "affine: z logDet eps w b logDetIn? delta",
    "affineBackward: dEps? dW? dB? dZ? dLogDet? eps w delta",
    "affineInverse: eps logDet z w b logDetIn? delta",
    "categorical: logLik logits! labels!",
    "categoricalBackward: dLogits? dLogLik logits labels!",
    "gaussian: logLik mean~ logVar~ target samples mode",
    "gaussianBackward: dMean?~ dLogVar?~ dLogLik mean~ logVar~ target samples mode",
    "studentT: logLik mean~ logVar~ target samples mode degreesOfFreedom",
    "studentTBackward: dMean?~ dLogVar?~ dLogLik mean~ logVar~ target samples mode"
        + " degreesOfFreedom",
    "bernoulli: logLik logits target!",
    "bernoulliBackward: dLogits? dLogLik logits target!",
    "poisson: logLik logRate target!",
    "poissonBackward: dLogRate? dLogLik logRate target!",
    "prior: logPrior w~! logPriorIn? kind p0 p1 p2",
    "priorBackward: dW?~ dLogPrior w~ kind p0 p1 p2",
    "elbo: items logLik! logPrior?! logDet?! klScale",
    "elboBackward: dLogLik?! dLogPrior?! dLogDet?! dLoss? klScale",
    "adam: state",
    "predictiveCategorical: mean m2 entropy votes logits seen",
    "predictiveMoments: mean m2 values~ seen",
    "predictiveLogLik: logMean! logLik! seen",
    "dropout: y x counter samples firstRow seed* stream rate",
    "dropoutBackward: dX? dY counter samples firstRow seed* stream rate"
  };

  /** What is no op. A method is here or in the table, so that none goes unchecked. */
  private static final Set<String> PLUMBING =
      Set.of(
          "device",
          "description",
          "fork",
          "isAsynchronous",
          "freeMemory",
          "staging",
          "allocate",
          "release",
          "pool",
          "upload",
          "download",
          "item",
          "itemLong",
          "sync",
          "record",
          "stopRecording",
          "close",
          "pack");

  private static final Map<String, Signature> BY_NAME = new HashMap<>();

  static {
    for (String line : TABLE) {
      String[] parts = line.split(": ");
      BY_NAME.put(parts[0], new Signature(parts[1].split(" ")));
    }
  }

  private final String[] marked;

  private Signature(String[] marked) {
    this.marked = marked;
  }

  /** The signature of an op; null if the method is plumbing. */
  static Signature of(Method method) {
    Signature signature = BY_NAME.get(method.getName());
    boolean known = PLUMBING.contains(method.getName()) != (signature != null);
    if (!known && method.getDeclaringClass() != Object.class) {
      throw new AssertionError(method + " must be in Signature's table, or else in its plumbing");
    }
    if (signature != null && signature.marked.length != method.getParameterCount()) {
      throw new AssertionError(method + " has other arguments than " + signature.names());
    }
    return signature;
  }

  /** Names of the arguments in order. */
  List<String> names() {
    return Arrays.stream(marked).map(m -> m.replaceAll("[?~*!]", "")).toList();
  }

  String name(int i) {
    return names().get(i);
  }

  boolean isNullable(int i) {
    return marked[i].contains("?");
  }

  boolean isStrided(int i) {
    return marked[i].contains("~");
  }

  boolean isAnyShape(int i) {
    return marked[i].contains("!");
  }

  boolean isAnyNumber(int i) {
    return marked[i].contains("*");
  }
}
