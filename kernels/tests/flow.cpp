// Flows in one call against the ops they are made of, one by one on the CPU: the same bits there, the same to rounding on a device.
#include <algorithm>

#include "op_case.h"

using namespace check;

namespace {

constexpr float kDelta = 0.001f;

using Floats = std::shared_ptr<Guarded<float>>;
using Ints = std::shared_ptr<Guarded<int32_t>>;

Floats floats(int64_t count, float size = 0) {
  auto memory = std::make_shared<Guarded<float>>(count);
  for (float* x = memory->data(); x < memory->end(); ++x) {
    *x = size == 0 ? NAN : number(-size, size);
  }
  return memory;
}

// A step, its memory, and what an unfused pass of it needs besides.
struct Step {
  int64_t samples, d;
  bhn_flow_step s;
  Ints permutation, row_start;
  Floats params, x, heads, h, t, r, factors;

  int64_t rows() const { return s.hidden + 2 * s.outputs; }
  std::vector<Floats> outputs() const { return {x, heads, h, t, r}; }
};

enum Kind { IAF, UPPER, LOWER, SHUFFLED };

Ints shuffled(int64_t d) {
  auto p = std::make_shared<Guarded<int32_t>>(d);
  for (int64_t j = 0; j < d; ++j) {
    int64_t k = int64_t(number(0, float(j) + 0.999f));
    (*p)[j] = (*p)[k];
    (*p)[k] = int32_t(j);
  }
  return p;
}

// Row starts of a net that is autoregressive in the order of its inputs.
Ints autoregressive(int64_t d, int64_t hidden, int64_t* weights) {
  auto start = std::make_shared<Guarded<int32_t>>(hidden + 2 * d + 1);
  int32_t at = (*start)[0] = 0;
  for (int64_t row = 0; row < hidden + 2 * d; ++row) {
    int64_t output = (row - hidden) % d;
    at += int32_t(row < hidden ? 1 + row * (d - 1) / hidden : d == 1 ? 0 : (output * hidden + d - 2) / (d - 1));
    (*start)[row + 1] = at;
  }
  *weights = at;
  return start;
}

Step step(Kind kind, int64_t samples, int64_t d, int64_t hidden, bool norm) {
  Step step = {samples, d, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}};
  bhn_flow_step& s = step.s;
  int64_t half = d / 2;
  s.inputs = kind == IAF ? d : kind == UPPER ? half : d - half;
  s.outputs = kind == IAF ? d : d - s.inputs;
  s.seen = kind == LOWER || kind == SHUFFLED ? half : 0;
  s.moved = kind == UPPER ? half : 0;
  s.hidden = hidden;
  s.weight_norm = norm;
  s.weights = hidden * (s.inputs + 2 * s.outputs);
  if (kind == IAF) {
    step.row_start = autoregressive(d, hidden, &s.weights);
    s.row_start = step.row_start->data();
  }
  if (kind == IAF || kind == SHUFFLED) {
    step.permutation = shuffled(d);
    s.permutation = step.permutation->data();
  }
  step.params = floats(s.weights + 2 * step.rows(), norm ? 0.8f : 0.2f);
  s.params = step.params->data();
  return step;
}

// The same step with outputs of its own.
Step fresh(const Step& other) {
  Step step = other;
  int64_t rows = step.rows();
  step.x = floats(step.samples * step.d);
  step.heads = floats(step.samples * 2 * step.s.outputs);
  step.h = floats(step.samples * step.s.hidden);
  step.t = floats(step.samples * rows);
  step.r = floats(rows);
  step.factors = floats((step.samples + 4) * rows);
  bhn_flow_step& s = step.s;
  s.x = step.x->data(), s.heads = step.heads->data(), s.h = step.h->data(), s.t = step.t->data(), s.r = step.r->data();
  s.factors = step.factors->data();
  return step;
}

struct Flow {
  int64_t samples, d;
  std::vector<Step> steps;
  Floats z, log_det_in, d_y, d_log_det, before;  // d_z starts as `before`
};

