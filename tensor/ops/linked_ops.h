// Which operations a program holds. A web bundle for one model compiles the files that include this
// header with one that names the operations of the model; the linker drops the others.
#ifndef NEURA_TENSOR_OPS_LINKED_OPS_H_
#define NEURA_TENSOR_OPS_LINKED_OPS_H_

#include <string_view>

namespace neura {

// An operation by the first name in op_list.inc, such as "Conv", a dtype, such as "kInt8", or both,
// such as "Conv.kFloat64". Other libraries put their own name and a dot before what belongs to
// them, such as the reader "onnx.Conv".
constexpr bool IsLinked(std::string_view) { return true; }

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_LINKED_OPS_H_
