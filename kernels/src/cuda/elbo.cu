// The training loss from log-likelihoods of rows and two numbers a draw, and its gradients.
// Forward: one block sums all three in double, in an order that only the sizes set. Backward: a thread owns every (threads of the
// grid)th entry of each. Bytes: 4 an entry (forward), 8 (backward). Bound by the launch: a step has a few thousand entries.
#include "cuda/launch.h"

namespace bhn::cuda {
namespace {

constexpr int kSumThreads = 1024;
constexpr int kThreads = 256;

__device__ __forceinline__ double mean(const float* x, int64_t n) {
  double sum = 0.0;
  for (int64_t i = threadIdx.x; x != nullptr && i < n; i += kSumThreads) {
    sum += x[i];
  }
  sum = block_sum(sum);
  return n == 0 ? 0.0 : sum / double(n);
}

__global__ void __launch_bounds__(kSumThreads) forward(float* items, const float* log_lik, const float* log_prior, const float* log_det,
                                                       const float* kl_scale, int64_t rows, int64_t draws) {
  double lik = mean(log_lik, rows);
  double prior = mean(log_prior, draws);
  double det = mean(log_det, draws);
  if (threadIdx.x == 0) {
    items[0] = float(-lik - double(*kl_scale) * (prior + det));
    items[1] = float(lik);
    items[2] = float(prior);
    items[3] = float(det);
  }
}

__global__ void __launch_bounds__(kThreads) backward(float* d_log_lik, float* d_log_prior, float* d_log_det, const float* d_loss,
                                                     const float* kl_scale, int64_t rows, int64_t draws) {
  double up = d_loss == nullptr ? 1.0 : double(*d_loss);
  float row = float(-up / double(rows));
  float draw = float(-up * double(*kl_scale) / double(draws));
  for (int64_t i = global_thread(); i < rows || i < draws; i += grid_threads()) {
    if (d_log_lik != nullptr && i < rows) {
      d_log_lik[i] += row;
    }
    if (d_log_prior != nullptr && i < draws) {
      d_log_prior[i] += draw;
    }
    if (d_log_det != nullptr && i < draws) {
      d_log_det[i] += draw;
    }
  }
}

}  // namespace

int elbo_fwd(const Queue& q, float* items, const float* log_lik, const float* log_prior, const float* log_det, const float* kl_scale,
             int64_t rows, int64_t draws) {
  return BHN_LAUNCH(forward, 1, kSumThreads, 0, q, items, log_lik, log_prior, log_det, kl_scale, rows, draws);
}

int elbo_bwd(const Queue& q, float* d_log_lik, float* d_log_prior, float* d_log_det, const float* d_loss, const float* kl_scale,
             int64_t rows, int64_t draws) {
  int64_t n = rows > draws ? rows : draws;
  if (n == 0 || (d_log_lik == nullptr && d_log_prior == nullptr && d_log_det == nullptr)) {
    return cudaSuccess;
  }
  return BHN_LAUNCH(backward, blocks_for(q, n, kThreads), kThreads, 0, q, d_log_lik, d_log_prior, d_log_det, d_loss, kl_scale, rows, draws);
}

}  // namespace bhn::cuda
