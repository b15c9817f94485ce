// Where a tensor's memory lives.
#ifndef NEURA_TENSOR_CORE_DEVICE_H_
#define NEURA_TENSOR_CORE_DEVICE_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace neura {

// kCustom is for backends outside this repository. Tensors of kMeta have a dtype and a shape and no
// elements: operations on them say what would come out. Those of kSparse are sparse: no memory is
// theirs, their indices and values lie on a device of their own (sparse_parts.h).
enum class DeviceType : uint8_t { kCpu, kCuda, kCustom, kMeta, kSparse };
inline constexpr int kNumDeviceTypes = 5;

struct Device {
  DeviceType type = DeviceType::kCpu;
  int8_t index = 0;

  friend bool operator==(const Device&, const Device&) = default;
};

inline constexpr Device kCpu{DeviceType::kCpu, 0};
inline constexpr Device kMeta{DeviceType::kMeta, 0};
inline constexpr Device kSparse{DeviceType::kSparse, 0};

// "cpu", "cuda:0", ...
std::string ToString(Device device);
// Reads what ToString writes of devices that have memory or are kMeta, and "cuda" for "cuda:0".
// Throws InvalidArgument on anything else.
Device ParseDevice(std::string_view text);

// Where factories of this thread put tensors whose device the caller does not name.
Device DefaultDevice() noexcept;

// While alive, DefaultDevice() of this thread is `device`.
class ScopedDefaultDevice {
 public:
  explicit ScopedDefaultDevice(Device device) noexcept;
  ~ScopedDefaultDevice();
  ScopedDefaultDevice(const ScopedDefaultDevice&) = delete;
  ScopedDefaultDevice& operator=(const ScopedDefaultDevice&) = delete;

 private:
  Device previous_;
};

}  // namespace neura

#endif  // NEURA_TENSOR_CORE_DEVICE_H_
