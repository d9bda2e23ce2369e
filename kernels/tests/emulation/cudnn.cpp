// The part of cuDNN that the project uses, on the emulated device: libcudnn.so.9. Convolutions are plain loops, enqueued on the handle's
// stream like a kernel. Each direction lists four algorithms, fastest first and without times, as cuDNN's own guess does:
//   0  other bits each time, and far off, so that tests see who takes it
//   1  not supported for these sizes
//   2  wants more workspace than any device has
//   3  the same bits each time; it wants some workspace, and leaves garbage there
// BHN_EMULATION_ALGORITHMS=n in the environment: only the first n; -1: it lists none, and 1 is supported. It is stricter than cuDNN in one
// thing: a workspace that is too small, or none, is refused even by those that hardly need it.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

#include "tf32.h"

extern "C" int bhn_emulation_enqueue(void* stream, void (*run)(const void*), const void* arguments, size_t bytes);
extern "C" int bhn_emulation_wait(void);

namespace {

enum Status { kSuccess = 0, kNotInitialized = 1001, kBadParam = 2000, kNotSupported = 3000, kExecutionFailed = 5000 };
enum Format { kChannelsFirst = 0, kChannelsLast = 1 };
enum Math { kDefault = 0, kFma = 3 };
enum Algorithm { kRandom = 0, kUnsupported = 1, kHuge = 2, kGood = 3, kAlgorithms = 4 };
enum Direction { kForward, kData, kFilter };

struct Handle {
  void* stream = nullptr;
};

// Images or filters: n, c, h, w and their distances in memory.
struct Block {
  int n = 0, c = 0, h = 0, w = 0;
  int64_t to_n = 0, to_c = 0, to_h = 0, to_w = 0;

  int set(int format, int type, int n_, int c_, int h_, int w_) {
    if (type != 0 || n_ < 1 || c_ < 1 || h_ < 1 || w_ < 1 || (format != kChannelsFirst && format != kChannelsLast)) {
      return kBadParam;
    }
    n = n_, c = c_, h = h_, w = w_;
    bool last = format == kChannelsLast;
    to_c = last ? 1 : int64_t(h) * w;
    to_w = last ? c : 1;
    to_h = to_w * w;
    to_n = int64_t(c) * h * w;
    return kSuccess;
  }

  int64_t size() const { return int64_t(n) * c * h * w; }
  int64_t at(int i, int j, int k, int l) const { return i * to_n + j * to_c + k * to_h + l * to_w; }
};

struct Convolution {
  int pad_h = 0, pad_w = 0, stride_h = 0, stride_w = 0, dilation_h = 0, dilation_w = 0, math = kDefault;

