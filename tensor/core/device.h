// Where a tensor's memory lives.
#ifndef NEURA_TENSOR_CORE_DEVICE_H_
#define NEURA_TENSOR_CORE_DEVICE_H_

#include <cstdint>
#include <string>

namespace neura {

// kCustom is for backends outside this repository.
enum class DeviceType : uint8_t { kCpu, kCuda, kCustom };
inline constexpr int kNumDeviceTypes = 3;

struct Device {
  DeviceType type = DeviceType::kCpu;
  int8_t index = 0;

  friend bool operator==(const Device&, const Device&) = default;
};

inline constexpr Device kCpu{DeviceType::kCpu, 0};

// "cpu", "cuda:0", ...
std::string ToString(Device device);

}  // namespace neura

#endif  // NEURA_TENSOR_CORE_DEVICE_H_
