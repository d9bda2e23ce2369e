// MADE conditioners: masks from degrees, weight norm by row, ReLU, two heads; and their gradients.
#include <algorithm>

#include "op_case.h"

using namespace check;

namespace {

struct Net {
  int64_t samples, inputs, hidden, outputs, pad;
  bool masked, weight_norm;
  std::vector<int32_t> in_degree = {}, hidden_degree = {}, out_degree = {};

  int64_t units() const { return 2 * outputs; }
  int64_t u2() const { return hidden * inputs; }
  int64_t g1() const { return u2() + units() * hidden; }
  int64_t params() const { return g1() + 2 * hidden + 2 * units(); }
  bool lives1(int64_t h, int64_t i) const { return !masked || in_degree[i] <= hidden_degree[h]; }
  bool lives2(int64_t j, int64_t h) const { return !masked || hidden_degree[h] <= out_degree[j % outputs]; }
};

// Degrees of an autoregressive net: inputs and outputs ordered at random, hidden units anywhere. The output of
// degree 0 sees nothing.
Net net(int64_t samples, int64_t inputs, int64_t hidden, int64_t outputs, int64_t pad, bool masked, bool weight_norm) {
  Net n = {samples, inputs, hidden, outputs, pad, masked, weight_norm};
  for (int64_t i = 0; i < inputs; ++i) {
    n.in_degree.push_back(int32_t(i * 7 % inputs + 1));
  }
  for (int64_t h = 0; h < hidden; ++h) {
    n.hidden_degree.push_back(int32_t(number(1, float(inputs))));
  }
  for (int64_t o = 0; o < outputs; ++o) {
    n.out_degree.push_back(int32_t(o * 5 % outputs));
  }
  return n;
}

// One layer in double. magnitude: sum of the absolute terms of each output.
template <class Lives>
std::vector<double> layer(const std::vector<double>& x, const double* u, const double* g, const double* b, int64_t samples, int64_t inputs,
                          int64_t outputs, bool weight_norm, const Lives& lives, std::vector<double>* r, std::vector<double>* magnitude) {
  std::vector<double> y(samples * outputs);
  magnitude->assign(samples * outputs, 0);
  for (int64_t j = 0; j < outputs; ++j) {
    double squares = 0;
    for (int64_t i = 0; i < inputs; ++i) {
      squares += lives(j, i) ? u[j * inputs + i] * u[j * inputs + i] : 0;
    }
    double norm = squares == 0 ? 0 : 1 / std::max(std::sqrt(squares), 1e-12);
    r->push_back(weight_norm ? norm : 1);
    double scale = weight_norm ? g[j] * norm : 1;
    for (int64_t s = 0; s < samples; ++s) {
      double sum = 0, absolute = 0;
      for (int64_t i = 0; i < inputs; ++i) {
        double term = lives(j, i) ? x[s * inputs + i] * u[j * inputs + i] : 0;
        sum += term;
        absolute += std::fabs(term);
      }
      y[s * outputs + j] = sum * scale + b[j];
      (*magnitude)[s * outputs + j] = absolute * std::fabs(scale) + std::fabs(b[j]);
    }
  }
  return y;
}

// out: heads, h, r (or only heads).
void reference(const Net& n, const Values& in, Values& out, Values& magnitude) {
  const double* p = in[1].data();
  std::vector<double> r, size_h, size_heads;
  auto h = layer(
      in[0], p, p + n.g1(), p + n.g1() + n.hidden + n.units(), n.samples, n.inputs, n.hidden, n.weight_norm,
      [&](int64_t j, int64_t i) { return n.lives1(j, i); }, &r, &size_h);
  for (double& x : h) {
    x = std::max(x, 0.0);
  }
  out[0] = layer(
      h, p + n.u2(), p + n.g1() + n.hidden, p + n.g1() + 2 * n.hidden + n.units(), n.samples, n.hidden, n.units(), n.weight_norm,
      [&](int64_t j, int64_t i) { return n.lives2(j, i); }, &r, &size_heads);
  // An error of h reaches the heads.
  for (int64_t s = 0; s < n.samples; ++s) {
    double carried = 0;
    for (int64_t k = 0; k < n.hidden; ++k) {
      carried = std::max(carried, size_h[s * n.hidden + k]);
    }
    for (int64_t j = 0; j < n.units(); ++j) {
      magnitude[0][s * n.units() + j] = size_heads[s * n.units() + j] + 2 * carried;
    }
  }
  if (out.size() == 3) {
    out[1] = h;
    magnitude[1] = size_h;
    out[2] = r;
    for (size_t i = 0; i < r.size(); ++i) {
      magnitude[2][i] = r[i];
    }
  }
}

struct Degrees {
  std::shared_ptr<Guarded<int32_t>> memory[3];
  const int32_t* at[3] = {};
  explicit Degrees(const Net& n) {
    const std::vector<int32_t>* all[] = {&n.in_degree, &n.hidden_degree, &n.out_degree};
    for (int k = 0; k < 3 && n.masked; ++k) {
      memory[k] = std::make_shared<Guarded<int32_t>>(all[k]->size());
      std::copy(all[k]->begin(), all[k]->end(), memory[k]->data());
      at[k] = memory[k]->data();
    }
  }
};

int32_t forward(bhn_context* c, const Net& n, const Degrees& d, float* heads, float* h, float* r, const float* z, const float* params) {
  return bhn_made_fwd(c, heads, h, r, z, params, d.at[0], d.at[1], d.at[2], n.samples, n.inputs, n.hidden, n.outputs, n.inputs + n.pad,
                      n.weight_norm);
}

OpCase op_case(const Net& n) {
  OpCase op;
  op.name = "made S" + std::to_string(n.samples) + " I" + std::to_string(n.inputs) + " H" + std::to_string(n.hidden) + " O" +
            std::to_string(n.outputs) + " ld +" + std::to_string(n.pad) + (n.masked ? " masked" : "") + (n.weight_norm ? " norm" : "");
  op.in = {Matrix::random("z", n.samples, n.inputs, n.inputs + n.pad), Matrix::random("params", 1, n.params(), n.params())};
  Degrees d(n);
  op.reference = [n](const Values& in, Values& out, Values& magnitude) { reference(n, in, out, magnitude); };
  op.out = {Matrix::output("heads", n.samples, n.units(), n.units()), Matrix::output("h", n.samples, n.hidden, n.hidden),
            Matrix::output("r", 1, n.hidden + n.units(), n.hidden + n.units())};
  op.forward = [n, d](bhn_context* c, const Out& out, const In& in) { return forward(c, n, d, out[0], out[1], out[2], in[0], in[1]); };
  return op;
}

// The same net with heads as its only output, so that differences see what the gradients are of.
OpCase gradients(const Net& n) {
  OpCase op = op_case(n);
  op.name += " gradients";
  op.allowance = 24;
  op.cancelled = n.weight_norm ? 0.5 : 1e-3;  // the part of d_u along u goes
  op.out.resize(1);
  Degrees d(n);
  op.forward = [n, d](bhn_context* c, const Out& out, const In& in) {
    Guarded<float> h(n.samples * n.hidden), r(n.hidden + n.units());
    return forward(c, n, d, out[0], h.data(), r.data(), in[0], in[1]);
  };
  op.backward = [n, d](bhn_context* c, const Out& grads, const In& up, const In& in) {
    Guarded<float> heads(n.samples * n.units()), h(n.samples * n.hidden), r(n.hidden + n.units());
    Guarded<float> work((n.samples + 1) * (n.hidden + n.units()));
    OK(forward(c, n, d, heads.data(), h.data(), r.data(), in[0], in[1]));
    int32_t status = bhn_made_bwd(c, grads[0], grads[1], work.data(), up[0], in[0], h.data(), r.data(), in[1], d.at[0], d.at[1], d.at[2],
                                  n.samples, n.inputs, n.hidden, n.outputs, n.inputs + n.pad, n.weight_norm);
    CHECK(work.intact() && h.intact() && r.intact());
    return status;
  };
  op.wanted = {0, 1};
  return op;
}

// Masked parameters and masked dependencies are exactly untouched.
void masks(int64_t samples) {
  Net n = net(samples, 37, 29, 37, 0, true, true);
  where = "made masks S" + std::to_string(samples);
  Degrees d(n);
  std::vector<float> z(n.samples * 37), params(n.params()), heads(n.samples * 74), h(n.samples * 29), r(29 + 74),
      work((n.samples + 1) * 103);
  std::vector<float> d_params(n.params(), 1e10f), d_heads(n.samples * 74, 0.5f);
  for (auto* all : {&z, &params}) {
    std::generate(all->begin(), all->end(), [] { return number(); });
  }
  // What is masked may hold anything.
  auto poison = [&](std::vector<float>& p, float value) {
    for (int64_t j = 0; j < 29; ++j) {
      for (int64_t i = 0; i < 37; ++i) {
        p[j * 37 + i] = n.lives1(j, i) ? p[j * 37 + i] : value;
      }
    }
    for (int64_t j = 0; j < 74; ++j) {
      for (int64_t i = 0; i < 29; ++i) {
        p[n.u2() + j * 29 + i] = n.lives2(j, i) ? p[n.u2() + j * 29 + i] : value;
      }
    }
  };
  poison(params, NAN);
  OK(forward(context(), n, d, heads.data(), h.data(), r.data(), z.data(), params.data()));
  bool finite = std::all_of(heads.begin(), heads.end(), [](float x) { return std::isfinite(x); });
  CHECK(finite);
  std::vector<float> d_z(z.size());
  OK(bhn_made_bwd(context(), d_z.data(), d_params.data(), work.data(), d_heads.data(), z.data(), h.data(), r.data(), params.data(), d.at[0],
                  d.at[1], d.at[2], n.samples, 37, 29, 37, 37, 1));
  CHECK(std::all_of(d_params.begin(), d_params.end(), [](float x) { return std::isfinite(x); }));
  CHECK(std::all_of(d_z.begin(), d_z.end(), [](float x) { return std::isfinite(x); }));
  std::vector<float> marked = d_params;
  poison(marked, 1e10f);
  CHECK(marked == d_params);
  // A row that sees nothing gives its bias.
  auto blind = std::find(n.out_degree.begin(), n.out_degree.end(), 0) - n.out_degree.begin();
  CHECK(r[29 + blind] == 0 && heads[blind] == params[n.g1() + 2 * 29 + 74 + blind]);
  // Changing an input moves only the outputs that may see it.
  for (int64_t i = 0; i < 37; ++i) {
    std::vector<float> moved = z, other(heads.size());
    moved[i] += 0.5f;
    OK(forward(context(), n, d, other.data(), h.data(), r.data(), moved.data(), params.data()));
    for (int64_t j = 0; j < 74; ++j) {
      CHECK(n.in_degree[i] <= n.out_degree[j % 37] || other[j] == heads[j]);
    }
  }
}

// Rows whose squares leave the range of float, and rows of zeros.
void extreme_rows() {
  where = "made extreme rows";
  for (float size : {0.0f, 1e-30f, 1e-14f, 1e-8f, 1e15f, 1e25f}) {
    Net n = net(1, 5, 3, 2, 0, false, true);
    Degrees d(n);
    std::vector<float> z(5, 0.5f), params(n.params(), 0.25f), heads(4), h(3), r(7);
    for (int64_t i = 0; i < n.g1(); ++i) {
      params[i] = size;
    }
    OK(forward(context(), n, d, heads.data(), h.data(), r.data(), z.data(), params.data()));
    double want1 = size == 0 ? 0 : 1 / std::max(size * std::sqrt(5.0), 1e-12),
           want2 = size == 0 ? 0 : 1 / std::max(size * std::sqrt(3.0), 1e-12);
    for (int k = 0; k < 7; ++k) {
      double want = k < 3 ? want1 : want2;
      that(std::fabs(r[k] - want) <= 1e-6 * want, __FILE__, __LINE__, "r[%d] = %g, should be %g for entries %g", k, double(r[k]), want,
           double(size));
    }
  }
}

void mask_op() {
  where = "made_mask";
  for (int64_t pad : {0, 3}) {
    for (int64_t cols : {1, 2, 7, 8, 9, 17, 33, 700}) {
      int64_t rows = 66, degree_rows = 33, ld = cols + pad;
      Guarded<float> u(rows * ld - pad);
      Guarded<int32_t> row_degree(degree_rows), col_degree(cols);
      for (int64_t i = 0; i < rows * ld - pad; ++i) {
        u[i] = 1;
      }
      for (int64_t j = 0; j < degree_rows; ++j) {
        row_degree[j] = int32_t(j * 7 % 33);
      }
      for (int64_t i = 0; i < cols; ++i) {
        col_degree[i] = int32_t(i * 5 % 40);
      }
      OK(bhn_made_mask(context(2), u.data(), row_degree.data(), col_degree.data(), rows, cols, ld, degree_rows));
      bool good = u.intact();
      for (int64_t i = 0; i < rows * ld - pad; ++i) {
        int64_t j = i / ld, k = i % ld;
        good = good && u[i] == (k >= cols || col_degree[k] <= row_degree[j % degree_rows] ? 1.0f : 0.0f);
      }
      CHECK(good);
    }
  }
}

struct Call {
  bhn_context* c = context();
  float x[200] = {};
  int32_t degree[8] = {};
  float *heads = x, *h = x, *r = x, *d_z = x, *d_params = x, *work = x;
  const float *z = x, *params = x, *d_heads = x;
  const int32_t *in = degree, *hidden_degree = degree, *out = degree;
  int64_t samples = 2, inputs = 3, hidden = 4, outputs = 3, ld = 3;
  int32_t norm = 1;
  int32_t forward() { return bhn_made_fwd(c, heads, h, r, z, params, in, hidden_degree, out, samples, inputs, hidden, outputs, ld, norm); }
  int32_t backward() {
    return bhn_made_bwd(c, d_z, d_params, work, d_heads, z, h, r, params, in, hidden_degree, out, samples, inputs, hidden, outputs, ld,
                        norm);
  }
};

template <class Change>
void refused(const Change& change, const char* words, bool backward_only = false, bool forward_only = false) {
  Call call;
  change(call);
  if (!backward_only) {
    INVALID(call.forward(), words);
    CHECK(std::strncmp(bhn_last_error(), "made_fwd: ", 10) == 0);
  }
  if (!forward_only) {
    INVALID(call.backward(), words);
    CHECK(std::strncmp(bhn_last_error(), "made_bwd: ", 10) == 0);
  }
}

void refusals() {
  where = "made refusals";
  refused([](Call& a) { a.c = nullptr; }, "context is NULL");
  refused([](Call& a) { a.heads = nullptr; }, "heads is NULL", false, true);
  refused([](Call& a) { a.h = nullptr; }, "h is NULL");
  refused([](Call& a) { a.r = nullptr; }, "r is NULL");
  refused([](Call& a) { a.z = nullptr; }, "z is NULL");
  refused([](Call& a) { a.params = nullptr; }, "params is NULL");
  refused([](Call& a) { a.work = nullptr; }, "work is NULL", true);
  refused([](Call& a) { a.d_heads = nullptr; }, "d_heads is NULL", true);
  refused([](Call& a) { a.in = nullptr; }, "in_degree");
  refused([](Call& a) { a.hidden_degree = nullptr; }, "hidden_degree");
  refused([](Call& a) { a.out = nullptr; }, "out_degree");
  refused([](Call& a) { a.samples = -1; }, "samples = -1");
  refused([](Call& a) { a.inputs = -1; }, "inputs = -1");
  refused([](Call& a) { a.hidden = -4; }, "hidden = -4");
  refused([](Call& a) { a.outputs = -3; }, "outputs = -3");
  refused([](Call& a) { a.outputs = INT64_MAX; }, "outputs = 9223372036854775807");
  refused([](Call& a) { a.ld = 2; }, "ld_z = 2 < inputs = 3");
  refused([](Call& a) { a.norm = 2; }, "weight_norm = 2");
  refused([](Call& a) { a.samples = a.ld = int64_t(1) << 40; }, "1099511627776");
  float u[6] = {};
  int32_t degree[6] = {};
  bhn_context* c = context();
  INVALID(bhn_made_mask(nullptr, u, degree, degree, 2, 3, 3, 2), "made_mask: context is NULL");
  INVALID(bhn_made_mask(c, nullptr, degree, degree, 2, 3, 3, 2), "made_mask: u is NULL");
  INVALID(bhn_made_mask(c, u, nullptr, degree, 2, 3, 3, 2), "made_mask: row_degree is NULL");
  INVALID(bhn_made_mask(c, u, degree, nullptr, 2, 3, 3, 2), "made_mask: col_degree is NULL");
  INVALID(bhn_made_mask(c, u, degree, degree, -2, 3, 3, 2), "made_mask: rows = -2");
  INVALID(bhn_made_mask(c, u, degree, degree, 2, -3, 3, 2), "made_mask: cols = -3");
  INVALID(bhn_made_mask(c, u, degree, degree, 2, 3, 2, 2), "made_mask: ld_u = 2 < cols = 3");
  INVALID(bhn_made_mask(c, u, degree, degree, 2, 3, 3, 0), "made_mask: degree_rows = 0");
  OK(bhn_made_mask(c, nullptr, nullptr, nullptr, 0, 0, 0, 0));
}

void all() {
  for (int mode = 0; mode < 4; ++mode) {
    bool masked = mode % 2 == 1, norm = mode / 2 == 1;
    for (int64_t samples : {1, 2, 3, 5, 16, 17}) {
      run(op_case(net(samples, 11, 7, 11, 0, masked, norm)));
      run(gradients(net(samples, 4, 5, 4, 3, masked, norm)));
    }
    for (int64_t n : {1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 131}) {
      run(op_case(net(2, n, 13, n, n % 2, masked, norm)));
      run(op_case(net(1, 6, n, 6, 0, masked, norm)));
    }
    for (int64_t n : {1, 2, 7, 8, 9, 17}) {
      run(gradients(net(1, n, 5, n, 0, masked, norm)));
      run(gradients(net(2, 3, n, 3, 2, masked, norm)));
    }
    run(op_case(net(0, 5, 3, 5, 0, masked, norm)));
    run(gradients(net(0, 5, 3, 5, 0, masked, norm)));
    run(gradients(net(1, 301, 67, 301, 0, masked, norm)));
    run(gradients(net(19, 67, 33, 67, 1, masked, norm)));
  }
  masks(1);
  masks(4);
  masks(18);
  extreme_rows();
  mask_op();
  refusals();
  report_worst("made");
}

}  // namespace

TEST_MAIN(all)
