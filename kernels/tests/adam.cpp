// Adam with clipping over many tensors, against a scalar version in double; many steps, broken gradients, refusals.
#include <algorithm>

#include "op_case.h"

using namespace check;

namespace {

struct Hyper {
  float values[6];  // lr, b1, b2, eps, max_norm, clip
};

// One set of tensors: guarded arrays for the library, doubles for the reference.
struct Problem {
  std::vector<int64_t> sizes;
  std::vector<std::unique_ptr<Guarded<float>>> theta, m, v, grad;
  std::vector<std::vector<double>> theta_d, m_d, v_d;
  Guarded<int64_t> step{1};
  Guarded<float> report{2};
  int64_t step_d = 0;

  explicit Problem(const std::vector<int64_t>& all) : sizes(all) {
    for (int64_t n : all) {
      for (auto* list : {&theta, &m, &v, &grad}) {
        list->push_back(std::make_unique<Guarded<float>>(n));
        for (int64_t i = 0; i < n; ++i) {
          (*list->back())[i] = list == &theta ? number() : 0.0f;
        }
      }
      theta_d.emplace_back(theta.back()->data(), theta.back()->data() + n);
      m_d.emplace_back(size_t(n), 0.0);
      v_d.emplace_back(size_t(n), 0.0);
    }
    step[0] = 0;
  }

  void new_gradient(float size) {
    for (size_t k = 0; k < sizes.size(); ++k) {
      for (int64_t i = 0; i < sizes[k]; ++i) {
        (*grad[k])[i] = number(-size, size);
      }
    }
  }

  static std::vector<float*> pointers(const std::vector<std::unique_ptr<Guarded<float>>>& list) {
    std::vector<float*> all;
    for (auto& each : list) {
      all.push_back(each->data());
    }
    return all;
  }

  int32_t update(bhn_context* c, const Hyper& h) {
    auto t = pointers(theta), first = pointers(m), second = pointers(v), g = pointers(grad);
    return bhn_adam_step(c, t.data(), first.data(), second.data(), step.data(), report.data(), g.data(), sizes.data(), h.values, nullptr,
                         int64_t(sizes.size()), 0);
  }

  double norm() const {
    double squares = 0;
    for (size_t k = 0; k < sizes.size(); ++k) {
      for (int64_t i = 0; i < sizes[k]; ++i) {
        squares += double((*grad[k])[i]) * (*grad[k])[i];
      }
    }
    return std::sqrt(squares);
  }

  void reference(const Hyper& h) {
    double lr = h.values[0], b1 = h.values[1], b2 = h.values[2], eps = h.values[3], max_norm = h.values[4], clip = h.values[5];
    double n = norm(), t = double(++step_d);
    for (size_t k = 0; k < sizes.size(); ++k) {
      for (size_t i = 0; i < size_t(sizes[k]); ++i) {
        double g = (*grad[k])[int64_t(i)];
        g = max_norm > 0 ? g * std::min(n, max_norm) / (1e-7 + n) : g;
        g = clip > 0 ? std::clamp(g, -clip, clip) : g;
        m_d[k][i] = b1 * m_d[k][i] + (1 - b1) * g;
        v_d[k][i] = b2 * v_d[k][i] + (1 - b2) * g * g;
        theta_d[k][i] -= lr * std::sqrt(1 - std::pow(b2, t)) / (1 - std::pow(b1, t)) * m_d[k][i] / (std::sqrt(v_d[k][i]) + eps);
      }
    }
  }

  // Differences in units of 2^-24 of the magnitudes that occur.
  void compare(double lr, double size, double allowance) {
    for (size_t k = 0; k < sizes.size(); ++k) {
      for (int64_t i = 0; i < sizes[k]; ++i) {
        auto at = size_t(i);
        one("m", (*m[k])[i], m_d[k][at], size, allowance);
        one("v", (*v[k])[i], v_d[k][at], size * size * 0.01 + v_d[k][at], allowance);
        one("theta", (*theta[k])[i], theta_d[k][at], std::fabs(theta_d[k][at]) + 10 * lr, allowance);
      }
      CHECK(theta[k]->intact() && m[k]->intact() && v[k]->intact() && grad[k]->intact());
    }
    CHECK(step.intact() && report.intact());
  }

