#include "neura/tensor/core/device.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "neura/tensor/core/error.h"

namespace neura {
namespace {

struct TypeName {
  DeviceType type;
  std::string_view name;
};
constexpr TypeName kDeviceTypeNames[] = {{DeviceType::kCpu, "cpu"},
                                         {DeviceType::kCuda, "cuda"},
                                         {DeviceType::kCustom, "custom"},
                                         {DeviceType::kMeta, "meta"},
                                         {DeviceType::kSparse, "sparse"}};
static_assert(std::size(kDeviceTypeNames) == kNumDeviceTypes);

thread_local Device t_default_device = kCpu;

}  // namespace

std::string ToString(Device device) {
  const std::string_view name = kDeviceTypeNames[static_cast<int>(device.type)].name;
  if (device == kCpu || device == kMeta || device == kSparse) return std::string(name);
  return absl::StrCat(name, ":", static_cast<int>(device.index));
}

Device ParseDevice(std::string_view text) {
  for (const TypeName& known : kDeviceTypeNames) {
    if (known.type == DeviceType::kSparse) continue;  // nothing can be made there
    std::string_view rest = text;
    if (!absl::ConsumePrefix(&rest, known.name)) continue;
    if (rest.empty()) return {known.type, 0};
    int index = 0;
    if (!absl::ConsumePrefix(&rest, ":") || !absl::SimpleAtoi(rest, &index) || index < 0 ||
        index > INT8_MAX ||
        ((known.type == DeviceType::kCpu || known.type == DeviceType::kMeta) && index != 0)) {
      break;
    }
    return {known.type, static_cast<int8_t>(index)};
  }
  ThrowInvalidArgument(absl::StrCat("\"", text, "\" is no device; expected \"cpu\", \"cuda\", ",
                                    "\"cuda:1\" or the like"));
}

Device DefaultDevice() noexcept { return t_default_device; }

ScopedDefaultDevice::ScopedDefaultDevice(Device device) noexcept : previous_(t_default_device) {
  t_default_device = device;
}
ScopedDefaultDevice::~ScopedDefaultDevice() { t_default_device = previous_; }

}  // namespace neura