  static int places(int size, int kernel, int pad, int stride, int dilation) {
    int reach = (kernel - 1) * dilation + 1;
    return size + 2 * pad < reach ? 0 : (size + 2 * pad - reach) / stride + 1;
  }
};

// cudnnConvolution...AlgoPerf_t
struct Listed {
  int algorithm, status;
  float time;
  size_t memory;
  int determinism, math, reserved[3];
};

struct Call {
  Direction direction;
  Block x, w, y;
  Convolution how;
  int algorithm;
  float alpha, beta;
  const float *px, *pw, *py;
  float* out;
  void* workspace;
  size_t workspace_bytes;
};

// The result of one direction is a sum over products of the other two; every product is met once, in a fixed order.
template <class Product>
void every_product(const Call& call, Product product) {
  const Convolution& how = call.how;
  for (int n = 0; n < call.y.n; ++n) {
    for (int o = 0; o < call.y.c; ++o) {
      for (int i = 0; i < call.y.h * call.y.w; ++i) {
        int oh = i / call.y.w, ow = i % call.y.w;
        for (int k = 0; k < call.w.h * call.w.w; ++k) {
          int kh = k / call.w.w, kw = k % call.w.w;
          int h = oh * how.stride_h - how.pad_h + kh * how.dilation_h;
          int w = ow * how.stride_w - how.pad_w + kw * how.dilation_w;
          if (h < 0 || h >= call.x.h || w < 0 || w >= call.x.w) {
            continue;
          }
          for (int c = 0; c < call.x.c; ++c) {
            product(call.x.at(n, c, h, w), call.w.at(o, c, kh, kw), call.y.at(n, o, oh, ow));
          }
        }
      }
    }
  }
}

void convolve(const void* arguments) {
  const Call& call = *static_cast<const Call*>(arguments);
  static int times = 0;
  float alpha = call.algorithm == kRandom ? call.alpha * (1 + 0.25f * float(++times % 5 + 1)) : call.alpha;
  std::memset(call.workspace, 0xff, call.workspace_bytes);
  const Block& result = call.direction == kForward ? call.y : call.direction == kData ? call.x : call.w;
  for (int64_t i = 0; i < result.size(); ++i) {
    call.out[i] = call.beta == 0 ? 0 : call.beta * call.out[i];
  }
  auto round = [&](float v) { return call.how.math == kDefault ? tf32(v) : v; };
  every_product(call, [&](int64_t x, int64_t w, int64_t y) {
    if (call.direction == kForward) {
      call.out[y] += alpha * round(call.px[x]) * round(call.pw[w]);
    } else if (call.direction == kData) {
      call.out[x] += alpha * round(call.py[y]) * round(call.pw[w]);
    } else {
      call.out[w] += alpha * round(call.py[y]) * round(call.px[x]);
    }
  });
}

bool fits(const Block& x, const Block& w, const Convolution& how, const Block& y) {
  return x.n == y.n && x.c == w.c && w.n == y.c && y.h == Convolution::places(x.h, w.h, how.pad_h, how.stride_h, how.dilation_h) &&
         y.w == Convolution::places(x.w, w.w, how.pad_w, how.stride_w, how.dilation_w);
}

int algorithms() {
  const char* setting = std::getenv("BHN_EMULATION_ALGORITHMS");
  return setting == nullptr ? int(kAlgorithms) : std::atoi(setting);
}

int list(const Handle* handle, const Block* x, const Block* w, const Convolution* how, const Block* y, int most, int* count, Listed* all) {
  if (handle == nullptr || most < 1 || !fits(*x, *w, *how, *y)) {
    return handle == nullptr ? kNotInitialized : kBadParam;
  }
  *count = std::min(most, std::max(0, algorithms()));
  for (int i = 0; i < *count; ++i) {
    all[i] = {i, i == kUnsupported ? int(kNotSupported) : int(kSuccess), -1, 0, i == kRandom ? 0 : 1, how->math, {0, 0, 0}};
  }
  return kSuccess;
}

int workspace_size(const Block* x, const Block* w, const Block* y, int algorithm, size_t* bytes) {
  *bytes = algorithm == kHuge ? size_t(1) << 50 : 64 + 4 * size_t(std::max({x->size(), w->size(), y->size()}));
  bool supported = algorithm == kUnsupported ? algorithms() < 0 : algorithm >= 0 && algorithm < kAlgorithms;
  return supported ? kSuccess : kNotSupported;
}

int enqueue(const Handle* handle, const Call& call) {
  size_t needed = 0;
  if (handle == nullptr || !fits(call.x, call.w, call.how, call.y)) {
    return handle == nullptr ? kNotInitialized : kBadParam;
  }
  int status = workspace_size(&call.x, &call.w, &call.y, call.algorithm, &needed);
  if (status != kSuccess) {
    return status;
  }
  if (call.workspace == nullptr || call.workspace_bytes < needed) {
    return kBadParam;
  }
  return bhn_emulation_enqueue(handle->stream, convolve, &call, sizeof call) == 0 ? kSuccess : kExecutionFailed;
}

template <class T>
int create(T** made) {
  *made = new T;
  return kSuccess;
}

template <class T>
int destroy(T* made) {
  delete made;
  return kSuccess;
}

}  // namespace

#define API extern "C" __attribute__((visibility("default")))

API size_t cudnnGetVersion() { return 90000; }

API const char* cudnnGetErrorString(int status) {
  switch (status) {
    case kSuccess:
      return "CUDNN_STATUS_SUCCESS";
    case kNotInitialized:
      return "CUDNN_STATUS_NOT_INITIALIZED";
    case 1008:
      return "CUDNN_STATUS_SUBLIBRARY_LOADING_FAILED";
    case kBadParam:
      return "CUDNN_STATUS_BAD_PARAM";
    case kNotSupported:
      return "CUDNN_STATUS_NOT_SUPPORTED";
    case 4000:
      return "CUDNN_STATUS_INTERNAL_ERROR";
    case 4003:
      return "CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED";
    case 4004:
      return "CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED";
    case kExecutionFailed:
      return "CUDNN_STATUS_EXECUTION_FAILED";
    default:
      return "unknown";
  }
}

API int cudnnCreate(Handle** handle) { return bhn_emulation_wait() == 0 ? create(handle) : kNotInitialized; }
API int cudnnDestroy(Handle* handle) {
  bhn_emulation_wait();
  return destroy(handle);
}

