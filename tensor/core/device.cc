#include "neura/tensor/core/device.h"

#include "absl/strings/str_cat.h"

namespace neura {

std::string ToString(Device device) {
  switch (device.type) {
    case DeviceType::kCpu:
      return "cpu";
    case DeviceType::kCuda:
      return absl::StrCat("cuda:", static_cast<int>(device.index));
    case DeviceType::kCustom:
      break;
  }
  return absl::StrCat("custom:", static_cast<int>(device.index));
}

}  // namespace neura
