// One declaration of an op drives its checks: the forward against a reference in double, the backward against central
// differences of that reference, "backward adds", NULL gradients and upstreams, canaries and unreadable pages around every
// array, poisoned gaps between rows, inputs left alone, and the same bits for 1, 2 and 3 threads. On a CUDA device also against the CPU
// twin, element by element.
#pragma once

#include <cmath>
#include <functional>
#include <memory>
#include <vector>

#include "check.h"

namespace check {

struct Matrix {
  const char* name;
  int64_t rows, cols, ld;
  std::vector<double> values;  // rows x cols; of an output: left empty

  static Matrix random(const char* name, int64_t rows, int64_t cols, int64_t ld, float low = -1, float high = 1) {
    Matrix m = {name, rows, cols, ld, {}};
    for (int64_t i = 0; i < rows * cols; ++i) {
      m.values.push_back(number(low, high));
    }
    return m;
  }
  static Matrix output(const char* name, int64_t rows, int64_t cols, int64_t ld) { return {name, rows, cols, ld, {}}; }
  int64_t span() const { return rows == 0 ? 0 : (rows - 1) * ld + cols; }
};

using Values = std::vector<std::vector<double>>;
using Out = std::vector<float*>;
using In = std::vector<const float*>;

struct OpCase {
  std::string name;
  std::vector<Matrix> in, out;
  // Writes out, and in magnitude the sum of the absolute terms of each element (at least |out|).
  std::function<void(const Values& in, Values& out, Values& magnitude)> reference;
  std::function<int32_t(bhn_context*, const Out& out, const In& in)> forward;
  // grads: one for each entry of `wanted`; up: one for each output; either may hold NULL.
  std::function<int32_t(bhn_context*, const Out& grads, const In& up, const In& in)> backward = nullptr;
  std::vector<int> wanted = {};  // inputs that have gradients
  bool null_upstream = false;    // the backward accepts NULL for an output's gradient
  double allowance = 8;          // tolerance in units of 2^-24 (|reference| + magnitude)
  double cancelled = 1e-3;       // size of the terms that cancel within a gradient, added to its magnitude
};

inline bhn_context* contexts[4] = {};

inline int32_t settle_contexts() {
  int32_t status = BHN_OK;
  for (bhn_context* c : contexts) {
    status = c == nullptr || status != BHN_OK ? status : bhn_context_sync(c);
  }
  return status;
}

inline bhn_context* context(int threads = 1) {
  if (contexts[threads] == nullptr) {
    OK(bhn_context_create(&contexts[threads], on_cuda() ? BHN_CUDA : BHN_CPU, 0, nullptr, threads));
    settle = settle_contexts;
  }
  return contexts[threads];
}

// The CPU's context, where contexts of the tests are on a CUDA device.
inline bhn_context* twin() {
  static bhn_context* cpu = nullptr;
  if (cpu == nullptr) {
    OK(bhn_context_create(&cpu, BHN_CPU, 0, nullptr, 1));
  }
  return cpu;
}

// Numbers of threads to try, once with arrays at the other end of their pages. A CUDA device has no threads of the host.
inline std::vector<int> turns() { return on_cuda() ? std::vector<int>{1, 2} : std::vector<int>{1, 2, 3, 1}; }

// The arrays of one call. Rows lie ld apart; the gaps hold NaN.
class Arrays {
 public:
  Arrays(const std::vector<Matrix>& shapes, const Values& values, bool at_end) : shapes_(shapes), values_(values) {
    for (size_t k = 0; k < shapes.size(); ++k) {
      memory_.push_back(std::make_unique<Guarded<float>>(shapes[k].span(), at_end));
      fill(k);
    }
  }
  Out out() const { return pointers<Out>(); }
  In in() const { return pointers<In>(); }
  float at(size_t k, int64_t i, int64_t j) const { return (*memory_[k])[i * shapes_[k].ld + j]; }
  // Nothing outside the rows has changed; with `rows_too`, nothing at all.
  bool intact(bool rows_too) const {
    for (size_t k = 0; k < shapes_.size(); ++k) {
      const Matrix& m = shapes_[k];
      for (int64_t i = 0; i < m.span(); ++i) {
        float now = (*memory_[k])[i];
        bool gap = i % m.ld >= m.cols;
        if ((gap && now == now) || (!gap && rows_too && !same(now, float(values_[k][i / m.ld * m.cols + i % m.ld])))) {
          return false;
        }
      }
      if (!memory_[k]->intact()) {
        return false;
      }
    }
    return true;
  }
  std::vector<float> flat() const {
    std::vector<float> all;
    for (size_t k = 0; k < shapes_.size(); ++k) {
      for (int64_t i = 0; i < shapes_[k].rows * shapes_[k].cols; ++i) {
        all.push_back(at(k, i / shapes_[k].cols, i % shapes_[k].cols));
      }
    }
    return all;
  }

