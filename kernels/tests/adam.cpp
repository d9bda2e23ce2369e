// Adam with clipping over many tensors, against a scalar version in double; many steps, broken gradients, refusals.
#include <algorithm>
#include <limits>

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
  Hyper hyper = {};  // until the device has read it

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
    report[0] = report[1] = 0;
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
    hyper = h;
    return bhn_adam_step(c, t.data(), first.data(), second.data(), step.data(), report.data(), g.data(), sizes.data(), hyper.values,
                         nullptr, int64_t(sizes.size()), 0);
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

// A gradient that is not finite leaves everything but the report as it was, and so do all steps after it until the report is reset; one
// whose square overflows float is finite.
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
    Hyper h = {{0.1f, 0.9f, 0.999f, 1e-8f, 1.0f, 1.0f}};
    for (int later = 0; later < 3; ++later) {
      OK(p.update(context(), h));
      CHECK(p.report[1] == -1 && !std::isfinite(p.report[0]) && p.step[0] == 0);
      for (size_t k = 0; k < 3; ++k) {
        CHECK(std::memcmp(before.theta[k]->data(), p.theta[k]->data(), size_t(p.sizes[k]) * 4) == 0);
        for (int64_t i = 0; i < p.sizes[k]; ++i) {
          CHECK((*p.m[k])[i] == 0 && (*p.v[k])[i] == 0);
        }
      }
      (*p.grad[1])[69] = 1;  // good again
    }
    p.report[1] = 0;
    OK(p.update(context(), h));
    CHECK(p.report[1] == 1 && std::isfinite(p.report[0]) && p.step[0] == 1 && (*p.m[1])[69] != 0);
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

// Tensors 1, 5, 9 .. of a problem are conditioners that share a shape and z and h. Their gradients are formed inside the update (fused)
// and written out first (plain).
struct Conditioners {
  static constexpr int64_t kInputs = 150, kHidden = 21, kOutputs = 140, kRows = kHidden + 2 * kOutputs;
  int64_t samples, copies, weights = 0, n = 0;
  std::vector<int32_t> start = {0};
  std::vector<float> z, h;
  std::vector<std::vector<float>> factors;
  std::vector<bhn_made_gradient> made;
  std::unique_ptr<Problem> fused, plain;

  Conditioners(int64_t samples_, int64_t copies_) : samples(samples_), copies(copies_) {
    for (int64_t row = 0; row < kRows; ++row) {
      int64_t i = row < kHidden ? row : (row - kHidden) % kOutputs;
      start.push_back(int32_t(start.back() + (row < kHidden ? kInputs * i / kHidden : kHidden * i / kOutputs)));
    }
    weights = start[size_t(kRows)];
    n = weights + 2 * kRows;
    z = numbers(samples * kInputs);
    h = numbers(samples * kHidden);
    std::vector<int64_t> sizes;
    for (int64_t k = 0; k < copies; ++k) {
      sizes.insert(sizes.end(), {7, n, 0, 40});
      factors.push_back(numbers((samples + 4) * kRows));
      made.push_back(
          {4 * k + 1, factors.back().data(), z.data(), h.data(), start.data(), samples, kInputs, kHidden, kOutputs, weights, kInputs});
    }
    fused = std::make_unique<Problem>(sizes);
    plain = std::make_unique<Problem>(sizes);
    fused->new_gradient(1);
    for (size_t k = 0; k < sizes.size(); ++k) {
      std::memcpy(plain->theta[k]->data(), fused->theta[k]->data(), size_t(sizes[k]) * 4);
      std::memcpy(plain->grad[k]->data(), fused->grad[k]->data(), size_t(sizes[k]) * 4);
    }
  }

  static std::vector<float> numbers(int64_t size) {
    std::vector<float> all(static_cast<size_t>(size));
    std::generate(all.begin(), all.end(), [] { return number(); });
    return all;
  }

