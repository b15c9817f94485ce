// Owned copies of operations' option structs.
#ifndef NEURA_GRAPH_OPTIONS_BOX_H_
#define NEURA_GRAPH_OPTIONS_BOX_H_

#include <string>
#include <utility>
#include <vector>

#include "neura/graph/sym_int.h"
#include "neura/tensor/backend_api.h"

namespace neura::graph {

// A copy of the options of an operation, of the type that its schema names.
class OptionsBox {
 public:
  // `options` may be null for operations without options; else defaults are taken.
  explicit OptionsBox(OpId op, const void* options = nullptr);
  OptionsBox(const OptionsBox& other);
  OptionsBox(OptionsBox&& other) noexcept
      : type_(other.type_), data_(std::exchange(other.data_, nullptr)) {}
  OptionsBox& operator=(OptionsBox other) noexcept {
    std::swap(type_, other.type_);
    std::swap(data_, other.data_);
    return *this;
  }
  ~OptionsBox();

  const void* data() const { return data_; }
  void* data() { return data_; }
  template <typename Options>
  const Options& Get() const {
    return *static_cast<const Options*>(data_);
  }
  // Every integer among the fields, in their order: an int64_t, each extent of a Dims, ...
  std::vector<int64_t*> Integers();
  std::string ToString() const { return OptionsToString(*type_, data_); }
  friend bool operator==(const OptionsBox& a, const OptionsBox& b) {
    return a.type_ == b.type_ && OptionsEqual(*a.type_, a.data_, b.data_);
  }

 private:
  const OptionsType* type_;
  void* data_;
};

// The integer options.Integers()[index] is `value`.
struct SymbolicOption {
  int index = 0;
  SymInt value;
  friend bool operator==(const SymbolicOption&, const SymbolicOption&) = default;
};

// `options` with these integers evaluated.
OptionsBox Resolve(const OptionsBox& options, absl::Span<const SymbolicOption> symbolic,
                   SymInt::ReadLeaf read);

}  // namespace neura::graph

#endif  // NEURA_GRAPH_OPTIONS_BOX_H_
