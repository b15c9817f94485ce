// What a value of a graph is during a run.
#ifndef NEURA_GRAPH_DATUM_H_
#define NEURA_GRAPH_DATUM_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "neura/tensor/core/tensor.h"

namespace neura::graph {

enum class ValueKind : uint8_t { kTensor, kSequence, kOptional, kStrings, kMap };

// "tensor", "sequence", ...
const char* KindName(ValueKind kind);

// A tensor, a sequence of tensors, a tensor of strings, a map, or nothing. Sequences, strings and
// maps are shared and never change. An optional that holds something is what it holds.
class Datum {
 public:
  Datum() = default;  // nothing
  Datum(Tensor tensor) : kind_(ValueKind::kTensor), tensor_(std::move(tensor)) {}
  static Datum Sequence(std::vector<Tensor> elements);
  static Datum Strings(std::vector<std::string> elements, DimsView shape);
  // Keys [K], int64 or strings, and a value for each, [K]: a tensor or strings. Values [N, K] are a
  // sequence of maps with the same keys.
  static Datum Map(Datum keys, Datum values);

  // kOptional for nothing.
  ValueKind kind() const { return kind_; }
  // Each throws InvalidArgument for another kind.
  const Tensor& tensor() const;
  const std::vector<Tensor>& sequence() const;
  const std::vector<std::string>& strings() const;
  DimsView strings_shape() const;
  const Datum& keys() const;
  const Datum& values() const;

 private:
  struct StringArray {
    std::vector<std::string> elements;
    Dims shape;
  };
  struct MapParts;
  void Require(ValueKind kind) const;
  // Of a tensor or of strings.
  DimsView array_shape() const;

  ValueKind kind_ = ValueKind::kOptional;
  Tensor tensor_;
  std::shared_ptr<const std::vector<Tensor>> sequence_;
  std::shared_ptr<const StringArray> strings_;
  std::shared_ptr<const MapParts> map_;
};

}  // namespace neura::graph

#endif  // NEURA_GRAPH_DATUM_H_
