// Element types that tensors have no dtype for: numbers of 8 bits and fewer. Wherever Neura holds
// such elements, each has a byte of its own: an integer its value, a floating point number its
// bits.
#ifndef NEURA_ONNX_FORMAT_NARROW_TYPE_H_
#define NEURA_ONNX_FORMAT_NARROW_TYPE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "neura/tensor/core/dtype.h"

namespace neura::onnx {

struct NarrowType {
  enum class Kind {
    kInteger,
    // A sign, an exponent and a fraction, as in "FP8 Formats for Deep Learning" (Micikevicius et
    // al., 2022) and the OCP Microscaling Formats.
    kFloating,
    // A power of 2.
    kScale,
  };

  std::string_view name;
  int element_type;  // TensorProto.DataType
  DType dtype;       // uint8 or int8: of the bytes that are held
  int bits;
  Kind kind = Kind::kInteger;
  // Of floating ones: the bits of the fraction, the exponent of 1 as it is written, and the bits of
  // the largest number, of infinity and of NaN without their sign, or -1 where there is none.
  int fraction_bits = 0;
  int bias = 0;
  int largest = 0;
  int infinity = -1;
  int nan = -1;

  // The bits of 0 with a sign stand for NaN where no others do.
  bool has_negative_zero() const { return nan != 1 << (bits - 1); }
};

// Null for other types.
const NarrowType* FindNarrowType(int element_type);

// How many bytes of a file `count` elements take.
int64_t PackedBytes(const NarrowType& type, int64_t count);

// From the bytes of a file, where several elements may share one, the first in the lowest bits:
// `count` elements, each a byte. Throws InvalidArgument where the file has another number of bytes.
std::string Unpack(const NarrowType& type, std::string_view packed, int64_t count);

}  // namespace neura::onnx

#endif  // NEURA_ONNX_FORMAT_NARROW_TYPE_H_
