/**
 * Finds and loads the native libraries. All restricted calls of the library are in this module: on
 * the module path {@code --enable-native-access=org.bhn.nativelib} is all it needs.
 */
@SuppressWarnings("module") // org.bhn is compiled later
module org.bhn.nativelib {
  exports org.bhn.nativelib to
      org.bhn;
  exports org.bhn.nativelib.gen.bhn to
      org.bhn;
  exports org.bhn.nativelib.gen.cublas to
      org.bhn;
  exports org.bhn.nativelib.gen.cuda to
      org.bhn;
  exports org.bhn.nativelib.gen.cudnn to
      org.bhn;
  exports org.bhn.nativelib.gen.dnnl to
      org.bhn;
}
