/**
 * Invertible networks {@code z → (z', log |det dz'/dz|)}: affine, coupling (RealNVP; Dinh et al.
 * 2017) and inverse autoregressive (Kingma et al. 2016), stacked by {@link org.bhn.flow.Flows}.
 */
package org.bhn.flow;
