/** libbhn for one platform, as a resource: no code of Java. */
module org.bhn.kernels {}