  // Writes the gradient of the plain problem, and the norms of its rows into the factors.
  void write_out(int64_t k) {
    float* gradient = plain->grad[size_t(4 * k + 1)]->data();
    std::memset(gradient, 0, size_t(n) * 4);
    OK(bhn_made_grad(on_cuda() ? twin() : context(), gradient, factors[size_t(k)].data(), z.data(), h.data(),
                     plain->theta[size_t(4 * k + 1)]->data(), start.data(), samples, kInputs, kHidden, kOutputs, weights, kInputs, 1));
    for (int64_t row = 0; row < kRows; ++row) {
      double squares = 0;
      for (int64_t i = start[size_t(row)]; i < start[size_t(row) + 1]; ++i) {
        squares += double(gradient[i]) * gradient[i];
      }
      norms(k)[row] = float(std::sqrt(squares));
    }
  }
  float* norms(int64_t k) { return factors[size_t(k)].data() + (samples + 1) * kRows; }

  int32_t update_fused(bhn_context* c, const Hyper& hyper, bool gradient_too = false) {
    auto t = Problem::pointers(fused->theta), m = Problem::pointers(fused->m), v = Problem::pointers(fused->v);
    auto g = Problem::pointers(fused->grad);
    for (int64_t k = 0; k < copies && !gradient_too; ++k) {
      g[size_t(4 * k + 1)] = nullptr;
    }
    return bhn_adam_step(c, t.data(), m.data(), v.data(), fused->step.data(), fused->report.data(), g.data(), fused->sizes.data(),
                         hyper.values, made.data(), 4 * copies, int64_t(made.size()));
  }
};

// The fused norm has other rounding.
void conditioners(int64_t samples, int64_t copies, float max_norm) {
  where = "adam " + std::to_string(copies) + " conditioners S" + std::to_string(samples) + ", max_norm " + std::to_string(max_norm);
  Conditioners all(samples, copies);
  Hyper hyper = {{0.01f, 0.9f, 0.999f, 1e-8f, max_norm, 0.3f}};
  for (int step = 0; step < 3; ++step) {
    for (int64_t k = 0; k < copies; ++k) {
      all.write_out(k);
    }
    OK(all.plain->update(context(), hyper));
    OK(all.update_fused(context(1 + step), hyper));
    float norm = all.plain->report[0];
    CHECK(std::fabs(all.fused->report[0] - norm) <= 1e-6 * norm && all.fused->report[1] == 1);
    for (size_t k = 0; k < all.fused->sizes.size(); ++k) {
      for (int64_t i = 0; i < all.fused->sizes[k]; ++i) {
        float a = (*all.fused->theta[k])[i], b = (*all.plain->theta[k])[i];
        CHECK(max_norm == 0 ? a == b : std::fabs(a - b) <= 1e-6f);
      }
      CHECK(all.fused->theta[k]->intact() && all.fused->m[k]->intact() && all.fused->v[k]->intact());
    }
  }
}

void refused_conditioners() {
  where = "adam refused conditioners";
  Conditioners all(2, 1);
  Hyper hyper = {{0.01f, 0.9f, 0.999f, 1e-8f, 1, 0.3f}};
  auto step = [&] { return all.update_fused(context(), hyper); };
  const float* theta = all.fused->theta[1]->data();
  std::vector<float> before(theta, theta + all.n);
  float& norm = all.norms(0)[3];
  norm = INFINITY;
  OK(step());
  CHECK(all.fused->report[1] == -1 && std::equal(before.begin(), before.end(), theta));
  norm = 1;
  all.made[0].tensor = 3;
  INVALID(step(), "sizes[made[i].tensor] = 40");
  all.made[0].tensor = 4;
  INVALID(step(), "made[i].tensor = 4");
  all.made[0].tensor = 1;
  all.made[0].factors = nullptr;
  INVALID(step(), "made[i].factors is NULL");
  all.made[0].factors = all.factors[0].data();
  INVALID(all.update_fused(context(), hyper, true), "grad[made[i].tensor] must be NULL");
  // Rows that overlap, see more than there is, begin late, end early.
  for (auto [at, by] : {std::pair<size_t, int>(5, -60), {20, 150}, {0, 1}, {all.start.size() - 1, -1}}) {
    all.start[at] += by;
    all.fused->report[1] = 0;
    BAD_INDEX(context(), step(), "row_start must rise");
    CHECK(std::equal(before.begin(), before.end(), theta));
    all.start[at] -= by;
  }
  // A row of the last head that is longer than what there is to see, and the next one shorter, so that starts rise all the same.
  {
    size_t at = all.start.size() - 2;
    all.start[at] += 15;
    all.fused->report[1] = 0;
    BAD_INDEX(context(), step(), "row_start must rise");
    CHECK(std::equal(before.begin(), before.end(), theta));
    all.start[at] -= 15;
  }
  // Two conditioners whose gradients are those of one tensor.
  Conditioners two(2, 2);
  two.made[1].tensor = two.made[0].tensor;
  INVALID(two.update_fused(context(), hyper), "made[i].tensor = 1 must be in [2, 7]");
  all.made.clear();
  INVALID(step(), "grad[i] is NULL");
}

