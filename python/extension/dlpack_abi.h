// The binary layout of DLPack 1.0, https://dmlc.github.io/dlpack/latest/c_api.html. Written out
// here because Debian's header is of version 0.6, which has no versioned tensors.
#ifndef NEURA_PYTHON_EXTENSION_DLPACK_ABI_H_
#define NEURA_PYTHON_EXTENSION_DLPACK_ABI_H_

#include <cstdint>

namespace neura::python::dlpack {

inline constexpr int32_t kDeviceCpu = 1;

enum Code : uint8_t { kInt = 0, kUInt = 1, kFloat = 2, kBfloat = 4, kComplex = 5, kBoolean = 6 };

struct Device {
  int32_t type;
  int32_t id;
};
struct DataType {
  uint8_t code;
  uint8_t bits;
  uint16_t lanes;
};
struct TensorView {
  void* data;
  Device device;
  int32_t ndim;
  DataType dtype;
  int64_t* shape;
  int64_t* strides;  // in elements; null: row-major
  uint64_t byte_offset;
};
// In a capsule named "dltensor".
struct Managed {
  TensorView tensor;
  void* context;
  void (*deleter)(Managed* self);
};
struct Version {
  uint32_t major;
  uint32_t minor;
};
inline constexpr uint64_t kReadOnly = 1;
inline constexpr uint64_t kIsCopied = 2;
// In a capsule named "dltensor_versioned".
struct ManagedVersioned {
  Version version;
  void* context;
  void (*deleter)(ManagedVersioned* self);
  uint64_t flags;
  TensorView tensor;
};

}  // namespace neura::python::dlpack

#endif  // NEURA_PYTHON_EXTENSION_DLPACK_ABI_H_