API int cudnnSetStream(Handle* handle, void* stream) {
  handle->stream = stream;
  return kSuccess;
}

API int cudnnCreateTensorDescriptor(Block** tensor) { return create(tensor); }
API int cudnnDestroyTensorDescriptor(Block* tensor) { return destroy(tensor); }

API int cudnnSetTensor4dDescriptor(Block* tensor, int format, int type, int n, int c, int h, int w) {
  return tensor->set(format, type, n, c, h, w);
}

API int cudnnCreateFilterDescriptor(Block** filter) { return create(filter); }
API int cudnnDestroyFilterDescriptor(Block* filter) { return destroy(filter); }

API int cudnnSetFilter4dDescriptor(Block* filter, int type, int format, int k, int c, int h, int w) {
  return filter->set(format, type, k, c, h, w);
}

API int cudnnCreateConvolutionDescriptor(Convolution** how) { return create(how); }
API int cudnnDestroyConvolutionDescriptor(Convolution* how) { return destroy(how); }

API int cudnnSetConvolution2dDescriptor(Convolution* how, int pad_h, int pad_w, int u, int v, int dilation_h, int dilation_w, int mode,
                                        int type) {
  if (pad_h < 0 || pad_w < 0 || u < 1 || v < 1 || dilation_h < 1 || dilation_w < 1 || mode != 1 || type != 0) {
    return kBadParam;
  }
  *how = {pad_h, pad_w, u, v, dilation_h, dilation_w, kDefault};
  return kSuccess;
}

API int cudnnSetConvolutionMathType(Convolution* how, int math) {
  how->math = math;
  return math == kDefault || math == kFma ? kSuccess : kBadParam;
}

API int cudnnGetConvolutionForwardAlgorithm_v7(Handle* handle, Block* x, Block* w, Convolution* how, Block* y, int most, int* count,
                                               Listed* all) {
  return list(handle, x, w, how, y, most, count, all);
}

API int cudnnGetConvolutionBackwardDataAlgorithm_v7(Handle* handle, Block* w, Block* y, Convolution* how, Block* x, int most, int* count,
                                                    Listed* all) {
  return list(handle, x, w, how, y, most, count, all);
}

API int cudnnGetConvolutionBackwardFilterAlgorithm_v7(Handle* handle, Block* x, Block* y, Convolution* how, Block* w, int most, int* count,
                                                      Listed* all) {
  return list(handle, x, w, how, y, most, count, all);
}

API int cudnnGetConvolutionForwardWorkspaceSize(Handle*, Block* x, Block* w, Convolution*, Block* y, int algorithm, size_t* bytes) {
  return workspace_size(x, w, y, algorithm, bytes);
}

API int cudnnGetConvolutionBackwardDataWorkspaceSize(Handle*, Block* w, Block* y, Convolution*, Block* x, int algorithm, size_t* bytes) {
  return workspace_size(x, w, y, algorithm, bytes);
}

API int cudnnGetConvolutionBackwardFilterWorkspaceSize(Handle*, Block* x, Block* y, Convolution*, Block* w, int algorithm, size_t* bytes) {
  return workspace_size(x, w, y, algorithm, bytes);
}

API int cudnnConvolutionForward(Handle* handle, const float* alpha, Block* x, const float* px, Block* w, const float* pw, Convolution* how,
                                int algorithm, void* workspace, size_t bytes, const float* beta, Block* y, float* py) {
  return enqueue(handle, {kForward, *x, *w, *y, *how, algorithm, *alpha, *beta, px, pw, nullptr, py, workspace, bytes});
}

API int cudnnConvolutionBackwardData(Handle* handle, const float* alpha, Block* w, const float* pw, Block* y, const float* py,
                                     Convolution* how, int algorithm, void* workspace, size_t bytes, const float* beta, Block* x,
                                     float* px) {
  return enqueue(handle, {kData, *x, *w, *y, *how, algorithm, *alpha, *beta, nullptr, pw, py, px, workspace, bytes});
}

API int cudnnConvolutionBackwardFilter(Handle* handle, const float* alpha, Block* x, const float* px, Block* y, const float* py,
                                       Convolution* how, int algorithm, void* workspace, size_t bytes, const float* beta, Block* w,
                                       float* pw) {
  return enqueue(handle, {kFilter, *x, *w, *y, *how, algorithm, *alpha, *beta, px, nullptr, py, pw, workspace, bytes});
}
