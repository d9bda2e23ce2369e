// Random numbers against their definition: the element's index alone decides its value.
#include <algorithm>

#include "op_case.h"
#include "philox.h"

using namespace check;

namespace {

struct Stream {
  int64_t seed, stream, counter;
};

uint32_t word(const Stream& s, int64_t i) {
  auto c = uint64_t(s.counter);
  auto k = uint64_t(s.seed);
  return bhn::philox::philox4x32(uint32_t(i / 4), uint32_t(s.stream), uint32_t(c), uint32_t(c >> 32), uint32_t(k), uint32_t(k >> 32))
      .x[i % 4];
}

double uniform(const Stream& s, int64_t i) { return (word(s, i) >> 8) * 0x1p-24; }

double normal(const Stream& s, int64_t i) {
  double u = ((word(s, i & ~int64_t(1)) >> 8) + 1) * 0x1p-24;
  double v = (word(s, i | 1) >> 8) * 0x1p-24;
  double radius = std::sqrt(-2 * std::log(u));
  return i % 2 == 0 ? radius * std::cos(2 * M_PI * v) : radius * std::sin(2 * M_PI * v);
}

using Draw = int32_t (*)(bhn_context*, float*, const int64_t*, int64_t, int64_t, int64_t, int64_t);

void definition(Draw draw, double (*want)(const Stream&, int64_t), const char* name, double allowed) {
  constexpr int64_t kLast = int64_t(1) << 34;
  Stream streams[] = {{0, 0, 0}, {-1, 0xffffffff, -1}, {0x123456789abcdef0, 77, 0x1122334455667788}};
  for (const Stream& s : streams) {
    for (int64_t n : {1, 2, 3, 5, 63, 64, 65, 1000}) {
      for (int64_t first : {int64_t(0), int64_t(1), int64_t(63), int64_t(1234567), kLast - n}) {
        where = std::string(name) + " n = " + std::to_string(n) + " first = " + std::to_string(first);
        Guarded<float> out(n);
        Guarded<int64_t> counter(1);
        counter[0] = s.counter;
        OK(draw(context(), out.data(), counter.data(), n, first, s.seed, s.stream));
        CHECK(out.intact() && counter[0] == s.counter);
        for (int64_t i = 0; i < n; ++i) {
          double reference = want(s, first + i);
          double error = std::fabs(out[i] - reference) / (allowed == 0 ? 1 : allowed * 0x1p-24 * (std::fabs(reference) + 0.1));
          that(allowed == 0 ? error == 0 : error <= 1, __FILE__, __LINE__, "element %lld is %.9g, should be %.9g", (long long)(first + i),
               double(out[i]), reference);
          worst = error > worst ? error : worst;
        }
      }
    }
  }
}

// The same bits for any number of threads and any cut.
void pieces(Draw draw, const char* name) {
  where = std::string(name) + " in pieces";
  constexpr int64_t kCount = 100003;
  int64_t counter = 9;
  Guarded<float> whole(kCount), cut(kCount);
  OK(draw(context(), whole.data(), &counter, kCount, 17, 42, 3));
  for (int threads : {2, 3}) {
    OK(draw(context(threads), cut.data(), &counter, kCount, 17, 42, 3));
    CHECK(std::memcmp(whole.data(), cut.data(), kCount * 4) == 0);
  }
  int64_t step = 1;
  for (int64_t at = 0; at < kCount; at += step, step = step * 3 % 1021 + 1) {
    int64_t n = std::min(step, kCount - at);
    OK(draw(context(), cut.data() + at, &counter, n, 17 + at, 42, 3));
  }
  CHECK(std::memcmp(whole.data(), cut.data(), kCount * 4) == 0);
}

void moments() {
  where = "moments";
  constexpr int64_t kCount = 1 << 20;
  Guarded<float> x(kCount);
  int64_t counter = 0;
  OK(bhn_rng_normal(context(2), x.data(), &counter, kCount, 0, 1, 2));
  double sum[5] = {};
  for (int64_t i = 0; i < kCount; ++i) {
    double p = 1;
    for (double& s : sum) {
      s += p;
      p *= x[i];
    }
  }
  CHECK(std::fabs(sum[1] / kCount) < 5e-3 && std::fabs(sum[2] / kCount - 1) < 7e-3);
  CHECK(std::fabs(sum[3] / kCount) < 2e-2 && std::fabs(sum[4] / kCount - 3) < 5e-2);
  bool range = true;
  OK(bhn_rng_uniform(context(2), x.data(), &counter, kCount, 0, 1, 2));
  for (int64_t i = 0; i < kCount; ++i) {
    range = range && x[i] >= 0 && x[i] < 1;
  }
  CHECK(range);
}

void refusals() {
  where = "refusals";
  float x[8];
  int64_t counter = 5;
  bhn_context* c = context();
  for (Draw draw : {bhn_rng_uniform, bhn_rng_normal}) {
    INVALID(draw(nullptr, x, &counter, 1, 0, 0, 0), "context is NULL");
    INVALID(draw(c, nullptr, &counter, 1, 0, 0, 0), "out is NULL");
    INVALID(draw(c, x, nullptr, 1, 0, 0, 0), "counter is NULL");
    INVALID(draw(c, x, &counter, -1, 0, 0, 0), "n = -1");
    INVALID(draw(c, x, &counter, 1, -1, 0, 0), "first = -1");
    INVALID(draw(c, x, &counter, 1, int64_t(1) << 34, 0, 0), "first = 17179869184");
    INVALID(draw(c, x, &counter, INT64_MAX, INT64_MAX, 0, 0), "n = 9223372036854775807");
    INVALID(draw(c, x, &counter, 1, 0, 0, -1), "stream = -1");
    INVALID(draw(c, x, &counter, 1, 0, 0, int64_t(1) << 32), "stream = 4294967296");
    OK(draw(c, nullptr, &counter, 0, 0, 0, 0));
  }
  INVALID(bhn_rng_uniform(c, nullptr, &counter, 1, 0, 0, 0), "rng_uniform: ");
  INVALID(bhn_rng_normal(c, nullptr, &counter, 1, 0, 0, 0), "rng_normal: ");
  INVALID(bhn_rng_advance(c, nullptr, 1), "rng_advance: counter is NULL");
  INVALID(bhn_rng_advance(nullptr, &counter, 1), "rng_advance: context is NULL");
  OK(bhn_rng_advance(c, &counter, 7));
  CHECK(counter == 12);
  OK(bhn_rng_advance(c, &counter, -13));
  CHECK(counter == -1);
}

void all() {
  definition(bhn_rng_uniform, uniform, "rng_uniform", 0);
  definition(bhn_rng_normal, normal, "rng_normal", 8);
  pieces(bhn_rng_uniform, "rng_uniform");
  pieces(bhn_rng_normal, "rng_normal");
  moments();
  refusals();
  report_worst("rng");
}

}  // namespace

TEST_MAIN(all)
