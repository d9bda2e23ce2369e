// The epilogue of a product, for every combination of flags, absent inputs and activations.
#include <algorithm>

#include "op_case.h"

using namespace check;

namespace {

struct Shape {
  int64_t samples, batch, out, pad;
  int32_t flags, activation;
  bool g, r, bias;

  bool shared() const { return flags & BHN_GAIN_SHARED_PRODUCT; }
  bool per_example() const { return flags & BHN_GAIN_PER_EXAMPLE; }
  bool per_sample_bias() const { return flags & BHN_GAIN_PER_SAMPLE_BIAS; }
};

double activate(int32_t activation, double x) {
  switch (activation) {
    case BHN_RELU:
      return x > 0 ? x : 0;
    case BHN_TANH:
      return std::tanh(x);
    case BHN_GELU:
      return 0.5 * x * std::erfc(-x * M_SQRT1_2);
    default:
      return x;
  }
}

OpCase op_case(const Shape& s) {
  OpCase op;
  op.name = "gain " + std::to_string(s.samples) + "x" + std::to_string(s.batch) + "x" + std::to_string(s.out) + " ld +" +
            std::to_string(s.pad) + " flags " + std::to_string(s.flags) + " activation " + std::to_string(s.activation) +
            (s.g ? " g" : "") + (s.r ? " r" : "") + (s.bias ? " bias" : "");
  int64_t rows = s.samples * s.batch, ld = s.out + s.pad;
  op.in = {Matrix::random("t", s.shared() ? s.batch : rows, s.out, s.out, -2, 2),
           Matrix::random("g", s.per_example() ? rows : s.samples, s.out, ld, -1.5f, 1.5f), Matrix::random("r", 1, s.out, s.out, 0.2f, 2),
           Matrix::random("bias", s.per_sample_bias() ? s.samples : 1, s.out, s.per_sample_bias() ? ld : s.out)};
  op.out = {Matrix::output("y", rows, s.out, s.out)};
  op.reference = [s, rows](const Values& in, Values& out, Values& magnitude) {
    for (int64_t i = 0; i < rows * s.out; ++i) {
      int64_t row = i / s.out, j = i % s.out, sample = row / s.batch;
      double t = in[0][(s.shared() ? row % s.batch : row) * s.out + j];
      double g = s.g ? in[1][(s.per_example() ? row : sample) * s.out + j] : 1;
      double bias = s.bias ? in[3][(s.per_sample_bias() ? sample * s.out : 0) + j] : 0;
      double product = t * g * (s.r ? in[2][j] : 1);
      out[0][i] = activate(s.activation, product + bias);
      magnitude[0][i] = std::fabs(product) + std::fabs(bias);
    }
  };
  op.forward = [s, ld](bhn_context* c, const Out& out, const In& in) {
    return bhn_gain_fwd(c, out[0], in[0], s.g ? in[1] : nullptr, s.r ? in[2] : nullptr, s.bias ? in[3] : nullptr, s.samples, s.batch, s.out,
                        ld, ld, s.flags, s.activation);
  };
  op.wanted = {0};
  int slot[4] = {0, -1, -1, -1};  // where a gradient lies among the wanted ones
  for (int k = 1; k < 4; ++k) {
    if (k == 1 ? s.g : k == 2 ? s.r : s.bias) {
      slot[k] = int(op.wanted.size());
      op.wanted.push_back(k);
    }
  }
  op.backward = [=](bhn_context* c, const Out& grads, const In& up, const In& in) {
    float* d[4] = {};
    for (int k = 0; k < 4; ++k) {
      d[k] = slot[k] < 0 ? nullptr : grads[slot[k]];
    }
    return bhn_gain_bwd(c, d[0], d[1], d[2], d[3], up[0], in[0], s.g ? in[1] : nullptr, s.r ? in[2] : nullptr, s.bias ? in[3] : nullptr,
                        s.samples, s.batch, s.out, ld, ld, s.flags, s.activation);
  };
  op.allowance = 16;
  op.cancelled = 0.05;  // 1 - tanh^2
  return op;
}

// d_t overwritten: what the same backward adds to zeros, bit by bit, whatever was there before.
void overwritten(int64_t samples, int64_t batch, int64_t out, int32_t flags) {
  where = "gain overwrites d_t " + std::to_string(samples) + "x" + std::to_string(batch) + "x" + std::to_string(out) + " flags " +
          std::to_string(flags);
  int64_t rows = samples * batch, size = (flags & BHN_GAIN_SHARED_PRODUCT ? batch : rows) * out;
  std::vector<float> t(size), g(rows * out), d_y(rows * out);
  for (auto* all : {&t, &g, &d_y}) {
    std::generate(all->begin(), all->end(), [] { return number(); });
  }
  Guarded<float> added(size), written(size);
  std::fill(added.data(), added.end(), 0.0f);
  std::fill(written.data(), written.end(), NAN);
  for (Guarded<float>* d_t : {&added, &written}) {
    OK(bhn_gain_bwd(context(), d_t->data(), nullptr, nullptr, nullptr, d_y.data(), t.data(), g.data(), nullptr, nullptr, samples, batch,
                    out, out, out, flags | (d_t == &written ? BHN_GAIN_OVERWRITE : 0), BHN_TANH));
  }
  CHECK(written.intact());
  for (int64_t i = 0; i < size; ++i) {
    CHECK(written.data()[i] == added.data()[i]);
  }
}

void exact_relu() {
  where = "gain relu at 0";
  float t[3] = {0.0f, -0.0f, NAN}, y[3], d_y[3] = {1, 1, 1}, d_t[3] = {};
  OK(bhn_gain_fwd(context(), y, t, nullptr, nullptr, nullptr, 1, 1, 3, 3, 3, 0, BHN_RELU));
  OK(bhn_gain_bwd(context(), d_t, nullptr, nullptr, nullptr, d_y, t, nullptr, nullptr, nullptr, 1, 1, 3, 3, 3, 0, BHN_RELU));
  CHECK(y[0] == 0 && y[1] == 0 && y[2] != y[2]);
  CHECK(d_t[0] == 0 && d_t[1] == 0);
}

struct Call {
  bhn_context* c = context();
  float x[64] = {};
  float *y = x, *d_t = x, *d_g = x, *d_r = x, *d_bias = x;
  const float *d_y = x, *t = x, *g = x, *r = x, *bias = x;
  int64_t samples = 2, batch = 3, out = 4, ld_g = 4, ld_bias = 4;
  int32_t flags = BHN_GAIN_PER_SAMPLE_BIAS, activation = 0;
  int32_t forward() { return bhn_gain_fwd(c, y, t, g, r, bias, samples, batch, out, ld_g, ld_bias, flags, activation); }
  int32_t backward() {
    return bhn_gain_bwd(c, d_t, d_g, d_r, d_bias, d_y, t, g, r, bias, samples, batch, out, ld_g, ld_bias, flags, activation);
  }
};

template <class Change>
void refused(const Change& change, const char* words, bool forward = true, bool backward = true) {
  Call call;
  change(call);
  if (forward) {
    INVALID(call.forward(), words);
    CHECK(std::strncmp(bhn_last_error(), "gain_fwd: ", 10) == 0);
  }
  if (backward) {
    INVALID(call.backward(), words);
    CHECK(std::strncmp(bhn_last_error(), "gain_bwd: ", 10) == 0);
  }
}

void refusals() {
  where = "gain refusals";
  refused([](Call& a) { a.c = nullptr; }, "context is NULL");
  refused([](Call& a) { a.y = nullptr; }, "y is NULL", true, false);
  refused([](Call& a) { a.t = nullptr; }, "t is NULL");
  refused([](Call& a) { a.d_y = nullptr; }, "d_y is NULL", false);
  refused([](Call& a) { a.g = nullptr; }, "d_g ", false);
  refused([](Call& a) { a.r = nullptr; }, "d_r ", false);
  refused([](Call& a) { a.bias = nullptr; }, "d_bias ", false);
  refused([](Call& a) { a.samples = -2; }, "samples = -2");
  refused([](Call& a) { a.batch = -3; }, "batch = -3");
  refused([](Call& a) { a.out = -4; }, "out = -4");
  refused([](Call& a) { a.samples = a.batch = a.out = INT64_MAX; }, "samples = 9223372036854775807");
  refused([](Call& a) { a.samples = a.batch = int64_t(1) << 40; }, "1099511627776 x 1099511627776 x 4 elements");
  refused([](Call& a) { a.samples = a.out = a.ld_g = int64_t(1) << 30; }, "1073741824");
  // No sample, and still a d_t to overwrite.
  for (int k : {30, 40}) {
    refused(
        [k](Call& a) {
          a.samples = 0;
          a.batch = a.out = a.ld_g = a.ld_bias = int64_t(1) << k;
          a.flags = BHN_GAIN_SHARED_PRODUCT | BHN_GAIN_OVERWRITE;
        },
        "elements is too large", false);
  }
  refused([](Call& a) { a.ld_g = 3; }, "ld_g = 3 < out = 4");
  refused([](Call& a) { a.ld_bias = 3; }, "ld_bias = 3 < out = 4");
  refused([](Call& a) { a.flags = 8; }, "flags = 8", true, false);
  refused([](Call& a) { a.flags = 16; }, "flags = 16");
  refused([](Call& a) { a.flags = -1; }, "flags = -1");
  refused([](Call& a) { a.activation = 4; }, "activation = 4");
  refused([](Call& a) { a.activation = -1; }, "activation = -1");
}

// Every combination of flags; on an emulated device, where a thread costs microseconds, fewer shapes of each.
void all() {
  for (int32_t flags = 0; flags < 8; ++flags) {
    for (int present = 0; present < 8; ++present) {
      bool g = present & 1, r = present & 2, bias = present & 4;
      for (int64_t samples : {1, 3}) {
        if (!on_cuda() || samples == 1 + 2 * ((flags + present) % 2)) {
          run(op_case({samples, 2, 5, present % 3, flags, (flags + present) % 4, g, r, bias}));
        }
      }
    }
    for (int64_t n : {1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 129}) {
      if (!on_cuda() || n == 1 || n == 32 || n == 33) {
        run(op_case({2, 3, n, n % 2, flags, int32_t(n % 4), true, true, true}));
      }
    }
    run(op_case({0, 3, 5, 0, flags, 1, true, true, true}));
    run(op_case({2, 0, 5, 0, flags, 1, true, true, true}));
    run(op_case({2, 3, 0, 0, flags, 1, true, true, true}));
    // Several cuts of the batch, of the samples, and of both.
    run(op_case({1, 301, 11, 0, flags, flags % 4, true, true, true}));
    run(op_case({9, 39, flags == 1 || flags == 4 ? 33 : 9, 1, flags, (flags + 1) % 4, true, true, true}));
    if (!on_cuda()) {
      // Of so many pre-activations one lies so near 0 that differences do not see ReLU's kink: smooth activations only.
      run(op_case({1, 7, 1201, 0, flags, 2 + flags % 2, true, true, true}));
      run(op_case({3, 5, 401, 1, flags, 3 - flags % 2, true, true, true}));
    }
  }
  for (int32_t flags = 0; flags < BHN_GAIN_PER_SAMPLE_BIAS; ++flags) {
    overwritten(1, 3, 5, flags);
    overwritten(3, 2, 33, flags);
    overwritten(0, 2, 3, flags);
    overwritten(1, 301, 11, flags);
    overwritten(9, 39, 33, flags);
  }
  exact_relu();
  refusals();
  report_worst("gain");
}

}  // namespace

TEST_MAIN(all)