Flow flow(const std::vector<Kind>& kinds, int64_t samples, int64_t d, int64_t hidden, bool norm) {
  Flow f = {samples, d, {}, floats(samples * d, 1), floats(samples, 3), floats(samples * d, 1), floats(samples, 1), floats(samples * d, 1)};
  for (Kind kind : kinds) {
    f.steps.push_back(step(kind, samples, d, hidden + int64_t(f.steps.size()), norm));
  }
  return f;
}

struct Result {
  std::vector<Step> steps;
  Floats y, log_det, d_z;
};

Result result(const Flow& f, bool with_d_z) {
  Result r = {{}, floats(f.samples * f.d), floats(f.samples), with_d_z ? floats(f.samples * f.d) : nullptr};
  for (const Step& step : f.steps) {
    r.steps.push_back(fresh(step));
  }
  if (with_d_z) {
    std::copy(f.before->data(), f.before->end(), r.d_z->data());
  }
  return r;
}

// What a backward is given and wants.
struct Wants {
  bool log_det_in = true, d_y = true, d_log_det = true, d_z = true;
};

Result fused(bhn_context* c, const Flow& f, const Wants& wants) {
  Result r = result(f, wants.d_z);
  std::vector<bhn_flow_step> steps;
  int64_t widest = 0, hidden = 0, outputs = 0;
  for (const Step& step : r.steps) {
    steps.push_back(step.s);
    widest = std::max({widest, step.s.inputs, step.s.hidden});
    hidden = std::max(hidden, step.s.hidden);
    outputs = std::max(outputs, step.s.outputs);
  }
  int64_t n = int64_t(steps.size());
  Guarded<float> work(f.samples * (2 * f.d + 2 * outputs + BHN_MADE_PARTS * widest + hidden));
  OK(bhn_flow_fwd(c, r.y->data(), r.log_det->data(), f.z->data(), wants.log_det_in ? f.log_det_in->data() : nullptr, steps.data(),
                  f.samples, f.d, n, kDelta));
  OK(bhn_flow_bwd(c, r.d_z == nullptr ? nullptr : r.d_z->data(), work.data(), wants.d_y ? f.d_y->data() : nullptr,
                  wants.d_log_det ? f.d_log_det->data() : nullptr, steps.data(), f.samples, f.d, n, kDelta));
  CHECK(work.intact() && r.y->intact() && r.log_det->intact() && (r.d_z == nullptr || r.d_z->intact()));
  for (const Step& step : r.steps) {
    for (const Floats& memory : step.outputs()) {
      CHECK(memory->intact());
    }
    CHECK(step.factors->intact());
  }
  return r;
}

// Adds or copies the columns that do not move.
template <class Columns>
void fixed(const bhn_flow_step& s, int64_t d, const Columns& columns) {
  columns(0, s.moved);
  columns(s.moved + s.outputs, d - s.moved - s.outputs);
}

void forward_ops(bhn_context* c, const bhn_flow_step& s, float* y, float* log_det, const float* from, const float* log_det_in,
                 int64_t samples, int64_t d) {
  if (s.permutation == nullptr) {
    OK(bhn_copy(c, s.x, from, samples, d, d, d));
  } else {
    OK(bhn_permute_fwd(c, s.x, from, s.permutation, samples, d, d, d));
  }
  OK(bhn_made_fwd(c, s.heads, s.h, s.t, s.r, s.x + s.seen, s.params, s.row_start, samples, s.inputs, s.hidden, s.outputs, s.weights, d,
                  int32_t(s.weight_norm)));
  fixed(s, d, [&](int64_t at, int64_t n) { OK(bhn_copy(c, y + at, s.x + at, samples, n, d, d)); });
  OK(bhn_coupling_fwd(c, y + s.moved, log_det, s.x + s.moved, s.heads, log_det_in, samples, s.outputs, d, d, kDelta));
}

