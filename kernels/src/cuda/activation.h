// Activations by number, with the derivative at the pre-activation.
#pragma once

#include "cuda/launch.h"

namespace bhn::cuda {

// GELU has come to its limits at 40, and an infinity times 0 would not be a number.
// normcdff is Phi to single precision in its lower tail too, where 1 + erf(x / sqrt 2) has cancelled: no doubles are needed.
template <int kActivation>
__device__ __forceinline__ float activate(float x) {
  if constexpr (kActivation == BHN_RELU) {
    return x > 0.0f ? x : (x != x ? x : 0.0f);
  } else if constexpr (kActivation == BHN_TANH) {
    return tanhf(x);
  } else if constexpr (kActivation == BHN_GELU) {
    float low = x < -40.0f ? -40.0f : x;
    return low * normcdff(low);
  } else {
    return x;
  }
}

template <int kActivation>
__device__ __forceinline__ float slope(float x) {
  if constexpr (kActivation == BHN_RELU) {
    return x > 0.0f ? 1.0f : 0.0f;
  } else if constexpr (kActivation == BHN_TANH) {
    float e = expf(-2.0f * fabsf(x));  // 1 - tanh^2, without its cancellation
    return 4.0f * e / ((1.0f + e) * (1.0f + e));
  } else if constexpr (kActivation == BHN_GELU) {
    float inner = x < -40.0f ? -40.0f : x > 40.0f ? 40.0f : x;
    return normcdff(inner) + inner * (0.39894228f * expf(-0.5f * inner * inner));
  } else {
    return 1.0f;
  }
}

// Calls f with the activation as a type: a kernel is compiled for each.
template <int kValue>
struct Activation {
  static constexpr int value = kValue;
};

template <class F>
cudaError_t for_activation(int activation, const F& f) {
  switch (activation) {
    case BHN_RELU:
      return f(Activation<BHN_RELU>());
    case BHN_TANH:
      return f(Activation<BHN_TANH>());
    case BHN_GELU:
      return f(Activation<BHN_GELU>());
    default:
      return f(Activation<BHN_IDENTITY>());
  }
}

}  // namespace bhn::cuda
