// The vectorisable functions of cpu/vecmath.h against double, over dense sweeps of their domains and at the ends of them.
// Compiled here for the base instruction set; the twins of the other sets differ by fused multiplications.
#define BHN_ISA base
#include "cpu/vecmath.h"

#include <algorithm>

#include "check.h"

namespace v = bhn::base;

namespace {

// Distance between neighbouring floats at |x|, at least that at the smallest normal number.
double ulp(double x) {
  int exponent = 0;
  std::frexp(std::fabs(x) > 0x1p-126 ? x : 0x1p-126, &exponent);
  return std::ldexp(1.0, exponent - 24);
}

struct Sweep {
  const char* name;
  float (*f)(float);
  double (*exact)(double);
  double low, high, bound;
  bool absolute;  // in units of 2^-24 instead of ulps: where the result's terms cancel, or it is tiny
};

void sweep(const Sweep& s) {
  check::where = s.name;
  constexpr int kSteps = 400000;
  double worst = 0, at = 0;
  auto one = [&](float x) {
    double want = s.exact(x);
    double error = std::fabs(s.f(x) - want) / (s.absolute ? 0x1p-24 : ulp(want));
    if (!(error <= worst)) {
      worst = error;
      at = x;
    }
  };
  for (int i = 0; i <= kSteps; ++i) {
    double share = double(i) / kSteps;
    one(std::clamp(float(s.low + (s.high - s.low) * share), float(s.low), float(s.high)));
    if (s.low > 0) {  // as dense in every octave
      one(std::clamp(float(s.low * std::pow(s.high / s.low, share)), float(s.low), float(s.high)));
    } else if (s.high > 0) {
      one(float(s.high * std::pow(2.0, -140 * share)));
      one(s.low < 0 ? float(s.low * std::pow(2.0, -140 * share)) : 0.0f);
    }
  }
  std::printf("        %-22s [%10.4g, %10.4g] %6.2f of %4.1f %s, at %.9g\n", s.name, s.low, s.high, worst, s.bound,
              s.absolute ? "x 2^-24" : "ulp", at);
  check::that(worst <= s.bound, __FILE__, __LINE__, "%.2f at %.9g", worst, at);
}

double softplus(double x) { return std::fmax(x, 0.0) + std::log1p(std::exp(-std::fabs(x))); }
double sigmoid(double x) { return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x)); }
double exact_exp(double x) { return std::exp(x); }
double exact_log(double x) { return std::log(x); }
double exact_log1p(double x) { return std::log1p(x); }
double exact_tanh(double x) { return std::tanh(x); }

double exact_peak(double y) { return y == 0 ? 0 : y * std::log(y) - y - std::lgamma(1 + y); }
double beyond_line(double d) { return std::fabs(d) < 1e-3 ? d * d * (0.5 + d / 6 + d * d / 24) : std::expm1(d) - d; }
float peak(float y) { return v::vpoisson_peak(y, v::vlog(y)); }

void sincos() {
  check::where = "sincos2pi";
  double worst = 0;
  constexpr int kSteps = 1 << 20;
  for (int i = 0; i < kSteps; ++i) {
    float turn = float(i) / kSteps;
    float sine, cosine;
    v::vsincos2pi(turn, &sine, &cosine);
    worst = std::fmax(worst, std::fabs(sine - std::sin(2 * M_PI * turn)) * 0x1p24);
    worst = std::fmax(worst, std::fabs(cosine - std::cos(2 * M_PI * turn)) * 0x1p24);
  }
  std::printf("        %-22s [%10.4g, %10.4g) %6.2f of %4.1f x 2^-24\n", "sincos2pi", 0.0, 1.0, worst, 2.0);
  CHECK(worst <= 2);
  const float quarter[5] = {0, 0.25f, 0.5f, 0.75f, 1 - 0x1p-24f};
  const float sines[4] = {0, 1, 0, -1}, cosines[4] = {1, 0, -1, 0};
  for (int i = 0; i < 4; ++i) {
    float sine, cosine;
    v::vsincos2pi(quarter[i], &sine, &cosine);
    CHECK(sine == sines[i] && cosine == cosines[i]);
  }
}