// d_x starts as zeros, or as what a gradient is added to.
void backward_ops(bhn_context* c, const bhn_flow_step& s, float* d_x, const float* d_y, const float* d_log_det, int64_t samples,
                  int64_t d) {
  std::vector<float> d_heads(samples * 2 * s.outputs), work(samples * (BHN_MADE_PARTS * std::max(s.inputs, s.hidden) + s.hidden));
  if (d_y != nullptr) {
    fixed(s, d, [&](int64_t at, int64_t n) { OK(bhn_axpy(c, d_x + at, d_y + at, samples, n, d, d, 1.0f)); });
  }
  OK(bhn_coupling_bwd(c, d_x + s.moved, d_heads.data(), d_y == nullptr ? nullptr : d_y + s.moved, d_log_det, s.x + s.moved, s.heads,
                      samples, s.outputs, d, d, kDelta));
  OK(bhn_made_bwd(c, d_x + s.seen, s.factors, work.data(), d_heads.data(), s.x + s.seen, s.h, s.t, s.r, s.params, s.row_start, samples,
                  s.inputs, s.hidden, s.outputs, s.weights, d, int32_t(s.weight_norm)));
}

Result unfused(bhn_context* c, const Flow& f, const Wants& wants) {
  Result r = result(f, wants.d_z);
  const float* log_det_in = wants.log_det_in ? f.log_det_in->data() : nullptr;
  for (size_t l = 0; l < r.steps.size(); ++l) {
    forward_ops(c, r.steps[l].s, r.y->data(), r.log_det->data(), l == 0 ? f.z->data() : r.y->data(), log_det_in, f.samples, f.d);
    log_det_in = r.log_det->data();
  }
  std::vector<float> gradient(f.d_y->data(), f.d_y->end());
  const float* d_y = wants.d_y ? gradient.data() : nullptr;
  for (size_t l = r.steps.size(); l-- > 0;) {
    const bhn_flow_step& s = r.steps[l].s;
    std::vector<float> d_x(f.samples * f.d), d_from(f.samples * f.d);
    if (l == 0) {
      std::copy(f.before->data(), f.before->end(), s.permutation == nullptr ? d_x.data() : d_from.data());
    }
    backward_ops(c, s, d_x.data(), d_y, wants.d_log_det ? f.d_log_det->data() : nullptr, f.samples, f.d);
    if (s.permutation != nullptr) {
      OK(bhn_permute_bwd(c, d_from.data(), d_x.data(), s.permutation, f.samples, f.d, f.d, f.d));
    }
    gradient = s.permutation == nullptr ? d_x : d_from;
    d_y = gradient.data();
  }
  if (r.d_z != nullptr) {
    std::copy(gradient.begin(), gradient.end(), r.d_z->data());
  }
  return r;
}

// Errors are in units of 2^-24 of the array's largest entry; those of the last steps have come through all before them.
void same(const char* name, const Floats& got, const Floats& want) {
  double size = 1;
  for (float* x = want->data(); x < want->end(); ++x) {
    size = std::max(size, double(std::fabs(*x)));
  }
  for (int64_t i = 0; got->data() + i < got->end(); ++i) {
    double error = std::fabs(double((*got)[i]) - (*want)[i]) / (size * 0x1p-24);
    bool equal = std::memcmp(&(*got)[i], &(*want)[i], sizeof(float)) == 0;
    that(equal || (on_cuda() && error <= 64), __FILE__, __LINE__, "%s[%lld] = %.9g, should be %.9g: off by %.1f units", name, (long long)i,
         double((*got)[i]), double((*want)[i]), error);
    worst = std::max(worst, equal ? 0 : error / 64);
  }
}

void compare(const std::vector<Kind>& kinds, int64_t samples, int64_t d, int64_t hidden, bool norm, const Wants& wants = {}) {
  static bhn_context* cpu = nullptr;
  if (cpu == nullptr) {
    OK(bhn_context_create(&cpu, BHN_CPU, 0, nullptr, 1));
  }
  where = "flow of " + std::to_string(kinds.size()) + " S" + std::to_string(samples) + " D" + std::to_string(d) + (norm ? " norm" : "");
  Flow f = flow(kinds, samples, d, hidden, norm);
  Result got = fused(context(2), f, wants), want = unfused(cpu, f, wants);
  Result again = fused(context(1), f, wants);
  CHECK(std::memcmp(got.y->data(), again.y->data(), samples * d * sizeof(float)) == 0);
  same("y", got.y, want.y);
  same("log_det", got.log_det, want.log_det);
  for (size_t l = 0; l < kinds.size(); ++l) {
    const char* names[] = {"x", "heads", "h", "t", "r"};
    for (int k = 0; k < 5; ++k) {
      same(names[k], got.steps[l].outputs()[k], want.steps[l].outputs()[k]);
    }
    same("factors", got.steps[l].factors, want.steps[l].factors);
  }
  if (wants.d_z) {
    same("d_z", got.d_z, want.d_z);
  }
}