  static void one(const char* name, double got, double want, double magnitude, double allowance) {
    double share = std::fabs(got - want) / (allowance * 0x1p-24 * magnitude + 1e-37);
    worst = share > worst ? share : worst;
    that(share <= 1, __FILE__, __LINE__, "%s = %.9g, should be %.9g", name, got, want);
  }
};

void follow(const std::vector<int64_t>& sizes, const Hyper& h, float size, int steps) {
  where = "adam " + std::to_string(sizes.size()) + " tensors, first " + std::to_string(sizes[0]) + ", max_norm " +
          std::to_string(h.values[4]) + ", clip " + std::to_string(h.values[5]);
  Problem p(sizes);
  for (int i = 0; i < steps; ++i) {
    p.new_gradient(size);
    OK(p.update(context(1 + i % 3), h));
    p.reference(h);
    CHECK(p.step[0] == p.step_d && p.report[1] == 1);
    CHECK(std::fabs(p.report[0] - p.norm()) <= 1e-7 * p.norm());
  }
  p.compare(h.values[0], size, 12 * steps);
}

void threads() {
  where = "adam threads";
  std::vector<std::vector<float>> want;
  for (int threads : {1, 2, 3}) {
    Problem p({5, 40000, 0, 1, 8192, 33333, 17});
    for (size_t k = 0; k < p.sizes.size(); ++k) {
      for (int64_t i = 0; i < p.sizes[k]; ++i) {
        (*p.theta[k])[i] = float(i % 19) * 0.1f;
        (*p.grad[k])[i] = float((i * 7919 + int64_t(k)) % 1009) * 0.001f - 0.5f;
      }
    }
    for (int i = 0; i < 3; ++i) {
      OK(p.update(context(threads), {{0.01f, 0.9f, 0.999f, 1e-8f, 5.0f, 0.4f}}));
    }
    std::vector<std::vector<float>> got = {{p.report[0], p.report[1]}};
    for (size_t k = 0; k < p.sizes.size(); ++k) {
      for (auto* list : {&p.theta, &p.m, &p.v}) {
        got.emplace_back((*list)[k]->data(), (*list)[k]->data() + p.sizes[k]);
      }
    }
    want = want.empty() ? got : want;
    CHECK(got == want);
  }
}

// A gradient that is not finite leaves everything but the report as it was; one whose square overflows float is finite.
void broken_gradients() {
  where = "adam broken gradients";
  for (float bad : {float(NAN), INFINITY, -INFINITY}) {
    Problem p({3, 70, 1});
    Problem before({3, 70, 1});
    p.new_gradient(1);
    for (size_t k = 0; k < 3; ++k) {
      std::memcpy(before.theta[k]->data(), p.theta[k]->data(), size_t(p.sizes[k]) * 4);
    }
    (*p.grad[1])[69] = bad;
    OK(p.update(context(), {{0.1f, 0.9f, 0.999f, 1e-8f, 1.0f, 1.0f}}));
    CHECK(p.report[1] == 0 && !std::isfinite(p.report[0]) && p.step[0] == 0);
    for (size_t k = 0; k < 3; ++k) {
      CHECK(std::memcmp(before.theta[k]->data(), p.theta[k]->data(), size_t(p.sizes[k]) * 4) == 0);
      for (int64_t i = 0; i < p.sizes[k]; ++i) {
        CHECK((*p.m[k])[i] == 0 && (*p.v[k])[i] == 0);
      }
    }
  }
  Problem large({2});
  (*large.grad[0])[0] = 1e25f;
  (*large.grad[0])[1] = -1e25f;
  OK(large.update(context(), {{0.1f, 0.9f, 0.999f, 1e-8f, 1.0f, 0.0f}}));
  CHECK(large.report[1] == 1 && large.step[0] == 1 && std::fabs((*large.m[0])[0] - 0.1 / M_SQRT2) < 1e-6);
  Problem none({4});
  OK(none.update(context(), {{0.1f, 0.9f, 0.999f, 1e-8f, 1.0f, 1.0f}}));
  CHECK(none.report[0] == 0 && none.report[1] == 1 && none.step[0] == 1 && (*none.m[0])[3] == 0);
}

// A conditioner's gradient formed inside the update is the one written out first. The fused norm has other rounding.
void conditioners(int64_t samples, float max_norm) {
  where = "adam conditioners S" + std::to_string(samples) + ", max_norm " + std::to_string(max_norm);
  int64_t inputs = 150, hidden = 21, outputs = 140, rows = hidden + 2 * outputs;
  std::vector<int32_t> start = {0};
  for (int64_t row = 0; row < rows; ++row) {
    int64_t i = row < hidden ? row : (row - hidden) % outputs;
    start.push_back(int32_t(start.back() + (row < hidden ? inputs * i / hidden : hidden * i / outputs)));
  }
  int64_t weights = start[size_t(rows)], n = weights + 2 * rows;
  std::vector<float> z(size_t(samples * inputs)), h(size_t(samples * hidden)), factors(size_t((samples + 4) * rows));
  for (auto* all : {&z, &h, &factors}) {
    std::generate(all->begin(), all->end(), [] { return number(); });
  }
  Problem fused({7, n, 0, 40}), plain({7, n, 0, 40});
  fused.new_gradient(1);
  for (size_t k = 0; k < 4; ++k) {
    std::memcpy(plain.theta[k]->data(), fused.theta[k]->data(), size_t(fused.sizes[k]) * 4);
    std::memcpy(plain.grad[k]->data(), fused.grad[k]->data(), size_t(fused.sizes[k]) * 4);
  }
  std::vector<bhn_made_gradient> made = {
      {1, factors.data(), z.data(), h.data(), start.data(), samples, inputs, hidden, outputs, weights, inputs}};
  float hyper[6] = {0.01f, 0.9f, 0.999f, 1e-8f, max_norm, 0.3f};
  for (int step = 0; step < 3; ++step) {
    std::memset(plain.grad[1]->data(), 0, size_t(n) * 4);
    OK(bhn_made_grad(context(), plain.grad[1]->data(), factors.data(), z.data(), h.data(), plain.theta[1]->data(), start.data(), samples,
                     inputs, hidden, outputs, weights, inputs, 1));
    float* norm = factors.data() + (samples + 1) * rows;
    for (int64_t row = 0; row < rows; ++row) {
      double squares = 0;
      for (int64_t i = start[size_t(row)]; i < start[size_t(row) + 1]; ++i) {
        squares += double((*plain.grad[1])[i]) * (*plain.grad[1])[i];
      }
      norm[row] = float(std::sqrt(squares));
    }
    OK(plain.update(context(), {{hyper[0], hyper[1], hyper[2], hyper[3], hyper[4], hyper[5]}}));
    auto t = Problem::pointers(fused.theta), m = Problem::pointers(fused.m), v = Problem::pointers(fused.v);
    auto g = Problem::pointers(fused.grad);
    g[1] = nullptr;
    OK(bhn_adam_step(context(1 + step), t.data(), m.data(), v.data(), fused.step.data(), fused.report.data(), g.data(), fused.sizes.data(),
                     hyper, made.data(), 4, 1));
    CHECK(std::fabs(fused.report[0] - plain.report[0]) <= 1e-6 * plain.report[0] && fused.report[1] == 1);
    for (size_t k = 0; k < 4; ++k) {
      for (int64_t i = 0; i < fused.sizes[k]; ++i) {
        float a = (*fused.theta[k])[i], b = (*plain.theta[k])[i];
        CHECK(max_norm == 0 ? a == b : std::fabs(a - b) <= 1e-6f);
      }
      CHECK(fused.theta[k]->intact() && fused.m[k]->intact() && fused.v[k]->intact());
    }
  }
  // Not finite: nothing changes.
  factors[size_t((samples + 1) * rows + 3)] = INFINITY;
  std::vector<float> before(fused.theta[1]->data(), fused.theta[1]->data() + n);
  auto t = Problem::pointers(fused.theta), m = Problem::pointers(fused.m), v = Problem::pointers(fused.v);
  auto g = Problem::pointers(fused.grad);
  g[1] = nullptr;
  auto step = [&] {
    return bhn_adam_step(context(), t.data(), m.data(), v.data(), fused.step.data(), fused.report.data(), g.data(), fused.sizes.data(),
                         hyper, made.data(), 4, int64_t(made.size()));
  };
  OK(step());
  CHECK(fused.report[1] == 0 && std::equal(before.begin(), before.end(), t[1]));
  made[0].tensor = 3;
  INVALID(step(), "sizes[made[i].tensor] = 40");
  made[0].tensor = 4;
  INVALID(step(), "made[i].tensor = 4");
  made[0].tensor = 1;
  made[0].factors = nullptr;
  INVALID(step(), "made[i].factors is NULL");
  made[0].factors = factors.data();
  g[1] = fused.grad[1]->data();
  INVALID(step(), "grad[made[i].tensor] must be NULL");
  g[1] = nullptr;
  start[5] = start[4] - 1;
  INVALID(step(), "row_start must rise");
  start[5] = start[4];
  made.clear();
  INVALID(step(), "grad[i] is NULL");
}

void refusals() {
  where = "adam refusals";
  bhn_context* c = context();
  float x[8] = {}, report[2], hyper[6] = {0.1f, 0.9f, 0.999f, 1e-8f, 0, 0};
  float* good[2] = {x, x + 4};
  float* hole[2] = {x, nullptr};
  int64_t sizes[2] = {2, 2}, negative[2] = {2, -9}, vast[2] = {2, INT64_MAX}, empty[2] = {2, 0}, step = 0;
  auto adam = bhn_adam_step;
  INVALID(adam(nullptr, good, good, good, &step, report, good, sizes, hyper, nullptr, 2, 0), "adam_step: context is NULL");
  INVALID(adam(c, nullptr, good, good, &step, report, good, sizes, hyper, nullptr, 2, 0), "adam_step: theta is NULL");
  INVALID(adam(c, good, nullptr, good, &step, report, good, sizes, hyper, nullptr, 2, 0), "m is NULL");
  INVALID(adam(c, good, good, nullptr, &step, report, good, sizes, hyper, nullptr, 2, 0), "v is NULL");
  INVALID(adam(c, good, good, good, nullptr, report, good, sizes, hyper, nullptr, 2, 0), "step is NULL");
  INVALID(adam(c, good, good, good, &step, nullptr, good, sizes, hyper, nullptr, 2, 0), "report is NULL");
  INVALID(adam(c, good, good, good, &step, report, nullptr, sizes, hyper, nullptr, 2, 0), "grad is NULL");
  INVALID(adam(c, good, good, good, &step, report, good, nullptr, hyper, nullptr, 2, 0), "sizes is NULL");
  INVALID(adam(c, good, good, good, &step, report, good, sizes, nullptr, nullptr, 2, 0), "hyper is NULL");
  INVALID(adam(c, good, good, good, &step, report, good, sizes, hyper, nullptr, -1, 0), "tensors = -1");
  INVALID(adam(c, good, good, good, &step, report, good, negative, hyper, nullptr, 2, 0), "sizes[i] = -9");
  INVALID(adam(c, good, good, good, &step, report, good, vast, hyper, nullptr, 2, 0), "sizes[i] = 9223372036854775807");
  INVALID(adam(c, hole, good, good, &step, report, good, sizes, hyper, nullptr, 2, 0), "theta[i] is NULL");
  INVALID(adam(c, good, hole, good, &step, report, good, sizes, hyper, nullptr, 2, 0), "m[i] is NULL");
  INVALID(adam(c, good, good, hole, &step, report, good, sizes, hyper, nullptr, 2, 0), "v[i] is NULL");
  INVALID(adam(c, good, good, good, &step, report, hole, sizes, hyper, nullptr, 2, 0), "grad[i] is NULL");
  CHECK(step == 0);
  OK(adam(c, hole, hole, hole, &step, report, hole, empty, hyper, nullptr, 2, 0));
  OK(adam(c, nullptr, nullptr, nullptr, &step, report, nullptr, nullptr, hyper, nullptr, 0, 0));
}

void all() {
  Hyper plain = {{0.01f, 0.9f, 0.999f, 1e-8f, 0, 0}};
  for (int64_t n : {1, 2, 7, 8, 9, 31, 33, 64, 65, 101}) {
    follow({n}, plain, 1, 7);
    follow({n, 3, 0, n}, {{0.01f, 0.8f, 0.99f, 1e-3f, 0.5f, 0}}, 1, 7);
    follow({3, n}, {{0.01f, 0.9f, 0.999f, 1e-4f, 0, 0.25f}}, 1, 7);
    follow({n, n}, {{0.01f, 0.9f, 0.999f, 1e-4f, 2.0f, 0.3f}}, 100, 7);
  }
  follow({8191, 1, 8193, 16384, 40}, {{0.001f, 0.9f, 0.999f, 1e-8f, 3.0f, 0.02f}}, 0.1f, 5);
  for (int64_t samples : {1, 2, 5}) {
    conditioners(samples, 0);
    conditioners(samples, 0.7f);
  }
  threads();
  broken_gradients();
  refusals();
  report_worst("adam");
}

}  // namespace

TEST_MAIN(all)
