// The CUDA devices of this machine.
#ifndef NEURA_CUDA_RUNTIME_DEVICE_H_
#define NEURA_CUDA_RUNTIME_DEVICE_H_

#include <cstddef>
#include <string>

namespace neura::cuda {

// How many there are; 0 also where there is no driver, or one that is too old.
int DeviceCount();
inline bool IsAvailable() { return DeviceCount() > 0; }
// Why DeviceCount() is 0; empty where it is not.
std::string UnavailableReason();

// Throws FailedPrecondition, saying what is missing, where there is no device at all, and
// InvalidArgument, saying which there are, where `device` is not one of them.
void RequireDevice(int device);

struct DeviceProperties {
  std::string name;
  size_t total_memory = 0;  // in bytes
  int compute_major = 0;
  int compute_minor = 0;
  int multi_processors = 0;
  int warp_size = 0;
};
// Throws as RequireDevice does.
DeviceProperties GetDeviceProperties(int device);
int MultiProcessorCount(int device);

// The device that this thread's CUDA calls go to.
int CurrentDevice();

// Makes the context of `device`, which is current, that of this thread too. CUDA's runtime does so
// by itself; libraries that call the driver rely on it.
void BindContext(int device);

// While alive, CUDA calls of this thread go to `device`. Its context is made when it is first
// needed. Throws as RequireDevice does.
class DeviceGuard {
 public:
  explicit DeviceGuard(int device);
  ~DeviceGuard();
  DeviceGuard(const DeviceGuard&) = delete;
  DeviceGuard& operator=(const DeviceGuard&) = delete;

 private:
  int previous_;
  bool changed_;
};

// Lets `device` reach the memory of `peer` without going by way of the host, where the machine can;
// returns whether it does.
bool EnablePeerAccess(int device, int peer);

}  // namespace neura::cuda

#endif  // NEURA_CUDA_RUNTIME_DEVICE_H_
