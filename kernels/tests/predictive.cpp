// Statistics over weight samples: against two passes in double, and the same bits for pieces of any size.
#include "op_case.h"

using namespace check;

namespace {

// Mean and sum of squared deviations of n numbers that lie `step` apart, with the magnitude of the rounding in each.
struct Moments {
  double mean = 0, m2 = 0, mean_size = 0, m2_size = 0;
  Moments(const double* x, int64_t n, int64_t step) {
    for (int64_t s = 0; s < n; ++s) {
      mean += x[s * step] / double(n);
      mean_size += std::fabs(x[s * step]) / double(n);
    }
    for (int64_t s = 0; s < n; ++s) {
      double d = x[s * step] - mean;
      m2 += d * d;
      m2_size += std::fabs(d) * (std::fabs(d) + mean_size);
    }
  }
};

OpCase moments(int64_t samples, int64_t batch, int64_t outputs, int64_t pad) {
  OpCase op;
  op.name = "moments " + std::to_string(samples) + "x" + std::to_string(batch) + "x" + std::to_string(outputs);
  op.in = {Matrix::random("values", samples * batch, outputs, outputs + pad, -3, 5)};
  op.out = {Matrix::output("mean", batch, outputs, outputs), Matrix::output("m2", batch, outputs, outputs)};
  op.allowance = 8 + double(samples);
  op.reference = [=](const Values& in, Values& out, Values& magnitude) {
    for (int64_t i = 0; i < batch * outputs; ++i) {
      Moments m(in[0].data() + i, samples, batch * outputs);
      out[0][i] = m.mean;
      out[1][i] = m.m2;
      magnitude[0][i] = m.mean_size;
      magnitude[1][i] = m.m2_size;
    }
  };
  op.forward = [=](bhn_context* c, const Out& out, const In& in) {
    return bhn_predictive_moments(c, out[0], out[1], in[0], samples, batch, outputs, outputs + pad, 0);
  };
  return op;
}

OpCase log_mean(int64_t samples, int64_t batch, float low, float high) {
  OpCase op;
  op.name = "log_lik " + std::to_string(samples) + "x" + std::to_string(batch);
  op.in = {Matrix::random("log_lik", samples, batch, batch, low, high)};
  op.out = {Matrix::output("log_mean", batch, 2, 2)};
  op.allowance = 2;
  op.reference = [=](const Values& in, Values& out, Values& magnitude) {
    for (int64_t b = 0; b < batch; ++b) {
      double max = -INFINITY, sum = 0;
      for (int64_t s = 0; s < samples; ++s) {
        max = std::fmax(max, in[0][s * batch + b]);
      }
      for (int64_t s = 0; s < samples; ++s) {
        sum += std::exp(in[0][s * batch + b] - max);
      }
      out[0][2 * b] = max + std::log(sum / double(samples));
      magnitude[0][2 * b] = magnitude[0][2 * b + 1] = std::fabs(max) + 1;  // of the rest only that it is small
    }
  };
  op.forward = [=](bhn_context* c, const Out& out, const In& in) { return bhn_predictive_log_lik(c, out[0], in[0], samples, batch, 0); };
  return op;
}

struct Categorical {
  Guarded<float> mean, m2, entropy;
  Guarded<int32_t> votes;
  explicit Categorical(int64_t batch, int64_t classes)
      : mean(batch * classes), m2(batch * classes), entropy(batch), votes(batch * classes) {}
  bool intact() const { return mean.intact() && m2.intact() && entropy.intact() && votes.intact(); }
};

void near(const char* name, int64_t i, double got, double want, double allowed) {
  double share = std::fabs(got - want) / allowed;
  worst = share > worst ? share : worst;
  that(share <= 1, __FILE__, __LINE__, "%s[%lld] = %.9g, should be %.9g", name, (long long)i, got, want);
}

void compare_example(Categorical& got, const float* logits, int64_t samples, int64_t batch, int64_t classes, int64_t b) {
  std::vector<double> p(size_t(samples * classes));
  std::vector<int32_t> votes(size_t(classes), 0);
  double entropy = 0, range = 0, unit = 0x1p-24 * double(8 + samples);
  for (int64_t s = 0; s < samples; ++s) {
    const float* x = logits + (s * batch + b) * classes;
    int64_t best = 0;
    double sum = 0, sum_px = 0;
    for (int64_t c = 1; c < classes; ++c) {
      best = x[c] > x[best] ? c : best;
    }
    for (int64_t c = 0; c < classes; ++c) {
      double e = std::exp(double(x[c]) - x[best]);
      p[size_t(s * classes + c)] = e;
      sum += e;
      sum_px += e * (double(x[c]) - x[best]);
      range = std::fmax(range, std::fabs(double(x[c]) - x[best]));
    }
    for (int64_t c = 0; c < classes; ++c) {
      p[size_t(s * classes + c)] /= sum;
    }
    ++votes[size_t(best)];
    entropy += (std::log(sum) - sum_px / sum) / double(samples);
  }
  near("entropy", b, got.entropy[b], entropy, unit * (1 + std::fabs(entropy)));
  for (int64_t c = 0; c < classes; ++c) {
    Moments m(p.data() + c, samples, classes);
    // An error of half a unit in a logit's difference is one of its size in the probability.
    near("mean", b * classes + c, got.mean[b * classes + c], m.mean, unit * m.mean * (1 + range) + 1e-37);
    near("m2", b * classes + c, got.m2[b * classes + c], m.m2, unit * (m.m2_size + m.mean * std::sqrt(m.m2)) * (1 + range) + 1e-37);
    CHECK(got.votes[b * classes + c] == votes[size_t(c)]);
  }
}

void categorical(int64_t samples, int64_t batch, int64_t classes, float spread) {
  where = "categorical " + std::to_string(samples) + "x" + std::to_string(batch) + "x" + std::to_string(classes);
  int64_t row = batch * classes;
  Guarded<float> logits(samples * row);
  for (int64_t i = 0; i < samples * row; ++i) {
    logits[i] = number(-spread, spread);
  }
  Categorical whole(batch, classes);
  auto add = [&](Categorical& to, int threads, int64_t from, int64_t count) {
    OK(bhn_predictive_categorical(context(threads), to.mean.data(), to.m2.data(), to.entropy.data(), to.votes.data(),
                                  logits.data() + from * row, count, batch, classes, from));
  };
  add(whole, 1, 0, samples);
  CHECK(whole.intact() && logits.intact());
  for (int64_t b = 0; b < batch; ++b) {
    compare_example(whole, logits.data(), samples, batch, classes, b);
  }
  auto same = [&](Categorical& other) {
    return std::memcmp(other.mean.data(), whole.mean.data(), size_t(row) * 4) == 0 &&
           std::memcmp(other.m2.data(), whole.m2.data(), size_t(row) * 4) == 0 &&
           std::memcmp(other.votes.data(), whole.votes.data(), size_t(row) * 4) == 0 &&
           std::memcmp(other.entropy.data(), whole.entropy.data(), size_t(batch) * 4) == 0;
  };
  for (int threads : {2, 3}) {
    Categorical other(batch, classes);
    add(other, threads, 0, samples);
    CHECK(same(other));
    int64_t step = threads == 2 ? 1 : 3;
    for (int64_t s = 0; s < samples; s += step) {
      add(other, threads, s, samples - s < step ? samples - s : step);
    }
    CHECK(same(other));
  }
}

// Of equal logits the first has the vote; a NaN has it only where it comes first, and spoils the probabilities either way.
void votes() {
  where = "votes";
  auto vote = [](std::vector<float> logits, int64_t want) {
    int64_t classes = int64_t(logits.size());
    Categorical one(1, classes);
    OK(bhn_predictive_categorical(context(), one.mean.data(), one.m2.data(), one.entropy.data(), one.votes.data(), logits.data(), 1, 1,
                                  classes, 0));
    for (int64_t c = 0; c < classes; ++c) {
      CHECK(one.votes[c] == (c == want ? 1 : 0));
    }
    return one.mean[0];
  };
  CHECK(vote({2, 2}, 0) == 0.5f);
  CHECK(vote({-1, 3, 3, 0, 3}, 1) > 0);
  CHECK(std::isnan(vote({1, NAN, 2}, 2)));
  CHECK(std::isnan(vote({NAN, 1, 2}, 0)));
  std::vector<float> flat(300, -1);
  CHECK(std::fabs(vote(flat, 0) - 1 / 300.0f) < 1e-9);
  flat[299] = flat[31] = 1;
  vote(flat, 31);
}

void pieces() {
  where = "moments and log_lik in pieces";
  constexpr int64_t kSamples = 11, kBatch = 67, kOutputs = 13, kRow = kBatch * kOutputs;
  Guarded<float> x(kSamples * kRow), mean(kRow), m2(kRow), log_mean(2 * kRow), mean2(kRow), m22(kRow), log_mean2(2 * kRow);
  for (int64_t i = 0; i < kSamples * kRow; ++i) {
    x[i] = number(-9, 2);
  }
  OK(bhn_predictive_moments(context(), mean.data(), m2.data(), x.data(), kSamples, kBatch, kOutputs, kOutputs, 0));
  OK(bhn_predictive_log_lik(context(), log_mean.data(), x.data(), kSamples, kRow, 0));
  for (int64_t step : {1, 2, 4, 10}) {
    for (int64_t s = 0; s < kSamples; s += step) {
      int64_t count = kSamples - s < step ? kSamples - s : step;
      OK(bhn_predictive_moments(context(2), mean2.data(), m22.data(), x.data() + s * kRow, count, kBatch, kOutputs, kOutputs, s));
      OK(bhn_predictive_log_lik(context(3), log_mean2.data(), x.data() + s * kRow, count, kRow, s));
    }
    CHECK(std::memcmp(mean.data(), mean2.data(), kRow * 4) == 0);
    CHECK(std::memcmp(m2.data(), m22.data(), kRow * 4) == 0);
    CHECK(std::memcmp(log_mean.data(), log_mean2.data(), 2 * kRow * 4) == 0);
  }
  CHECK(log_mean.intact() && log_mean2.intact());
}

// What float does not hold of a large value would be lost once for each of many samples.
void many_samples() {
  where = "log_lik of many samples";
  constexpr int64_t kSamples = 20000, kPiece = 1000, kBatch = 3;
  std::vector<float> x(kSamples * kBatch);
  float state[2 * kBatch];
  double sum[kBatch] = {};
  for (int64_t i = 0; i < kSamples * kBatch; ++i) {
    x[i] = -5000 + number(-3, 3);
    sum[i % kBatch] += std::exp(double(x[i]) + 5000);
  }
  for (int64_t s = 0; s < kSamples; s += kPiece) {
    OK(bhn_predictive_log_lik(context(), state, x.data() + s * kBatch, kPiece, kBatch, s));
  }
  for (int64_t b = 0; b < kBatch; ++b) {
    double want = std::log(sum[b] / kSamples) - 5000;
    CHECK(std::fabs(double(state[2 * b]) + state[2 * b + 1] - want) < 1e-7);
    CHECK(std::fabs(state[2 * b] - want) < 3e-4);  // a half of its last digit
  }
}

// A sample of likelihood 0 counts; one that is infinitely likely stays so.
void infinite_likelihoods() {
  where = "infinite log-likelihoods";
  float minus[3] = {-INFINITY, -INFINITY, -INFINITY}, mixed[2] = {-INFINITY, 0.0f}, first[2] = {0.0f, -INFINITY}, state[2] = {NAN, NAN};
  OK(bhn_predictive_log_lik(context(), state, minus, 3, 1, 0));
  CHECK(state[0] == -INFINITY && state[1] == 0);
  OK(bhn_predictive_log_lik(context(), state, mixed, 2, 1, 0));
  CHECK(std::fabs(state[0] + std::log(2.0)) < 1e-6 && std::fabs(double(state[0]) + state[1] + std::log(2.0)) < 1e-12);
  OK(bhn_predictive_log_lik(context(), state, first, 2, 1, 0));
  CHECK(std::fabs(state[0] + std::log(2.0)) < 1e-6 && std::fabs(double(state[0]) + state[1] + std::log(2.0)) < 1e-12);
}

void refusals() {
  where = "predictive refusals";
  float f[64] = {};
  int32_t v[64] = {};
  bhn_context* c = context();
  int64_t huge = int64_t(1) << 40;
  auto cat = bhn_predictive_categorical;
  INVALID(cat(nullptr, f, f, f, v, f, 1, 1, 2, 0), "predictive_categorical: context is NULL");
  INVALID(cat(c, nullptr, f, f, v, f, 1, 1, 2, 0), "predictive_categorical: mean is NULL");
  INVALID(cat(c, f, nullptr, f, v, f, 1, 1, 2, 0), "m2 is NULL");
  INVALID(cat(c, f, f, nullptr, v, f, 1, 1, 2, 0), "entropy is NULL");
  INVALID(cat(c, f, f, f, nullptr, f, 1, 1, 2, 0), "votes is NULL");
  INVALID(cat(c, f, f, f, v, nullptr, 1, 1, 2, 0), "logits is NULL");
  INVALID(cat(c, f, f, f, v, f, -1, 1, 2, 0), "samples = -1");
  INVALID(cat(c, f, f, f, v, f, 1, -1, 2, 0), "batch = -1");
  INVALID(cat(c, f, f, f, v, f, 1, 1, -2, 0), "classes = -2");
  INVALID(cat(c, f, f, f, v, f, 1, 1, 0, 0), "classes = 0");
  INVALID(cat(c, f, f, f, v, f, 1, 1, 2, -1), "seen = -1");
  INVALID(cat(c, f, f, f, v, f, huge, huge, 2, 0), "samples x batch");
  INVALID(cat(c, f, f, f, v, f, huge, 64, INT32_MAX, 0), "logits");
  OK(cat(c, nullptr, nullptr, nullptr, nullptr, nullptr, 0, 5, 2, 0));
  OK(cat(c, nullptr, nullptr, nullptr, nullptr, nullptr, 5, 0, 2, 0));
  auto mom = bhn_predictive_moments;
  INVALID(mom(nullptr, f, f, f, 1, 1, 2, 2, 0), "predictive_moments: context is NULL");
  INVALID(mom(c, nullptr, f, f, 1, 1, 2, 2, 0), "predictive_moments: mean is NULL");
  INVALID(mom(c, f, nullptr, f, 1, 1, 2, 2, 0), "m2 is NULL");
  INVALID(mom(c, f, f, nullptr, 1, 1, 2, 2, 0), "values is NULL");
  INVALID(mom(c, f, f, f, -1, 1, 2, 2, 0), "samples = -1");
  INVALID(mom(c, f, f, f, 1, -1, 2, 2, 0), "batch = -1");
  INVALID(mom(c, f, f, f, 1, 1, -2, 2, 0), "outputs = -2");
  INVALID(mom(c, f, f, f, 1, 1, 2, 1, 0), "ld_values = 1");
  INVALID(mom(c, f, f, f, 1, 1, 2, 2, -7), "seen = -7");
  INVALID(mom(c, f, f, f, 1 << 20, 1 << 20, 2, huge, 0), "values");
  INVALID(mom(c, f, f, f, 1 << 23, 1 << 23, huge, huge, 0), "values = 8388608 x 8388608 x ");  // 2^86 is 0 in 64 bits
  OK(mom(c, nullptr, nullptr, nullptr, 3, 3, 0, 0, 0));
  INVALID(bhn_predictive_log_lik(nullptr, f, f, 1, 1, 0), "predictive_log_lik: context is NULL");
  INVALID(bhn_predictive_log_lik(c, nullptr, f, 1, 1, 0), "predictive_log_lik: log_mean is NULL");
  INVALID(bhn_predictive_log_lik(c, f, nullptr, 1, 1, 0), "log_lik is NULL");
  INVALID(bhn_predictive_log_lik(c, f, f, -1, 1, 0), "samples = -1");
  INVALID(bhn_predictive_log_lik(c, f, f, 1, -1, 0), "batch = -1");
  INVALID(bhn_predictive_log_lik(c, f, f, 1, 1, -1), "seen = -1");
  OK(bhn_predictive_log_lik(c, nullptr, nullptr, 0, 1, 0));
}

void all() {
  for (int64_t n : {1, 2, 7, 8, 9, 31, 33, 64, 65, 101}) {
    run(moments(3, 2, n, 0));
    run(moments(n, 3, 5, 4));
    run(log_mean(n, 5, -30, -2));
    run(log_mean(4, n, -1000, -1));
    categorical(3, 2, n, 4);
    categorical(n, 3, 10, 30);
  }
  run(moments(2, 0, 3, 0));
  run(moments(40, 101, 13, 3));
  run(log_mean(40, 1009, -5, -1));
  categorical(7, 501, 10, 3);
  categorical(2, 3, 5, 1000);
  categorical(4, 3, 256, 5);
  categorical(4, 3, 257, 5);
  categorical(4, 3, 288, 5);
  categorical(4, 3, 1025, 5);
  votes();
  pieces();
  infinite_likelihoods();
  many_samples();
  refusals();
  report_worst("predictive");
}

}  // namespace

TEST_MAIN(all)