void ends() {
  check::where = "ends";
  const float inf = INFINITY, nan = NAN;
  CHECK(v::vexp(inf) == inf && v::vexp(-inf) == 0 && v::vexp(nan) != v::vexp(nan) && v::vexp(0) == 1 && v::vexp(-0.0f) == 1);
  CHECK(v::vexp(88.72283f) < inf && v::vexp(88.72284f) == inf && v::vexp(1e38f) == inf && v::vexp(-88.0f) == 0 && v::vexp(-1e38f) == 0);
  CHECK(v::vlog(0) == -inf && v::vlog(-0.0f) == -inf && v::vlog(inf) == inf && v::vlog(1) == 0);
  CHECK(v::vlog(nan) != v::vlog(nan) && v::vlog(-1) != v::vlog(-1) && v::vlog(-inf) != v::vlog(-inf));
  CHECK(v::vlog1p(0) == 0 && v::vlog1p(1e-30f) == 1e-30f && v::vlog1p(nan) != v::vlog1p(nan));
  CHECK(v::vtanh(inf) == 1 && v::vtanh(-inf) == -1 && v::vtanh(0) == 0 && v::vtanh(nan) != v::vtanh(nan));
  CHECK(v::vsoftplus(inf) == inf && v::vsoftplus(-inf) == 0 && v::vsoftplus(3e38f) == 3e38f && v::vsoftplus(nan) != v::vsoftplus(nan));
  CHECK(v::vsigmoid(inf) == 1 && v::vsigmoid(-inf) == 0 && v::vsigmoid(0) == 0.5f && v::vsigmoid(nan) != v::vsigmoid(nan));
  CHECK(peak(0) == 0 && peak(1) == -1 && peak(nan) != peak(nan) && peak(3e38f) > -46 && peak(3e38f) < -45);
  CHECK(v::activate<1>(nan) != v::activate<1>(nan) && v::activate<1>(-inf) == 0 && v::activate<1>(inf) == inf);
  CHECK(v::activate<3>(inf) == inf && v::slope<3>(100.0f) == 1 && v::slope<3>(-100.0f) == 0 && v::slope<1>(0) == 0);
}

void all() {
  const Sweep sweeps[] = {
      {"exp", v::vexp, exact_exp, -87.3, 88.72283, 4, false},
      {"exp, tiny results", v::vexp, exact_exp, -110, -87.3, 1e-20, true},
      {"log", v::vlog, exact_log, 0x1p-126, 3.4e38, 4, false},
      {"log1p", v::vlog1p, exact_log1p, 0, 1, 4, false},
      {"log1p, large", v::vlog1p, exact_log1p, 1, 1e30, 4, false},
      {"tanh", v::vtanh, exact_tanh, -12, 12, 4, false},
      {"softplus", v::vsoftplus, softplus, -80, 100, 4, false},
      {"softplus, tiny results", v::vsoftplus, softplus, -110, -80, 1e-20, true},
      {"sigmoid", v::vsigmoid, sigmoid, -80, 40, 4, false},
      {"poisson_peak", peak, exact_peak, 0, 4.5, 16, true},
      {"poisson_peak, large", peak, exact_peak, 4.5, 1e5, 4, false},
      {"exp_beyond_line", v::vexp_beyond_line, beyond_line, -0.5, 0.5, 4, false},
      {"sigmoid, tiny results", v::vsigmoid, sigmoid, -110, -80, 1e-20, true},
  };
  for (const Sweep& s : sweeps) {
    sweep(s);
  }
  sincos();
  ends();
}

}  // namespace

int main() {
  all();
  std::printf("%lld checks, %d failed\n", (long long)check::count, check::failures);
  return check::failures == 0 ? 0 : 1;
}
