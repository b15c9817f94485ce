// Option structs that can be walked: NEURA_FIELDS(a, b) inside a struct names its members once, and
// printing, comparison, what optimizers save and what captured graphs keep open derive from that.
#ifndef NEURA_TENSOR_CORE_FIELDS_H_
#define NEURA_TENSOR_CORE_FIELDS_H_

#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>
#include <string>
#include <variant>

#include "absl/functional/function_ref.h"
#include "neura/tensor/core/dtype.h"
#include "neura/tensor/core/scalar.h"
#include "neura/tensor/core/shape.h"
#include "neura/tensor/core/sizes.h"

namespace neura {

// The types that a field may have.
using FieldRef = std::variant<bool*, int64_t*, uint64_t*, double*, DType*, Scalar*, Dims*, Sizes*,
                              std::string*, std::optional<int64_t>*, std::optional<double>*,
                              std::optional<Scalar>*, std::optional<DType>*, std::optional<Sizes>*>;
using FieldVisitor = absl::FunctionRef<void(const char* name, FieldRef field)>;

// What can be done with an option struct whose type is known only here.
struct OptionsType {
  const char* name;
  size_t size;
  void (*construct)(void* memory);  // with the default of every field
  void (*copy)(void* memory, const void* from);
  void (*destroy)(void* options) noexcept;
  void (*visit)(void* options, FieldVisitor visitor);
  // Of options that are more than a list of fields; else null.
  std::string (*print)(const void* options);
  bool (*equal)(const void* a, const void* b);
};

// For operations that have none.
struct NoOptions {
  void VisitFields(FieldVisitor) {}
};

// Options with a ToString() of their own are printed by it and compared by their operator==.
template <typename T>
concept PrintsItself = requires(const T& options) {
  options.ToString();
};

template <typename T>
const OptionsType* OptionsTypeOf(const char* name) {
  static const OptionsType type = [name] {
    OptionsType made = {
        name,
        sizeof(T),
        [](void* memory) { new (memory) T(); },
        [](void* memory, const void* from) { new (memory) T(*static_cast<const T*>(from)); },
        [](void* options) noexcept { static_cast<T*>(options)->~T(); },
        [](void* options, FieldVisitor visitor) { static_cast<T*>(options)->VisitFields(visitor); },
        nullptr,
        nullptr,
    };
    if constexpr (PrintsItself<T>) {
      made.print = [](const void* options) { return static_cast<const T*>(options)->ToString(); };
      made.equal = [](const void* a, const void* b) {
        return *static_cast<const T*>(a) == *static_cast<const T*>(b);
      };
    }
    return made;
  }();
  return &type;
}

// "{dim=1, keepdim=false}"
std::string OptionsToString(const OptionsType& type, const void* options);
// Whether both would do the same: numbers are compared by their bits.
bool OptionsEqual(const OptionsType& type, const void* a, const void* b);

// Recursive macro expansion over the field names; 27 rescans serve up to 27 fields.
#define NEURA_INTERNAL_PARENS ()
#define NEURA_INTERNAL_EXPAND(...) \
  NEURA_INTERNAL_EXPAND2(NEURA_INTERNAL_EXPAND2(NEURA_INTERNAL_EXPAND2(__VA_ARGS__)))
#define NEURA_INTERNAL_EXPAND2(...) \
  NEURA_INTERNAL_EXPAND1(NEURA_INTERNAL_EXPAND1(NEURA_INTERNAL_EXPAND1(__VA_ARGS__)))
#define NEURA_INTERNAL_EXPAND1(...) \
  NEURA_INTERNAL_EXPAND0(NEURA_INTERNAL_EXPAND0(NEURA_INTERNAL_EXPAND0(__VA_ARGS__)))
#define NEURA_INTERNAL_EXPAND0(...) __VA_ARGS__
#define NEURA_FOR_EACH(macro, ...) \
  __VA_OPT__(NEURA_INTERNAL_EXPAND(NEURA_INTERNAL_FOR_EACH(macro, __VA_ARGS__)))
#define NEURA_INTERNAL_FOR_EACH(macro, first, ...) \
  macro(first) __VA_OPT__(NEURA_INTERNAL_FOR_EACH_AGAIN NEURA_INTERNAL_PARENS(macro, __VA_ARGS__))
#define NEURA_INTERNAL_FOR_EACH_AGAIN() NEURA_INTERNAL_FOR_EACH

// What stands in brackets, without them.
#define NEURA_UNPACK(...) __VA_ARGS__

#define NEURA_INTERNAL_VISIT_FIELD(field) visitor(#field, ::neura::FieldRef(&this->field));
#define NEURA_FIELDS(...)                                   \
  void VisitFields(::neura::FieldVisitor visitor) {         \
    NEURA_FOR_EACH(NEURA_INTERNAL_VISIT_FIELD, __VA_ARGS__) \
  }

}  // namespace neura

#endif  // NEURA_TENSOR_CORE_FIELDS_H_