void refusals() {
  where = "adam refusals";
  bhn_context* c = context();
  float x[8] = {}, report[2] = {}, hyper[6] = {0.1f, 0.9f, 0.999f, 1e-8f, 0, 0};
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
  int64_t many[65], odd = 1 + reinterpret_cast<int64_t>(x);
  std::vector<float*> same(65, x);
  std::fill(many, many + 65, int64_t(1) << 40);
  float** all = same.data();
  INVALID(adam(c, all, all, all, &step, report, all, many, hyper, nullptr, 65, 0), "all sizes = 71468255805440 elements is too large");
  float* unaligned[2] = {x, reinterpret_cast<float*>(odd)};
  INVALID(adam(c, good, good, good, &step, report, unaligned, sizes, hyper, nullptr, 2, 0), "grad[i] = ");
  // What the host can read is looked at before anything is written.
  if (!on_cuda()) {
    for (auto [i, value, words] :
         {std::tuple(0, float(NAN), "hyper[0] (lr) = nan must be finite"), std::tuple(1, 1.0f, "hyper[1] (b1) = 1 must be in [0, 1)"),
          std::tuple(1, -0.1f, "hyper[1] (b1) = -0.1"), std::tuple(2, 1.5f, "hyper[2] (b2) = 1.5"),
          std::tuple(2, float(NAN), "hyper[2] (b2) = nan"), std::tuple(3, float(INFINITY), "hyper[3] (eps) = inf"),
          std::tuple(4, float(NAN), "hyper[4] (max_norm) = nan"), std::tuple(5, float(INFINITY), "hyper[5] (clip) = inf")}) {
      float before = hyper[i];
      hyper[i] = value;
      INVALID(adam(c, good, good, good, &step, report, good, sizes, hyper, nullptr, 2, 0), words);
      hyper[i] = before;
    }
    for (int64_t at : {int64_t(-1), INT64_MAX}) {
      step = at;
      INVALID(adam(c, good, good, good, &step, report, good, sizes, hyper, nullptr, 2, 0), "*step = ");
      CHECK(step == at);
    }
    step = 0;
    CHECK(report[0] == 0 && report[1] == 0);
  }
  INVALID(adam(c, hole, good, good, &step, report, good, sizes, hyper, nullptr, 2, 0), "theta[i] is NULL");
  INVALID(adam(c, good, hole, good, &step, report, good, sizes, hyper, nullptr, 2, 0), "m[i] is NULL");
  INVALID(adam(c, good, good, hole, &step, report, good, sizes, hyper, nullptr, 2, 0), "v[i] is NULL");
  INVALID(adam(c, good, good, good, &step, report, hole, sizes, hyper, nullptr, 2, 0), "grad[i] is NULL");
  CHECK(step == 0);
  OK(adam(c, hole, hole, hole, &step, report, hole, empty, hyper, nullptr, 2, 0));
  OK(adam(c, nullptr, nullptr, nullptr, &step, report, nullptr, nullptr, hyper, nullptr, 0, 0));
}