 private:
  static bool same(float a, float b) { return a == b || (a != a && b != b); }
  void fill(size_t k) {
    const Matrix& m = shapes_[k];
    for (int64_t i = 0; i < m.span(); ++i) {
      bool gap = i % m.ld >= m.cols;
      (*memory_[k])[i] = gap ? NAN : float(values_[k][i / m.ld * m.cols + i % m.ld]);
    }
  }
  template <class Pointers>
  Pointers pointers() const {
    Pointers all;
    for (auto& m : memory_) {
      all.push_back(m->data());
    }
    return all;
  }
  std::vector<Matrix> shapes_;
  Values values_;
  std::vector<std::unique_ptr<Guarded<float>>> memory_;
};

inline Values values_of(const std::vector<Matrix>& all) {
  Values values;
  for (const Matrix& m : all) {
    values.push_back(m.values);
  }
  return values;
}

inline Values shaped(const std::vector<Matrix>& all, double value) {
  Values values;
  for (const Matrix& m : all) {
    values.push_back(std::vector<double>(m.rows * m.cols, value));
  }
  return values;
}

inline double worst = 0;  // largest share of an allowance that was used

inline void compare(const OpCase& op, const Matrix& m, int64_t i, double got, double want, double magnitude) {
  double allowed = op.allowance * 0x1p-24 * (std::fabs(want) + magnitude) + 1e-37;
  double share = std::fabs(got - want) / allowed;
  bool good = got == want || share <= 1;
  worst = good && share > worst && got != want ? share : worst;
  that(good, __FILE__, __LINE__, "%s[%lld, %lld] = %.9g, should be %.9g (%.1f of the allowance)", m.name, (long long)(i / m.cols),
       (long long)(i % m.cols), got, want, share);
}

inline void same_bits(std::vector<float>& first, const std::vector<float>& now, int threads) {
  if (first.empty()) {
    first = now;
  }
  that(now.empty() || (first.size() == now.size() && std::memcmp(first.data(), now.data(), now.size() * sizeof(float)) == 0), __FILE__,
       __LINE__, "other bits with %d threads or another alignment", threads);
}

// What the CPU twin makes of the same arrays. Sums of other order differ by their terms: `size` is that of an array's largest.
inline void compare_twin(const OpCase& op, const std::vector<Matrix>& shapes, const Arrays& got, const Arrays& cpu,
                         const Values* magnitude) {
  for (size_t k = 0; k < shapes.size(); ++k) {
    const Matrix& m = shapes[k];
    double size = op.cancelled;
    for (int64_t i = 0; i < m.rows * m.cols && magnitude == nullptr; ++i) {
      size = std::fmax(size, std::fabs(cpu.at(k, i / m.cols, i % m.cols)));
    }
    for (int64_t i = 0; i < m.rows * m.cols; ++i) {
      compare(op, m, i, got.at(k, i / m.cols, i % m.cols), cpu.at(k, i / m.cols, i % m.cols), magnitude ? (*magnitude)[k][i] : size);
    }
  }
}

inline void run_forward(const OpCase& op) {
  Values want = shaped(op.out, 0);
  Values magnitude = shaped(op.out, 0);
  op.reference(values_of(op.in), want, magnitude);
  std::vector<float> first;
  for (int threads : turns()) {
    bool at_end = first.empty() || threads == 2;
    Arrays in(op.in, values_of(op.in), at_end);
    Arrays out(op.out, shaped(op.out, NAN), at_end);
    OK(op.forward(context(threads), out.out(), in.in()));
    CHECK(in.intact(true));
    CHECK(out.intact(false));
    for (size_t k = 0; first.empty() && k < op.out.size(); ++k) {
      for (int64_t i = 0; i < op.out[k].rows * op.out[k].cols; ++i) {
        compare(op, op.out[k], i, out.at(k, i / op.out[k].cols, i % op.out[k].cols), want[k][i], magnitude[k][i]);
      }
    }
    if (on_cuda() && first.empty()) {
      Arrays cpu(op.out, shaped(op.out, NAN), at_end);
      OK(op.forward(twin(), cpu.out(), in.in()));
      compare_twin(op, op.out, out, cpu, &magnitude);
    }
    same_bits(first, out.flat(), threads);
  }
}

// d(sum of up * out)/d(in[k][i]) by central differences, and the sum of the absolute terms over the outputs.
inline double slope(const OpCase& op, const Values& up, Values& x, int k, int64_t i, double* magnitude) {
  double at = x[k][i];
  double h = 1e-5 * (1 + std::fabs(at));
  Values high = shaped(op.out, 0), low = high, unused = high;
  x[k][i] = at + h;
  op.reference(x, high, unused);
  x[k][i] = at - h;
  op.reference(x, low, unused);
  x[k][i] = at;
  double sum = 0;
  *magnitude = 0;
  for (size_t o = 0; o < up.size(); ++o) {
    for (size_t e = 0; e < up[o].size(); ++e) {
      double term = up[o][e] * (high[o][e] - low[o][e]) / (2 * h);
      sum += term;
      *magnitude += std::fabs(term);
    }
  }
  return sum;
}

// Few elements are compared one by one, of many only some. The differences themselves are good to about 1e-10.
inline void compare_slopes(const OpCase& op, const Values& up, const Arrays& grads, const Values& before, const std::vector<bool>& given) {
  Values x = values_of(op.in);
  for (size_t w = 0; w < op.wanted.size(); ++w) {
    const Matrix& m = op.in[op.wanted[w]];
    int64_t n = m.rows * m.cols;
    if (!given[w] || n == 0) {
      continue;
    }
    int64_t step = n <= 400 ? 1 : n / 97;  // 97 of many
    for (int64_t i = 0; i < n; i += step) {
      double magnitude;
      double want = slope(op, up, x, op.wanted[w], i, &magnitude);
      double got = grads.at(w, i / m.cols, i % m.cols);
      compare(op, m, i, got, want + before[w][i], magnitude + std::fabs(before[w][i]) + op.cancelled);
    }
  }
}

inline void run_backward(const OpCase& op, const Values& up, unsigned null_grads, unsigned null_up, bool compare_values) {
  std::vector<Matrix> shapes;
  for (int w : op.wanted) {
    shapes.push_back(op.in[w]);
    shapes.back().values.clear();
    for (int64_t i = 0; i < op.in[w].rows * op.in[w].cols; ++i) {
      shapes.back().values.push_back(number());
    }
  }
  Values before = values_of(shapes);
  std::vector<float> first;
  for (int threads : turns()) {
    bool at_end = first.empty() || threads == 2;
    Arrays in(op.in, values_of(op.in), at_end);
    Arrays ups(op.out, up, at_end);
    Arrays grads(shapes, before, at_end);
    Out grad_pointers = grads.out();
    In up_pointers = ups.in();
    std::vector<bool> given(op.wanted.size());
    Values effective = up;
    for (size_t w = 0; w < op.wanted.size(); ++w) {
      given[w] = (null_grads >> w & 1) == 0;
      grad_pointers[w] = given[w] ? grad_pointers[w] : nullptr;
    }
    for (size_t o = 0; o < up.size(); ++o) {
      if (null_up >> o & 1) {
        up_pointers[o] = nullptr;
        effective[o].assign(up[o].size(), 0.0);
      }
    }
    OK(op.backward(context(threads), grad_pointers, up_pointers, in.in()));
    CHECK(in.intact(true) && ups.intact(true) && grads.intact(false));
    if (first.empty() && compare_values) {
      compare_slopes(op, effective, grads, before, given);
    }
    if (on_cuda() && first.empty()) {
      Arrays cpu(shapes, before, at_end);
      Out cpu_pointers = cpu.out();
      for (size_t w = 0; w < op.wanted.size(); ++w) {
        cpu_pointers[w] = given[w] ? cpu_pointers[w] : nullptr;
      }
      OK(op.backward(twin(), cpu_pointers, up_pointers, in.in()));
      compare_twin(op, shapes, grads, cpu, nullptr);
    }
    same_bits(first, grads.flat(), threads);
  }
}

inline void run(const OpCase& op) {
  where = op.name;
  run_forward(op);
  if (op.backward == nullptr) {
    return;
  }
  Values up;
  int64_t elements = 0;
  for (const Matrix& m : op.out) {
    up.push_back(Matrix::random("", m.rows, m.cols, m.cols).values);
    elements += m.rows * m.cols;
  }
  for (const Matrix& m : op.in) {
    elements += m.rows * m.cols;
  }
  unsigned grads = 1u << op.wanted.size();
  unsigned ups = op.null_upstream ? 1u << op.out.size() : 1;
  bool small = elements <= 4000;
  for (unsigned null_up = 0; null_up < ups; ++null_up) {
    for (unsigned null_grads = 0; null_grads < grads; ++null_grads) {
      // Large shapes: everything wanted, then everything but one.
      if (small || null_grads == 0 || (null_grads & (null_grads - 1)) == 0) {
        run_backward(op, up, null_grads, null_up, small || null_grads == 0);
      }
    }
  }
}

inline void report_worst(const char* family) { std::printf("        %s: at most %.0f %% of an allowance used\n", family, 100 * worst); }

}  // namespace check
