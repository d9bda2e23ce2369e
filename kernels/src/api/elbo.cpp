#include <initializer_list>

#include "core/status.h"

using namespace bhn;

extern "C" {

int32_t bhn_elbo_fwd(bhn_context* context, float* items, const float* log_lik, const float* log_prior, const float* log_det,
                     const float* kl_scale, int64_t rows, int64_t draws) {
  Args args("elbo_fwd", context);
  args.size("rows", rows).size("draws", draws).pointer("items", items).pointer("log_lik", log_lik, rows).pointer("kl_scale", kl_scale);
  args.optional("log_prior", log_prior).optional("log_det", log_det);
  if (args.bad()) {
    return args.status();
  }
  if (!args.on_host()) {
    return args.launched(cuda_kernels()->elbo_fwd(context->queue, items, log_lik, log_prior, log_det, kl_scale, rows, draws)).status();
  }
  const Kernels& cpu = cpu_kernels();
  auto mean = [&](const float* x, int64_t n) {
    return x == nullptr || n == 0 ? 0.0 : cpu.sum(context->threads, x, n, context->partials) / double(n);
  };
  double lik = mean(log_lik, rows);
  double prior = mean(log_prior, draws);
  double det = mean(log_det, draws);
  items[0] = float(-lik - double(*kl_scale) * (prior + det));
  items[1] = float(lik);
  items[2] = float(prior);
  items[3] = float(det);
  return BHN_OK;
}

int32_t bhn_elbo_bwd(bhn_context* context, float* d_log_lik, float* d_log_prior, float* d_log_det, const float* d_loss,
                     const float* kl_scale, int64_t rows, int64_t draws) {
  Args args("elbo_bwd", context);
  args.size("rows", rows).size("draws", draws).pointer("kl_scale", kl_scale).optional("d_log_lik", d_log_lik);
  args.optional("d_log_prior", d_log_prior).optional("d_log_det", d_log_det).optional("d_loss", d_loss);
  if (args.bad()) {
    return args.status();
  }
  if (!args.on_host()) {
    int error = cuda_kernels()->elbo_bwd(context->queue, d_log_lik, d_log_prior, d_log_det, d_loss, kl_scale, rows, draws);
    return args.launched(error).status();
  }
  const Kernels& cpu = cpu_kernels();
  double up = d_loss == nullptr ? 1.0 : double(*d_loss);
  if (d_log_lik != nullptr && rows > 0) {
    cpu.add_scalar(context->threads, d_log_lik, rows, float(-up / double(rows)));
  }
  for (float* d : {d_log_prior, d_log_det}) {
    if (d != nullptr && draws > 0) {
      cpu.add_scalar(context->threads, d, draws, float(-up * double(*kl_scale) / double(draws)));
    }
  }
  return BHN_OK;
}

}  // extern "C"
