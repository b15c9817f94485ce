// Streams: queues of work on a device. What one stream runs, it runs in order; streams run beside
// each other, and events order them.
#ifndef NEURA_CUDA_RUNTIME_STREAM_H_
#define NEURA_CUDA_RUNTIME_STREAM_H_

#include <memory>

// The types behind cudaStream_t and cudaEvent_t, so that users need no header of CUDA.
struct CUstream_st;
struct CUevent_st;

namespace neura::cuda {

class Stream;

// A point in a stream. Copies are the same event.
class Event {
 public:
  // `timed`: keeps the time, for MillisecondsSince.
  explicit Event(int device = 0, bool timed = false);

  // Marks where the stream now ends. The stream must be of the event's device.
  void Record(const Stream& stream);
  // Whether the device has come past the mark; true before the first Record.
  bool Done() const;
  // Returns when it has. Throws what the work before it failed with.
  void Synchronize() const;
  // Throws InvalidArgument unless both are timed, recorded and done.
  double MillisecondsSince(const Event& start) const;

  int device() const { return device_; }
  CUevent_st* handle() const { return handle_.get(); }

 private:
  int device_;
  std::shared_ptr<CUevent_st> handle_;
};

// A handle: copies are the same stream. Streams are taken from a pool of 32 per device, which live
// as long as the program; those past the 32nd share.
class Stream {
 public:
  // A stream that runs beside the default one. Throws as RequireDevice does.
  static Stream New(int device = 0);
  // The stream that all threads start with.
  static Stream Default(int device = 0);
  // That of this thread: the default one, unless a StreamGuard says otherwise.
  static Stream Current(int device = 0);

  // What is queued here from now on starts after the event.
  void Wait(const Event& event) const;
  bool Done() const;
  // Returns when all that is queued here is done. Throws what it failed with.
  void Synchronize() const;

  int device() const { return device_; }
  CUstream_st* handle() const { return handle_; }

  friend bool operator==(const Stream&, const Stream&) = default;

 private:
  friend class StreamGuard;
  Stream(int device, CUstream_st* handle) : device_(device), handle_(handle) {}

  int device_;
  CUstream_st* handle_;
};

// While alive, operations of this thread on the stream's device are queued on it. Memory that was
// made on one stream and is used on another is announced with RecordStream().
class StreamGuard {
 public:
  explicit StreamGuard(const Stream& stream);
  ~StreamGuard();
  StreamGuard(const StreamGuard&) = delete;
  StreamGuard& operator=(const StreamGuard&) = delete;

 private:
  int device_;
  CUstream_st* previous_;
};

// The cudaStream_t of this thread and device.
CUstream_st* CurrentStream(int device);

}  // namespace neura::cuda

#endif  // NEURA_CUDA_RUNTIME_STREAM_H_