struct Call {
  bhn_context* c = context();
  float m[600] = {};
  int32_t order[5] = {4, 2, 0, 1, 3};
  int32_t rows[15] = {0, 1, 2, 4, 6, 6, 7, 8, 10, 12, 12, 13, 14, 16, 18};
  bhn_flow_step s[2] = {{order, m, rows, m, m, m, m, m, m, 5, 4, 5, 18, 0, 0, 1},
                        {nullptr, m, nullptr, m, m, m, m, m, m, 2, 4, 3, 32, 0, 2, 1}};
  const bhn_flow_step* steps = s;
  float *y = m, *log_det = m, *work = m, *d_z = m;
  const float *z = m, *up = m;
  int64_t samples = 2, d = 5, n = 2;
  float delta = kDelta;
  int32_t forward() { return bhn_flow_fwd(c, y, log_det, z, nullptr, steps, samples, d, n, delta); }
  int32_t backward() { return bhn_flow_bwd(c, d_z, work, up, up, steps, samples, d, n, delta); }
};

enum { FORWARD = 1, BACKWARD = 2, BOTH = 3 };

template <class Change>
void refused(const Change& change, const char* words, int ops = BOTH) {
  Call call;
  change(call);
  if (ops & FORWARD) {
    INVALID(call.forward(), words);
    CHECK(std::strncmp(bhn_last_error(), "flow_fwd: ", 10) == 0);
  }
  if (ops & BACKWARD) {
    INVALID(call.backward(), words);
    CHECK(std::strncmp(bhn_last_error(), "flow_bwd: ", 10) == 0);
  }
}

void refusals() {
  where = "flow refusals";
  refused([](Call& a) { a.c = nullptr; }, "context is NULL");
  refused([](Call& a) { a.steps = nullptr; }, "steps is NULL");
  refused([](Call& a) { a.y = nullptr; }, "y is NULL", FORWARD);
  refused([](Call& a) { a.log_det = nullptr; }, "log_det is NULL", FORWARD);
  refused([](Call& a) { a.z = nullptr; }, "z is NULL", FORWARD);
  refused([](Call& a) { a.work = nullptr; }, "work is NULL", BACKWARD);
  refused([](Call& a) { a.samples = -1; }, "samples = -1");
  refused([](Call& a) { a.d = 0; }, "d = 0");
  refused([](Call& a) { a.n = 0; }, "n_steps = 0");
  refused([](Call& a) { a.delta = NAN; }, "delta = ");
  refused([](Call& a) { a.delta = 1e-44f; }, "must be 0 or in [1.17549e-38, 1e+30]");
  refused([](Call& a) { a.s[1].x = nullptr; }, "steps[l].x is NULL");
  refused([](Call& a) { a.s[1].heads = nullptr; }, "steps[l].heads is NULL");
  refused([](Call& a) { a.s[1].h = nullptr; }, "steps[l].h is NULL");
  refused([](Call& a) { a.s[0].t = nullptr; }, "steps[l].t is NULL");
  refused([](Call& a) { a.s[0].r = nullptr; }, "steps[l].r is NULL");
  refused([](Call& a) { a.s[0].params = nullptr; }, "steps[l].params is NULL");
  refused([](Call& a) { a.s[1].factors = nullptr; }, "steps[l].factors is NULL", BACKWARD);
  refused([](Call& a) { a.s[1].inputs = 6; }, "steps[l].inputs = 6 must be in [1, 5]");
  refused([](Call& a) { a.s[1].inputs = INT64_MIN; }, "steps[l].inputs = -9223372036854775808");
  refused([](Call& a) { a.samples = INT64_MIN; }, "samples = -9223372036854775808");
  refused([](Call& a) { a.samples = int64_t(1) << 43; }, "samples = 8796093022208");
  refused([](Call& a) { a.s[1].outputs = 0; }, "steps[l].outputs = 0");
  refused([](Call& a) { a.s[1].seen = 4; }, "steps[l].seen = 4 must be in [0, 3]");
  refused([](Call& a) { a.s[1].moved = -1; }, "steps[l].moved = -1");
  refused([](Call& a) { a.s[1].moved = 3; }, "steps[l].moved = 3 must be in [0, 2]");
  refused([](Call& a) { a.s[1].weight_norm = 2; }, "steps[l].weight_norm = 2");
  refused([](Call& a) { a.s[1].weights = 31; }, "= 31 must be in [32, 32]");
}

