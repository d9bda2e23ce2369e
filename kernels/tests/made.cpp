// Conditioners: rows that see a part of their input, weight norm by row, ReLU, two heads; and their gradients.
#include <algorithm>

#include "op_case.h"

using namespace check;

namespace {

struct Net {
  int64_t samples, inputs, hidden, outputs, pad;
  bool ragged, weight_norm;
  std::vector<int32_t> row_start = {};  // also of a net that passes NULL

  int64_t units() const { return 2 * outputs; }
  int64_t rows() const { return hidden + units(); }
  int64_t weights() const { return row_start[rows()]; }
  int64_t params() const { return weights() + 2 * rows(); }
  int64_t length(int64_t row) const { return row_start[row + 1] - row_start[row]; }
  int64_t work() const { return samples * (BHN_MADE_PARTS * std::max(inputs, hidden) + hidden); }
};

// Of a ragged net the first row of each kind may see nothing, and lengths rise at random: an autoregressive net among others.
Net net(int64_t samples, int64_t inputs, int64_t hidden, int64_t outputs, int64_t pad, bool ragged, bool weight_norm) {
  Net n = {samples, inputs, hidden, outputs, pad, ragged, weight_norm};
  auto lengths = [&](int64_t rows, int64_t most) {
    std::vector<int64_t> all;
    for (int64_t i = 0; i < rows; ++i) {
      all.push_back(ragged ? int64_t(number(0, float(most) + 0.999f)) : most);
    }
    std::sort(all.begin(), all.end());
    if (ragged && rows > 1) {
      all[0] = 0;
      all[rows - 1] = most;
    }
    return all;
  };
  n.row_start = {0};
  std::vector<int64_t> of_hidden = lengths(hidden, inputs), of_means = lengths(outputs, hidden), of_scales = lengths(outputs, hidden);
  for (const std::vector<int64_t>* part : {&of_hidden, &of_means, &of_scales}) {
    for (int64_t length : *part) {
      n.row_start.push_back(int32_t(n.row_start.back() + length));
    }
  }
  return n;
}

// Rows [from, to) in double. magnitude: sum of the absolute terms of each output.
std::vector<double> layer(const Net& n, const std::vector<double>& x, int64_t width, const double* p, int64_t from, int64_t to,
                          std::vector<double>* t, std::vector<double>* r, std::vector<double>* magnitude) {
  std::vector<double> y(n.samples * (to - from));
  magnitude->assign(y.size(), 0);
  for (int64_t row = from; row < to; ++row) {
    const double* u = p + n.row_start[row];
    double squares = 0;
    for (int64_t i = 0; i < n.length(row); ++i) {
      squares += u[i] * u[i];
    }
    double norm = squares == 0 ? 0 : 1 / std::max(std::sqrt(squares), 1e-12);
    (*r)[row] = n.weight_norm ? norm : 1;
    double scale = n.weight_norm ? p[n.weights() + row] * norm : 1, bias = p[n.weights() + n.rows() + row];
    for (int64_t s = 0; s < n.samples; ++s) {
      double sum = 0, absolute = 0;
      for (int64_t i = 0; i < n.length(row); ++i) {
        sum += x[s * width + i] * u[i];
        absolute += std::fabs(x[s * width + i] * u[i]);
      }
      (*t)[s * n.rows() + row] = sum;
      y[s * (to - from) + row - from] = sum * scale + bias;
      (*magnitude)[s * (to - from) + row - from] = absolute * std::fabs(scale) + std::fabs(bias);
    }
  }
  return y;
}

// out: heads, h, t, r (or only heads).
void reference(const Net& n, const Values& in, Values& out, Values& magnitude) {
  const double* p = in[1].data();
  std::vector<double> t(n.samples * n.rows()), r(n.rows()), size_h, size_heads;
  auto h = layer(n, in[0], n.inputs, p, 0, n.hidden, &t, &r, &size_h);
  for (double& x : h) {
    x = std::max(x, 0.0);
  }
  out[0] = layer(n, h, n.hidden, p, n.hidden, n.rows(), &t, &r, &size_heads);
  // An error of h reaches the heads.
  std::vector<double> size_t(n.samples * n.rows());
  for (int64_t s = 0; s < n.samples; ++s) {
    double carried = 0;
    for (int64_t k = 0; k < n.hidden; ++k) {
      carried = std::max(carried, size_h[s * n.hidden + k]);
    }
    for (int64_t j = 0; j < n.units(); ++j) {
      magnitude[0][s * n.units() + j] = size_heads[s * n.units() + j] + 2 * carried;
    }
    for (int64_t row = 0; row < n.rows(); ++row) {
      size_t[s * n.rows() + row] = double(n.inputs + n.hidden) * (1 + carried);
    }
  }
  if (out.size() > 1) {
    out[1] = h;
    magnitude[1] = size_h;
    out[2] = t;
    magnitude[2] = size_t;
    out[3] = r;
    magnitude[3] = r;
  }
}

using Starts = std::shared_ptr<Guarded<int32_t>>;

Starts starts(const Net& n) {
  if (!n.ragged) {
    return nullptr;
  }
  auto memory = std::make_shared<Guarded<int32_t>>(n.rows() + 1);
  std::copy(n.row_start.begin(), n.row_start.end(), memory->data());
  return memory;
}

const int32_t* at(const Starts& memory) { return memory == nullptr ? nullptr : memory->data(); }

int32_t forward(bhn_context* c, const Net& n, const Starts& d, float* heads, float* h, float* t, float* r, const float* z,
                const float* params) {
  return bhn_made_fwd(c, heads, h, t, r, z, params, at(d), n.samples, n.inputs, n.hidden, n.outputs, n.weights(), n.inputs + n.pad,
                      n.weight_norm);
}

OpCase op_case(const Net& n) {
  OpCase op;
  op.name = "made S" + std::to_string(n.samples) + " I" + std::to_string(n.inputs) + " H" + std::to_string(n.hidden) + " O" +
            std::to_string(n.outputs) + " ld +" + std::to_string(n.pad) + (n.ragged ? " ragged" : "") + (n.weight_norm ? " norm" : "");
  op.in = {Matrix::random("z", n.samples, n.inputs, n.inputs + n.pad), Matrix::random("params", 1, n.params(), n.params())};
  for (double& x : op.in[1].values) {
    x = n.weight_norm ? float(x + std::copysign(0.3, x)) : x;  // of a short row's gradient a large part must cancel
  }
  Starts d = starts(n);
  op.reference = [n](const Values& in, Values& out, Values& magnitude) { reference(n, in, out, magnitude); };
  op.out = {Matrix::output("heads", n.samples, n.units(), n.units()), Matrix::output("h", n.samples, n.hidden, n.hidden),
            Matrix::output("t", n.samples, n.rows(), n.rows()), Matrix::output("r", 1, n.rows(), n.rows())};
  op.forward = [n, d](bhn_context* c, const Out& out, const In& in) {
    return forward(c, n, d, out[0], out[1], out[2], out[3], in[0], in[1]);
  };
  return op;
}

// What a forward leaves and a backward makes of it.
struct Pass {
  const Net& n;
  Starts d;
  Guarded<float> heads, h, t, r, factors, work;
  explicit Pass(const Net& net)
      : n(net),
        d(starts(net)),
        heads(n.samples * n.units()),
        h(n.samples * n.hidden),
        t(n.samples * n.rows()),
        r(n.rows()),
        factors((n.samples + 4) * n.rows()),
        work(n.work()) {}

