// Sums over more pieces than a context has partial sums for: the pieces grow then. On the CPU alone, an emulated device would take minutes.
#include "op_case.h"

using namespace check;

namespace {

constexpr int64_t kPartials = 4096;

void mean_of_many() {
  where = "elbo of many rows";
  const int64_t n = kPartials * 4096 + 12345;
  std::vector<float> x(static_cast<size_t>(n));
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) {
    x[size_t(i)] = float(i % 1000) * 0x1p-8f;
    sum += x[size_t(i)];
  }
  float kl = 0, once[4] = {}, again[4] = {};
  OK(bhn_elbo_fwd(context(2), once, x.data(), nullptr, nullptr, &kl, n, 1));
  OK(bhn_elbo_fwd(context(1), again, x.data(), nullptr, nullptr, &kl, n, 1));
  CHECK(std::fabs(once[1] - sum / double(n)) <= 0x1p-23 * sum / double(n));
  CHECK(std::memcmp(once, again, sizeof once) == 0);
}

void norm_of_many() {
  where = "adam of many parameters";
  const int64_t sizes[] = {kPartials * 8192 + 777, 100001};
  std::vector<float> theta[2], m[2], v[2], grad[2];
  double squares = 0;
  for (int k = 0; k < 2; ++k) {
    for (auto* all : {&theta[k], &m[k], &v[k]}) {
      all->assign(size_t(sizes[k]), 0.0f);
    }
    grad[k].resize(size_t(sizes[k]));
    for (size_t i = 0; i < grad[k].size(); ++i) {
      grad[k][i] = float(i % 1000) * 0x1p-8f;
      squares += double(grad[k][i]) * double(grad[k][i]);
    }
  }
  float* thetas[] = {theta[0].data(), theta[1].data()};
  float* ms[] = {m[0].data(), m[1].data()};
  float* vs[] = {v[0].data(), v[1].data()};
  const float* grads[] = {grad[0].data(), grad[1].data()};
  const float hyper[6] = {0.5f, 0, 0, 1e-10f, 10, 0};
  int64_t step = 0;
  float report[2] = {};
  OK(bhn_adam_step(context(2), thetas, ms, vs, &step, report, grads, sizes, hyper, nullptr, 2, 0));
  double norm = std::sqrt(squares);
  CHECK(std::fabs(report[0] - norm) <= 0x1p-23 * norm && report[1] == 1 && step == 1);
  // Without moments of the past each entry with a gradient moves by the learning rate, in the last piece too.
  for (int k = 0; k < 2; ++k) {
    int64_t wrong = 0;
    for (size_t i = 0; i < grad[k].size(); ++i) {
      wrong += std::fabs(theta[k][i] + (grad[k][i] > 0 ? 0.5f : 0.0f)) > 1e-3f;
    }
    CHECK(wrong == 0);
  }
}

void all() {
  mean_of_many();
  norm_of_many();
}

}  // namespace

TEST_MAIN(all)
