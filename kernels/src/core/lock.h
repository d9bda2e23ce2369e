// A lock of the C library. std::mutex and std::string bring in so much of a static libstdc++ that the library would need a newer system.
#pragma once

#include <pthread.h>

namespace bhn {

class Hold {
 public:
  explicit Hold(pthread_mutex_t* mutex) : mutex_(mutex) { pthread_mutex_lock(mutex_); }
  ~Hold() { pthread_mutex_unlock(mutex_); }
  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;

 private:
  pthread_mutex_t* mutex_;
};

}  // namespace bhn
