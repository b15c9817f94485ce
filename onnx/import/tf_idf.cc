// Counts of sequences of numbers, found on the host.
#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "neura/onnx/import/ops.h"
#include "neura/tensor/tensor.h"

namespace neura::onnx {
namespace {

using graph::Datum;
using graph::HostContext;
using graph::HostFunction;
using graph::SymInt;
using graph::ValueId;
using graph::ValueType;

// Sequences that begin alike share their beginning.
class Trie {
 public:
  void Add(absl::Span<const int64_t> sequence, int64_t column) {
    int64_t at = 0;
    for (const int64_t element : sequence) {
      const auto [next, is_new] =
          next_.try_emplace({at, element}, static_cast<int64_t>(columns_.size()));
      if (is_new) columns_.push_back(-1);
      at = next->second;
    }
    columns_[static_cast<size_t>(at)] = column;
  }
  // Where the sequence so far goes on with an element; -1 where none does.
  int64_t Next(int64_t at, int64_t element) const {
    const auto it = next_.find({at, element});
    return it == next_.end() ? -1 : it->second;
  }
  // That of the sequence so far, or -1.
  int64_t column(int64_t at) const { return columns_[static_cast<size_t>(at)]; }

 private:
  std::map<std::pair<int64_t, int64_t>, int64_t> next_;
  std::vector<int64_t> columns_{-1};
};

absl::Span<const int64_t> Integers(const Tensor& tensor) {
  return {tensor.data<int64_t>(), static_cast<size_t>(tensor.numel())};
}

enum Mode : int64_t { kTf, kIdf, kTfIdf };

// integers: the mode, the columns of the result, the shortest and longest sequences, and how many
// elements may be left out between two. Inputs: rows of numbers, the pool of sequences, where those
// of each length begin, the column of each, and weights of the columns or nothing.
std::vector<Datum> Count(const HostContext& context) {
  std::vector<Tensor> in;
  for (const Datum& input : context.inputs) in.push_back(Contiguous(HostCopy(input.tensor())));
  const int64_t mode = context.integers[0], columns = context.integers[1];
  const int64_t shortest = context.integers[2], longest = context.integers[3];
  const absl::Span<const int64_t> pool = Integers(in[1]), begins = Integers(in[2]),
                                  column_of = Integers(in[3]);
  Trie trie;
  size_t sequence = 0;
  for (size_t i = 0; i < begins.size(); ++i) {
    const auto length = static_cast<int64_t>(i) + 1;
    const int64_t end = i + 1 < begins.size() ? begins[i + 1] : static_cast<int64_t>(pool.size());
    for (int64_t at = begins[i]; at < end; at += length, ++sequence) {
      if (length < shortest || length > longest) continue;
      trie.Add(pool.subspan(static_cast<size_t>(at), static_cast<size_t>(length)),
               column_of[sequence]);
    }
  }
  const int64_t rows = in[0].dim() == 2 ? in[0].size(0) : 1;
  const int64_t length = in[0].dim() == 0 ? 1 : in[0].size(-1);
  const Tensor result = Zeros(in[0].dim() == 2 ? Dims{rows, columns} : Dims{columns});
  // Further apart no two elements lie.
  const int64_t widest = std::min(context.integers[4], length) + 1;
  for (int64_t row = 0; row < rows; ++row) {
    const int64_t* elements = in[0].data<int64_t>() + row * length;
    float* counts = static_cast<float*>(result.raw_data()) + row * columns;
    for (int64_t stride = 1; stride <= widest; ++stride) {
      // Sequences of one element are the same at any stride.
      const int64_t least = stride == 1 ? shortest : std::max<int64_t>(shortest, 2);
      if (least > longest) break;
      for (int64_t start = 0; start < length; ++start) {
        int64_t at = 0;
        for (int64_t size = 1, i = start; size <= longest && i < length; ++size, i += stride) {
          at = trie.Next(at, elements[i]);
          if (at < 0) break;
          if (size >= least && trie.column(at) >= 0) counts[trie.column(at)] += 1;
        }
      }
    }
    const float* weights = in.size() > 4 ? in[4].data<float>() : nullptr;
    for (int64_t c = 0; c < columns; ++c) {
      if (mode == kIdf && counts[c] > 0) counts[c] = 1;
      if (mode != kTf && weights != nullptr) counts[c] *= weights[c];
    }
  }
  return {To(result, context.device)};
}
constinit const HostFunction kCount = {"tf_idf", &Count};

}  // namespace

void ReadTfIdfVectorizer(NodeReader& node) {
  const ValueId x = node.in(0);
  if (node.HasAttribute("pool_strings")) node.Unsupported("strings are not supported");
  if (!IsIntegral(node.dtype(x)) || node.rank(x) > 2) {
    ThrowInvalidArgument("expects integers of [C] or [B, C]");
  }
  const std::string mode = node.String("mode", "");
  if (mode != "TF" && mode != "IDF" && mode != "TFIDF") {
    node.Unsupported(absl::StrCat("mode ", mode));
  }
  const std::vector<int64_t> pool = node.Ints("pool_int64s"), begins = node.Ints("ngram_counts"),
                             column_of = node.Ints("ngram_indexes");
  const std::vector<double> weights = node.Floats("weights");
  const int64_t shortest = node.Int("min_gram_length", 0), longest = node.Int("max_gram_length", 0);
  const int64_t skipped = node.Int("max_skip_count", 0);
  if (shortest < 1 || longest < shortest || skipped < 0) {
    ThrowInvalidArgument("min_gram_length, max_gram_length or max_skip_count is out of range");
  }
  size_t sequences = 0;
  for (size_t i = 0; i < begins.size(); ++i) {
    const auto size = static_cast<int64_t>(pool.size()), length = static_cast<int64_t>(i) + 1;
    const int64_t end = i + 1 < begins.size() ? begins[i + 1] : size;
    if (begins[i] < 0 || end < begins[i] || end > size || (end - begins[i]) % length != 0) {
      ThrowInvalidArgument("ngram_counts does not cut the pool into sequences");
    }
    sequences += static_cast<size_t>((end - begins[i]) / length);
  }
  int64_t columns = 0;
  for (const int64_t column : column_of) {
    if (column < 0 || column >= INT32_MAX) {
      ThrowInvalidArgument(absl::StrCat("ngram_indexes has an element of ", column));
    }
    columns = std::max(columns, column + 1);
  }
  if (column_of.size() != sequences) {
    ThrowInvalidArgument(absl::StrCat("ngram_indexes has ", column_of.size(), " elements for ",
                                      sequences, " sequences"));
  }
  if (!weights.empty() && static_cast<int64_t>(weights.size()) < columns) {
    ThrowInvalidArgument(absl::StrCat(weights.size(), " weights for ", columns, " columns"));
  }
  const auto vector = [&node](const std::vector<int64_t>& values) {
    return node.Constant(FromVector(values, {static_cast<int64_t>(values.size())}));
  };
  std::vector<ValueId> inputs{node.Cast(x, kInt64), vector(pool), vector(begins),
                              vector(column_of)};
  if (!weights.empty()) {
    inputs.push_back(
        node.Constant(Cast(FromVector(weights, {static_cast<int64_t>(weights.size())}), kFloat32)));
  }
  const int64_t number = mode == "TF" ? kTf : mode == "IDF" ? kIdf : kTfIdf;
  ValueType type{.dtype = kFloat32, .shape = {columns}};
  std::vector<SymInt> shape{columns};
  if (node.rank(x) == 2) {
    const SymInt rows = node.shape(x)[0];
    shape.insert(shape.begin(), rows);
    type.shape.insert(type.shape.begin(),
                      rows.is_number() ? graph::DeclaredExtent(rows.number()) : graph::Open());
  }
  const ValueId y = node.graph().AddHostCall(
      kCount, std::move(inputs), {number, columns, shortest, longest, skipped}, {&type, 1})[0];
  node.Out(node.Reshape(y, shape));
}

}  // namespace neura::onnx
