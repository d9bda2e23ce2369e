// The training loss, its items and its gradients.
#include "op_case.h"

using namespace check;

namespace {

// Inputs: log_lik, log_prior, log_det, kl_scale. The gradients have the upstream d_loss, items[0] alone.
OpCase op_case(int64_t rows, int64_t draws, bool prior, bool det) {
  OpCase op;
  op.name = "elbo " + std::to_string(rows) + " rows, " + std::to_string(draws) + " draws";
  op.in = {Matrix::random("log_lik", 1, rows, rows, -20, 1), Matrix::random("log_prior", 1, draws, draws, -900, 100),
           Matrix::random("log_det", 1, draws, draws, -50, 70), Matrix::random("kl_scale", 1, 1, 1, 0, 0.01f)};
  op.out = {Matrix::output("items", 1, 4, 4)};
  op.allowance = 2;
  op.reference = [=](const Values& in, Values& out, Values& magnitude) {
    double mean[3] = {}, size[3] = {};
    for (int k = 0; k < 3; ++k) {
      if ((k == 1 && !prior) || (k == 2 && !det)) {
        continue;
      }
      for (double x : in[k]) {
        mean[k] += x / double(in[k].size());
        size[k] += std::fabs(x) / double(in[k].size());
      }
    }
    out[0] = {-mean[0] - in[3][0] * (mean[1] + mean[2]), mean[0], mean[1], mean[2]};
    magnitude[0] = {size[0] + in[3][0] * (size[1] + size[2]), size[0], size[1], size[2]};
  };
  op.forward = [=](bhn_context* c, const Out& out, const In& in) {
    return bhn_elbo_fwd(c, out[0], in[0], prior ? in[1] : nullptr, det ? in[2] : nullptr, in[3], rows, draws);
  };
  return op;
}

void backward(int64_t rows, int64_t draws, const float* d_loss) {
  where = "elbo_bwd " + std::to_string(rows) + " rows, " + std::to_string(draws) + " draws";
  std::vector<float> first;
  for (int threads : {1, 2, 3}) {
    Guarded<float> d_lik(rows), d_prior(draws), d_det(draws), kl(1);
    kl[0] = 0.0123f;
    for (int64_t i = 0; i < rows; ++i) {
      d_lik[i] = 0.5f;
    }
    for (int64_t i = 0; i < draws; ++i) {
      d_prior[i] = 1.5f;
      d_det[i] = -2.5f;
    }
    bhn_context* c = context(threads);
    OK(bhn_elbo_bwd(c, d_lik.data(), d_prior.data(), nullptr, d_loss, kl.data(), rows, draws));
    OK(bhn_elbo_bwd(c, nullptr, nullptr, d_det.data(), d_loss, kl.data(), rows, draws));
    OK(bhn_elbo_bwd(c, nullptr, nullptr, nullptr, d_loss, kl.data(), rows, draws));
    CHECK(d_lik.intact() && d_prior.intact() && d_det.intact() && kl.intact() && kl[0] == 0.0123f);
    double up = d_loss == nullptr ? 1.0 : double(*d_loss), each = -up * double(kl[0]) / double(draws);
    for (int64_t i = 0; i < rows; ++i) {
      CHECK(std::fabs(d_lik[i] - (0.5 - up / double(rows))) <= 1.2e-7 * (0.5 + std::fabs(up)));
    }
    for (int64_t i = 0; i < draws; ++i) {
      CHECK(std::fabs(d_prior[i] - (1.5 + each)) <= 1.2e-7 * (1.5 + std::fabs(each)));
      CHECK(std::fabs(d_det[i] - (-2.5 + each)) <= 1.2e-7 * (2.5 + std::fabs(each)));
    }
    std::vector<float> now(d_lik.data(), d_lik.data() + rows);
    now.insert(now.end(), d_prior.data(), d_prior.data() + draws);
    same_bits(first, now, threads);
  }
}

void refusals() {
  where = "elbo refusals";
  float x[4] = {}, items[4] = {}, kl = 1;
  bhn_context* c = context();
  INVALID(bhn_elbo_fwd(nullptr, items, x, x, x, &kl, 2, 2), "elbo_fwd: context is NULL");
  INVALID(bhn_elbo_fwd(c, nullptr, x, x, x, &kl, 2, 2), "elbo_fwd: items is NULL");
  INVALID(bhn_elbo_fwd(c, items, nullptr, x, x, &kl, 2, 2), "elbo_fwd: log_lik is NULL");
  INVALID(bhn_elbo_fwd(c, items, x, x, x, nullptr, 2, 2), "elbo_fwd: kl_scale is NULL");
  INVALID(bhn_elbo_fwd(c, items, x, x, x, &kl, -2, 2), "elbo_fwd: rows = -2");
  INVALID(bhn_elbo_fwd(c, items, x, x, x, &kl, 2, -2), "elbo_fwd: draws = -2");
  INVALID(bhn_elbo_fwd(c, items, x, x, x, &kl, INT64_MAX, 2), "elbo_fwd: rows = 9223372036854775807");
  INVALID(bhn_elbo_bwd(nullptr, x, x, x, nullptr, &kl, 2, 2), "elbo_bwd: context is NULL");
  INVALID(bhn_elbo_bwd(c, x, x, x, nullptr, nullptr, 2, 2), "elbo_bwd: kl_scale is NULL");
  INVALID(bhn_elbo_bwd(c, x, x, x, nullptr, &kl, -2, 2), "elbo_bwd: rows = -2");
  INVALID(bhn_elbo_bwd(c, x, x, x, nullptr, &kl, 2, -2), "elbo_bwd: draws = -2");
  OK(bhn_elbo_bwd(c, nullptr, nullptr, nullptr, nullptr, &kl, 0, 0));
}

void all() {
  const float minus_two = -2.0f;
  for (int64_t n : {1, 2, 7, 8, 9, 31, 33, 64, 65, 101, 4096, 4097}) {
    run(op_case(n, 3, true, true));
    run(op_case(5, n, n % 2 == 0, n % 3 == 0));
    backward(n, 3, nullptr);
    backward(2, n, &minus_two);
  }
  run(op_case(3, 0, false, false));
  run(op_case(100003, 40009, true, true));
  backward(100003, 40009, nullptr);
  backward(0, 2, nullptr);
  refusals();
  report_worst("elbo");
}

}  // namespace

TEST_MAIN(all)
