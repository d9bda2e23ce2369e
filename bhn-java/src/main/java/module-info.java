/** Bayesian hypernetworks. {@link org.bhn.Bhn} is where to begin. */
module org.bhn {
  requires com.fasterxml.jackson.core;
  requires java.net.http;
  requires jdk.jfr;
  requires org.apache.commons.numbers.gamma;
  requires org.bhn.kernels;
  requires org.bhn.nativelib;

  exports org.bhn;
  exports org.bhn.active;
  exports org.bhn.adversary;
  exports org.bhn.backend;
  exports org.bhn.bayes;
  exports org.bhn.data;
  exports org.bhn.flow;
  exports org.bhn.io;
  exports org.bhn.mcmc;
  exports org.bhn.nn;
  exports org.bhn.posterior;
  exports org.bhn.predict;
  exports org.bhn.tape;
  exports org.bhn.tensor;
  exports org.bhn.train;
  exports org.bhn.uncertainty;
}
