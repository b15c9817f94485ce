#include "neura/cuda/runtime/stream.h"

#include <mutex>
#include <vector>

#include "neura/cuda/runtime/device.h"
#include "neura/cuda/runtime/error.h"
#include "neura/cuda/runtime/fault.h"
#include "neura/tensor/core/error.h"

namespace neura::cuda {
namespace {

constexpr size_t kStreamsPerDevice = 32;

// Null is the default stream.
std::vector<cudaStream_t>& CurrentStreams() {
  thread_local std::vector<cudaStream_t> streams;
  return streams;
}

void SetCurrentStream(int device, cudaStream_t stream) {
  std::vector<cudaStream_t>& streams = CurrentStreams();
  const auto index = static_cast<size_t>(device);
  if (index >= streams.size()) streams.resize(index + 1, nullptr);
  streams[index] = stream;
}

// Whether the work is done; throws what it failed with.
bool IsDone(cudaError_t status, const char* call, int device) {
  if (status == cudaErrorNotReady) {
    ClearError();
    return false;
  }
  if (status != cudaSuccess) ThrowStatus(status, call);
  CheckFault(device);
  return true;
}

}  // namespace

CUstream_st* CurrentStream(int device) {
  const std::vector<cudaStream_t>& streams = CurrentStreams();
  const auto index = static_cast<size_t>(device);
  return index < streams.size() ? streams[index] : nullptr;
}

Event::Event(int device, bool timed) : device_(device) {
  const DeviceGuard guard(device);
  cudaEvent_t event;
  NEURA_CUDA_CHECK(
      cudaEventCreateWithFlags(&event, timed ? cudaEventDefault : cudaEventDisableTiming));
  handle_ = {event, [](cudaEvent_t old) {
               if (cudaEventDestroy(old) != cudaSuccess) ClearError();
             }};
}

void Event::Record(const Stream& stream) {
  const DeviceGuard guard(stream.device());
  NEURA_CUDA_CHECK(cudaEventRecord(handle_.get(), stream.handle()));
}

bool Event::Done() const {
  return IsDone(cudaEventQuery(handle_.get()), "cudaEventQuery", device_);
}

void Event::Synchronize() const {
  const DeviceGuard guard(device_);
  NEURA_CUDA_CHECK(cudaEventSynchronize(handle_.get()));
  CheckFault(device_);
}

double Event::MillisecondsSince(const Event& start) const {
  float milliseconds = 0;
  const cudaError_t status =
      cudaEventElapsedTime(&milliseconds, start.handle_.get(), handle_.get());
  if (status == cudaErrorInvalidResourceHandle || status == cudaErrorNotReady) {
    ClearError();
    ThrowInvalidArgument(
        "MillisecondsSince: both events must be timed, recorded on one device and done");
  }
  if (status != cudaSuccess) ThrowStatus(status, "cudaEventElapsedTime");
  return static_cast<double>(milliseconds);
}

Stream Stream::New(int device) {
  RequireDevice(device);
  struct Pool {
    std::vector<cudaStream_t> streams;
    size_t next = 0;
  };
  static std::mutex* mutex = new std::mutex;
  static auto* pools = new std::vector<Pool>(static_cast<size_t>(DeviceCount()));
  std::lock_guard<std::mutex> lock(*mutex);
  Pool& pool = (*pools)[static_cast<size_t>(device)];
  if (pool.streams.size() < kStreamsPerDevice) {
    const DeviceGuard guard(device);
    cudaStream_t stream;
    NEURA_CUDA_CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    pool.streams.push_back(stream);
    return {device, stream};
  }
  return {device, pool.streams[pool.next++ % kStreamsPerDevice]};
}

Stream Stream::Default(int device) {
  RequireDevice(device);
  return {device, nullptr};
}

Stream Stream::Current(int device) {
  RequireDevice(device);
  return {device, CurrentStream(device)};
}

void Stream::Wait(const Event& event) const {
  const DeviceGuard guard(device_);
  NEURA_CUDA_CHECK(cudaStreamWaitEvent(handle_, event.handle(), 0));
}

bool Stream::Done() const {
  const DeviceGuard guard(device_);
  return IsDone(cudaStreamQuery(handle_), "cudaStreamQuery", device_);
}

void Stream::Synchronize() const {
  const DeviceGuard guard(device_);
  NEURA_CUDA_CHECK(cudaStreamSynchronize(handle_));
  CheckFault(device_);
}

StreamGuard::StreamGuard(const Stream& stream)
    : device_(stream.device()), previous_(CurrentStream(stream.device())) {
  SetCurrentStream(device_, stream.handle());
}

StreamGuard::~StreamGuard() { SetCurrentStream(device_, previous_); }

}  // namespace neura::cuda