// A permutation that is none, and rows that do not fit.
void bad_indices() {
  where = "flow bad indices";
  for (int kind = 0; kind < 3; ++kind) {
    Call call;
    call.order[1] = kind == 0 ? 5 : kind == 1 ? -1 : 2;
    call.rows[3] = kind == 2 ? 9 : 4;
    const char* words = kind == 2 ? "row_start must rise" : "permutation must hold numbers in [0, d)";
    BAD_INDEX(call.c, call.forward(), words);
    BAD_INDEX(call.c, call.backward(), words);
  }
  Call call;
  call.order[4] = 5;  // the last one is looked at too
  BAD_INDEX(call.c, call.forward(), "permutation must hold numbers in [0, d)");
  BAD_INDEX(call.c, call.backward(), "permutation must hold numbers in [0, d)");
}

// What one context asks for does not change what another has under way.
void at_once() {
  where = "flows of two sizes at once";
  Flow flows[] = {flow({IAF}, 16, 10, 800, true), flow({IAF}, 16, 5, 4, true)};
  std::vector<Result> results;
  for (int i : {0, 1}) {
    const Flow& f = flows[i];
    results.push_back(result(f, false));
    const Result& r = results.back();
    bhn_context* c = context(1 + i);
    CHECK(bhn_flow_fwd(c, r.y->data(), r.log_det->data(), f.z->data(), nullptr, &r.steps[0].s, f.samples, f.d, 1, kDelta) == BHN_OK);
  }
  for (int i : {0, 1}) {
    OK(bhn_context_sync(context(1 + i)));
    Result alone = fused(context(1), flows[i], {false, true, true, false});
    CHECK(std::memcmp(results[i].y->data(), alone.y->data(), flows[i].samples * flows[i].d * sizeof(float)) == 0);
  }
}

void all() {
  for (int64_t samples : {1, 2, 3, 16}) {
    compare({IAF}, samples, 7, 5, true);
    compare({IAF, IAF, IAF}, samples, 33, 9, samples != 2);
    compare({UPPER, LOWER, SHUFFLED}, samples, 9, 6, samples != 3);
  }
  compare({LOWER, IAF}, 5, 65, 40, true);
  compare({IAF}, 1, 301, 67, true);
  compare({IAF, UPPER, IAF}, on_cuda() ? 25 : 90, on_cuda() ? 20 : 201, 67, true);
  compare({SHUFFLED, IAF}, 2, 2100, 3, true);  // more columns than a block takes in one turn
  for (int64_t samples : {17, 33}) {
    compare({IAF, UPPER}, samples, 11, 8, true);
    compare({SHUFFLED}, samples, 4, 3, false);
  }
  compare({UPPER, LOWER}, 0, 4, 3, true);
  compare(std::vector<Kind>(18, IAF), 2, 3, 4, true);
  compare(std::vector<Kind>(33, UPPER), 1, 4, 2, false);
  compare({UPPER, IAF}, 2, 5, 4, true, {false, true, true, true});
  compare({IAF, LOWER}, 2, 5, 4, true, {true, false, true, true});
  compare({UPPER, IAF}, 2, 5, 4, true, {true, true, false, true});
  compare({IAF, UPPER}, 2, 5, 4, true, {true, true, true, false});
  compare({IAF}, 16, 4000, 3, true);  // more than the shared memory of a block holds
  refusals();
  bad_indices();
  at_once();
  report_worst("flow");
}

}  // namespace

TEST_MAIN(all)