  void run(bhn_context* c, float* d_z, const float* d_heads, const float* z, const float* params) {
    OK(forward(c, n, d, heads.data(), h.data(), t.data(), r.data(), z, params));
    OK(bhn_made_bwd(c, d_z, factors.data(), work.data(), d_heads, z, h.data(), t.data(), r.data(), params, at(d), n.samples, n.inputs,
                    n.hidden, n.outputs, n.weights(), n.inputs + n.pad, n.weight_norm));
    CHECK(heads.intact() && h.intact() && t.intact() && r.intact() && factors.intact() && work.intact());
  }
  int32_t gradient(bhn_context* c, float* d_params, const float* z, const float* params) {
    return bhn_made_grad(c, d_params, factors.data(), z, h.data(), params, at(d), n.samples, n.inputs, n.hidden, n.outputs, n.weights(),
                         n.inputs + n.pad, n.weight_norm);
  }
};

// The same net with heads as its only output, so that differences see what the gradients are of.
OpCase gradients(const Net& n) {
  OpCase op = op_case(n);
  op.name += " gradients";
  op.allowance = 24;
  op.cancelled = n.weight_norm ? 0.5 : 1e-3;  // the part of d_u along u goes
  op.out.resize(1);
  Starts d = starts(n);
  op.forward = [n, d](bhn_context* c, const Out& out, const In& in) {
    Guarded<float> h(n.samples * n.hidden), t(n.samples * n.rows()), r(n.rows());
    OK(forward(c, n, d, out[0], h.data(), t.data(), r.data(), in[0], in[1]));  // before they go
    return BHN_OK;
  };
  op.backward = [n](bhn_context* c, const Out& grads, const In& up, const In& in) {
    Pass pass(n);
    pass.run(c, grads[0], up[0], in[0], in[1]);
    if (grads[1] != nullptr) {
      OK(pass.gradient(c, grads[1], in[0], in[1]));
    }
    return BHN_OK;
  };
  op.wanted = {0, 1};
  return op;
}

// The norms among the factors are those of the gradient's rows, but for the rounding of terms that cancel: of a row that sees one entry
// nothing is left but that.
void norms(const Net& n) {
  where = "made norms S" + std::to_string(n.samples);
  std::vector<float> z(n.samples * n.inputs), params(n.params()), d_heads(n.samples * n.units()), d_params(n.params());
  for (auto* all : {&z, &params, &d_heads}) {
    std::generate(all->begin(), all->end(), [] { return number(); });
  }
  Pass pass(n);
  pass.run(context(2), nullptr, d_heads.data(), z.data(), params.data());
  OK(pass.gradient(context(2), d_params.data(), z.data(), params.data()));
  const float* norm = pass.factors.data() + (n.samples + 1) * n.rows();
  for (int64_t row = 0; row < n.rows(); ++row) {
    const float* x = row < n.hidden ? z.data() : pass.h.data();
    int64_t ld = row < n.hidden ? n.inputs : n.hidden;
    double squares = 0, terms = 0;
    for (int64_t i = 0; i < n.length(row); ++i) {
      squares += std::pow(double(d_params[n.row_start[row] + i]), 2);
      double sum = std::fabs(double(pass.factors.data()[n.samples * n.rows() + row]) * params[n.row_start[row] + i]);
      for (int64_t s = 0; s < n.samples; ++s) {
        sum += std::fabs(double(pass.factors.data()[s * n.rows() + row]) * x[s * ld + i]);
      }
      terms += sum * sum;
    }
    that(std::fabs(norm[row] - std::sqrt(squares)) <= 1e-6 * std::sqrt(squares) + 2e-7 * std::sqrt(terms), __FILE__, __LINE__,
         "norm[%lld] = %g, should be %g", (long long)row, double(norm[row]), std::sqrt(squares));
    CHECK(norm[n.rows() + row] == d_params[n.weights() + row] && norm[2 * n.rows() + row] == d_params[n.weights() + n.rows() + row]);
  }
}

// Inputs that a row does not see may hold anything.
void blindness(int64_t samples) {
  Net n = net(samples, 37, 29, 37, 0, true, true);
  where = "made blindness S" + std::to_string(samples);
  std::vector<float> z(samples * 37), params(n.params()), d_heads(samples * 74, 0.5f);
  for (auto* all : {&z, &params}) {
    std::generate(all->begin(), all->end(), [] { return number(); });
  }
  Pass first(n);
  first.run(context(), nullptr, d_heads.data(), z.data(), params.data());
  CHECK(first.r[29] == 0 && first.heads[0] == params[n.weights() + n.rows() + 29]);
  for (int64_t i = 0; i < 37; i += on_cuda() ? 9 : 1) {
    std::vector<float> other = z;
    other[i] += 0.5f;
    Pass moved(n);
    moved.run(context(), nullptr, d_heads.data(), other.data(), params.data());
    for (int64_t row = 0; row < 29; ++row) {
      CHECK(i < n.length(row) || moved.h[row] == first.h[row]);
    }
    for (int64_t j = 0; j < 74; ++j) {
      bool sees = false;
      for (int64_t k = 0; k < n.length(29 + j); ++k) {
        sees = sees || i < n.length(k);
      }
      CHECK(sees || moved.heads[j] == first.heads[j]);
    }
  }
}

// Rows whose squares leave the range of float, and rows of zeros.
void extreme_rows() {
  where = "made extreme rows";
  for (float size : {0.0f, 1e-30f, 1e-14f, 1e-8f, 1e15f, 1e25f}) {
    Net n = net(1, 5, 3, 2, 0, false, true);
    std::vector<float> z(5, 0.5f), params(n.params(), 0.25f), heads(4), h(3), t(7), r(7);
    for (int64_t i = 0; i < n.weights(); ++i) {
      params[i] = size;
    }
    OK(forward(context(), n, nullptr, heads.data(), h.data(), t.data(), r.data(), z.data(), params.data()));
    double want1 = size == 0 ? 0 : 1 / std::max(size * std::sqrt(5.0), 1e-12),
           want2 = size == 0 ? 0 : 1 / std::max(size * std::sqrt(3.0), 1e-12);
    for (int k = 0; k < 7; ++k) {
      double want = k < 3 ? want1 : want2;
      that(std::fabs(r[k] - want) <= 1e-6 * want, __FILE__, __LINE__, "r[%d] = %g, should be %g for entries %g", k, double(r[k]), want,
           double(size));
    }
  }
}

// Where |u| is taken as 1e-12, r does not change with u: the way through the norm gives no gradient.
void short_rows() {
  where = "made short rows";
  for (int64_t samples : {1, 40}) {
    for (float size : {1e-14f, 1e-11f}) {
      Net n = net(samples, 5, 3, 2, 0, false, true);
      std::vector<float> z(5 * samples, 0.5f), params(n.params(), 0.25f), d_heads(4 * samples, 1.0f);
      std::fill(params.begin(), params.begin() + n.weights(), size);
      Pass p(n);
      p.run(context(), nullptr, d_heads.data(), z.data(), params.data());
      for (int64_t row = 0; row < 7; ++row) {
        CHECK((p.factors[samples * 7 + row] == 0) == (size < 1e-12f));
        CHECK(p.factors[(samples + 2) * 7 + row] != 0);
      }
    }
  }
}

struct Call {
  bhn_context* c = context();
  float x[400] = {};
  int32_t rows[11] = {0, 0, 1, 2, 3, 3, 4, 6, 6, 7, 9};
  float *heads = x, *h = x, *t = x, *r = x, *d_z = x, *d_params = x, *factors = x, *work = x;
  const float *z = x, *params = x, *d_heads = x;
  const int32_t* start = rows;
  int64_t samples = 2, inputs = 3, hidden = 4, outputs = 3, weights = 9, ld = 3;
  int32_t norm = 1;
  int32_t forward() { return bhn_made_fwd(c, heads, h, t, r, z, params, start, samples, inputs, hidden, outputs, weights, ld, norm); }
  int32_t backward() {
    return bhn_made_bwd(c, d_z, factors, work, d_heads, z, h, t, r, params, start, samples, inputs, hidden, outputs, weights, ld, norm);
  }
  int32_t gradient() {
    return bhn_made_grad(c, d_params, factors, z, h, params, start, samples, inputs, hidden, outputs, weights, ld, norm);
  }
};

enum { FORWARD = 1, BACKWARD = 2, GRADIENT = 4, EACH = 7 };

template <class Change>
void refused(const Change& change, const char* words, int ops = EACH) {
  Call call;
  OK(call.forward());
  change(call);
  if (ops & FORWARD) {
    INVALID(call.forward(), words);
    CHECK(std::strncmp(bhn_last_error(), "made_fwd: ", 10) == 0);
  }
  if (ops & BACKWARD) {
    INVALID(call.backward(), words);
    CHECK(std::strncmp(bhn_last_error(), "made_bwd: ", 10) == 0);
  }
  if (ops & GRADIENT) {
    INVALID(call.gradient(), words);
    CHECK(std::strncmp(bhn_last_error(), "made_grad: ", 11) == 0);
  }
}

void refusals() {
  where = "made refusals";
  refused([](Call& a) { a.c = nullptr; }, "context is NULL");
  refused([](Call& a) { a.heads = nullptr; }, "heads is NULL", FORWARD);
  refused([](Call& a) { a.h = nullptr; }, "h is NULL");
  refused([](Call& a) { a.t = nullptr; }, "t is NULL", FORWARD | BACKWARD);
  refused([](Call& a) { a.r = nullptr; }, "r is NULL", FORWARD | BACKWARD);
  refused([](Call& a) { a.z = nullptr; }, "z is NULL");
  refused([](Call& a) { a.params = nullptr; }, "params is NULL");
  refused([](Call& a) { a.work = nullptr; }, "work is NULL", BACKWARD);
  refused([](Call& a) { a.d_heads = nullptr; }, "d_heads is NULL", BACKWARD);
  refused([](Call& a) { a.factors = nullptr; }, "factors is NULL", BACKWARD | GRADIENT);
  refused([](Call& a) { a.d_params = nullptr; }, "d_params is NULL", GRADIENT);
  refused([](Call& a) { a.samples = -1; }, "samples = -1");
  refused([](Call& a) { a.inputs = -1; }, "inputs = -1");
  refused([](Call& a) { a.hidden = -4; }, "hidden = -4");
  refused([](Call& a) { a.outputs = -3; }, "outputs = -3");
  refused([](Call& a) { a.outputs = INT64_MAX; }, "outputs = 9223372036854775807");
  refused([](Call& a) { a.ld = 2; }, "ld_z = 2 < inputs = 3");
  refused([](Call& a) { a.norm = 2; }, "weight_norm = 2");
  refused([](Call& a) { a.samples = a.ld = int64_t(1) << 40; }, "1099511627776");
  refused([](Call& a) { a.ld = 3 + (int64_t(1) << 40); }, "ld_z = 1099511627779 must be at most 2^40");
  refused([](Call& a) { a.weights = -1; }, "weights = -1 must be in [0, ");
  refused([](Call& a) { a.weights = INT64_MAX; }, "weights = 9223372036854775807 must be in [0, ");
  refused(
      [](Call& a) {
        a.hidden = 1 << 28;
        a.weights = int64_t(1) << 31;
      },
      "weights = 2147483648 must be in [0, 2147483647]");
  // Products that fit one by one, with a third factor that they lack.
  refused(
      [](Call& a) {
        a.samples = int64_t(1) << 40;
        a.hidden = 1 << 28;
      },
      "factors = 1099511627780 x 268435462");
  refused([](Call& a) { a.samples = int64_t(1) << 40; }, "work = 1099511627776 x 17 x 4");
  refused([](Call& a) { a.z = reinterpret_cast<const float*>(1 + reinterpret_cast<const char*>(a.z)); }, "is not a multiple of 4 bytes");
  refused([](Call& a) { a.start = nullptr; }, "weights (without row_start: hidden x inputs + 2 x outputs x hidden) = 9");
}

// Rows that do not fit: refused, or on a device cut, so that nothing outside the arrays is touched, and reported.
void bad_rows() {
  where = "made bad rows";
  auto bad = [](int place, int32_t value, int64_t weights, int64_t samples) {
    Net n = {samples, 3, 4, 3, 0, true, true, {0, 0, 1, 2, 3, 3, 4, 6, 6, 7, 9}};
    Guarded<float> z(samples * 3), params(weights + 20), d_heads(samples * 6), d_params(weights + 20);
    for (auto* all : {&z, &params, &d_heads, &d_params}) {
      std::generate(all->data(), all->end(), [] { return number(); });
    }
    Pass p(n);
    (*p.d)[place] = value;
    const char* words = "row_start must rise from 0 to weights";
    float *h = p.h.data(), *t = p.t.data(), *r = p.r.data(), *factors = p.factors.data();
    auto passes = [&](auto op, auto... first) { return op(context(), first..., at(p.d), samples, 3, 4, 3, weights, 3, 1); };
    BAD_INDEX(context(), passes(bhn_made_fwd, p.heads.data(), h, t, r, z.data(), params.data()), words);
    BAD_INDEX(context(), passes(bhn_made_bwd, nullptr, factors, p.work.data(), d_heads.data(), z.data(), h, t, r, params.data()), words);
    BAD_INDEX(context(), passes(bhn_made_grad, d_params.data(), factors, z.data(), h, params.data()), words);
    CHECK(p.heads.intact() && p.h.intact() && p.t.intact() && p.r.intact() && p.factors.intact() && p.work.intact() && d_params.intact());
  };
  // Past the beginning, longer than x, shorter than the row before, past the end, ending before or after weights.
  const int places[] = {0, 0, 1, 2, 5, 7, 10, 10, 10, 3};
  const int32_t values[] = {-1, 1, 4, 2, -7, INT32_MIN, INT32_MAX, 8, 9, 3};
  const int64_t weights[] = {9, 9, 9, 9, 9, 9, 9, 9, 8, 10};
  bad(10, 12, 12, 2);  // the last row, longer than h, with no shorter one after it
  for (int i = 0; i < 10; ++i) {
    bad(places[i], values[i], weights[i], 2);
    bad(places[i], values[i], weights[i], 40);
  }
}

void all() {
  using Sizes = std::vector<int64_t>;
  bool slow = on_cuda();  // an emulated device takes its time
  for (int mode = 0; mode < 4; mode += slow ? 3 : 1) {
    bool ragged = mode % 2 == 1, norm = mode / 2 == 1;
    for (int64_t samples : slow ? Sizes{1, 5, 17} : Sizes{1, 2, 3, 5, 16, 17}) {
      run(op_case(net(samples, 11, 7, 11, 0, ragged, norm)));
      run(gradients(net(samples, 4, 5, 4, 3, ragged, norm)));
    }
    for (int64_t n : slow ? Sizes{1, 7, 32, 33, 131} : Sizes{1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 131}) {
      run(op_case(net(2, n, 13, n, n % 2, ragged, norm)));
      run(op_case(net(1, 6, n, 6, 0, ragged, norm)));
    }
    for (int64_t n : slow ? Sizes{1, 9} : Sizes{1, 2, 7, 8, 9, 17}) {
      run(gradients(net(1, n, 5, n, 0, ragged, norm)));
      run(gradients(net(2, 3, n, 3, 2, ragged, norm)));
    }
    run(op_case(net(0, 5, 3, 5, 0, ragged, norm)));
    run(gradients(net(0, 5, 3, 5, 0, ragged, norm)));
    run(gradients(slow ? net(1, 301, 7, 70, 0, ragged, norm) : net(1, 301, 67, 301, 0, ragged, norm)));
    run(gradients(net(19, 67, 33, 67, 1, ragged, norm)));
    run(op_case(net(33, 21, 70, 5, 2, ragged, norm)));
    run(gradients(net(33, 35, 9, 35, 3, ragged, norm)));
    run(gradients(net(67, 5, 34, 4, 0, ragged, norm)));
    run(op_case(slow ? net(25, 131, 49, 3, 1, ragged, norm) : net(25, 301, 150, 77, 1, ragged, norm)));
    run(gradients(slow ? net(49, 50, 67, 2, 0, ragged, norm) : net(65, 140, 67, 50, 0, ragged, norm)));
  }
  if (!slow) {
    run(gradients(net(300, 12, 20, 5, 0, true, true)));  // more samples than a tile's factors
  }
  run(op_case(net(1, 1030, 5, 3, 0, true, true)));
  run(op_case(net(9, 515, 3, 2, 0, true, true)));
  run(op_case(net(2, 3, 270, 33, 0, true, true)));
  for (int64_t samples : slow ? Sizes{3, 40} : Sizes{1, 3, 6, 17, 40, 300}) {
    norms(net(samples, 130, 37, 41, 0, true, true));
    norms(net(samples, 9, 150, 3, 0, false, false));
    blindness(samples);
  }
  extreme_rows();
  short_rows();
  refusals();
  bad_rows();
  report_worst("made");
}

}  // namespace

TEST_MAIN(all)