// A norm that float does not hold, and one whose multiplier it does not hold, are no steps.
void vast_gradients() {
  where = "adam vast gradients";
  for (int64_t tensors : {2, 90}) {  // one table of a device, and several
    for (auto [size, max_norm, good] : {std::tuple(3e38f, 0.0f, false), std::tuple(3e38f, 1.0f, false), std::tuple(8e37f, 0.5f, false),
                                        std::tuple(8e37f, 0.0f, true), std::tuple(8e37f, 1.5f, true)}) {
      float theta[90] = {}, m[90] = {}, v[90] = {}, grad[90] = {size, -size}, report[2] = {};
      float hyper[6] = {0.1f, 0.9f, 0.999f, 1e-8f, max_norm, 0};
      std::vector<float*> thetas, ms, vs, grads;
      for (int64_t i = 0; i < tensors; ++i) {
        thetas.push_back(theta + i);
        ms.push_back(m + i);
        vs.push_back(v + i);
        grads.push_back(grad + i);
      }
      std::vector<int64_t> sizes(tensors, 1);
      int64_t step = 0;
      OK(bhn_adam_step(context(), thetas.data(), ms.data(), vs.data(), &step, report, grads.data(), sizes.data(), hyper, nullptr, tensors,
                       0));
      CHECK(report[1] == (good ? 1 : -1) && step == (good ? 1 : 0));
      CHECK(std::isfinite(report[0]) == (size < 1e38f));
      CHECK((m[0] != 0) == good && (v[0] != 0) == good);
      CHECK(!good || max_norm == 0 || std::fabs(theta[0] + 0.1f) < 1e-5f);
    }
  }
}

// Moments that decay below the smallest normal number become zero, and the caller's arithmetic stays as it was.
void vanishing_moments() {
  where = "adam vanishing moments";
  constexpr int64_t kSize = 70000;  // worth threads
  const float least = std::numeric_limits<float>::min();
  std::vector<float> theta(kSize, 1.0f), m(kSize, 1.01f * least), v(kSize, 1.0001f * least), grad(kSize, 0.0f);
  float *thetas[] = {theta.data()}, *ms[] = {m.data()}, *vs[] = {v.data()};
  const float* grads[] = {grad.data()};
  int64_t step = 5;
  float report[2] = {0, 0};
  float hyper[6] = {0.01f, 0.9f, 0.999f, 1e-8f, 0, 0};
  OK(bhn_adam_step(context(2), thetas, ms, vs, &step, report, grads, &kSize, hyper, nullptr, 1, 0));
  CHECK(std::all_of(m.begin(), m.end(), [](float x) { return x == 0; }) && std::all_of(v.begin(), v.end(), [](float x) { return x == 0; }));
  CHECK(std::all_of(theta.begin(), theta.end(), [](float x) { return x == 1; }));
  volatile float tiny = least;
  CHECK(tiny / 4 > 0);
}

void all() {
  Hyper plain = {{0.01f, 0.9f, 0.999f, 1e-8f, 0, 0}};
  int steps = on_cuda() ? 3 : 7;  // an emulated step is slow
  for (int64_t n : {1, 2, 7, 8, 9, 31, 33, 64, 65, 101}) {
    follow({n}, plain, 1, steps);
    follow({n, 3, 0, n}, {{0.01f, 0.8f, 0.99f, 1e-3f, 0.5f, 0}}, 1, steps);
    follow({3, n}, {{0.01f, 0.9f, 0.999f, 1e-4f, 0, 0.25f}}, 1, steps);
    follow({n, n}, {{0.01f, 0.9f, 0.999f, 1e-4f, 2.0f, 0.3f}}, 100, steps);
  }
  follow({8191, 1, 8193, 16384, 40}, {{0.001f, 0.9f, 0.999f, 1e-8f, 3.0f, 0.02f}}, 0.1f, 5);
  follow(std::vector<int64_t>(100, 65), {{0.01f, 0.9f, 0.999f, 1e-4f, 2.0f, 0.3f}}, 100, 3);
  follow(std::vector<int64_t>(45, 700), plain, 1, 2);
  for (int64_t samples : {1, 2, 5}) {
    conditioners(samples, 1, 0);
    conditioners(samples, 1, 0.7f);
  }
  if (!on_cuda()) {
    vanishing_moments();
    conditioners(50, 2, 0);
    conditioners(300, 1, 0.7f);
  }
  conditioners(1, 16, 0);
  conditioners(3, 17, 0.7f);
  refused_conditioners();
  threads();
  broken_gradients();
  vast_gradients();
  refusals();
  report_worst("adam");
}

}  // namespace

TEST_MAIN(all)
