#include "neura/python/extension/sequences.h"

#include <vector>

#include "neura/python/extension/binder.h"
#include "neura/python/extension/errors.h"
#include "neura/python/extension/gil.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/copy.h"

namespace neura::python {
namespace {

namespace py = pybind11;

PyObject* g_packed_sequence = nullptr;  // the class

// Integers, or a tensor of them.
Dims LengthsFrom(const char* function, const py::object& lengths) {
  if (IsTensor(lengths.ptr())) {
    const Tensor& given = TensorOf(lengths.ptr());
    if (given.dim() != 1 || !IsIntegral(given.dtype())) {
      ThrowInvalidArgument(std::string(function) + ": lengths must be integers [N], got " +
                           Describe(given));
    }
    const Tensor read = Contiguous(To(Cast(given, kInt64), kCpu));
    return Dims(read.data<int64_t>(), read.data<int64_t>() + read.numel());
  }
  Dims each;
  if (!FromPython(lengths.ptr(), &each)) {
    ThrowTypeError(std::string(function) + "(): argument 'lengths' must be Tensor or integers");
  }
  return each;
}

nn::PackedSequence PackedFrom(const char* function, const py::object& sequence) {
  nn::PackedSequence packed;
  if (FromPython(sequence.ptr(), &packed)) return packed;
  ThrowTypeError(std::string(function) + "(): argument 'sequence' must be PackedSequence, not " +
                 Py_TYPE(sequence.ptr())->tp_name);
}

template <typename T>
py::object ToObject(const T& value) {
  return py::reinterpret_steal<py::object>(ToPython(value));
}

py::object ToList(const std::vector<Tensor>& tensors) { return py::list(ToObject(tensors)); }

}  // namespace

bool FromPython(PyObject* object, nn::PackedSequence* value) {
  if (g_packed_sequence == nullptr) return false;
  const int is_one = PyObject_IsInstance(object, g_packed_sequence);
  if (is_one < 0) throw py::error_already_set();
  if (is_one == 0 || PyTuple_GET_SIZE(object) != 4) return false;
  const auto tensor = [&](Py_ssize_t i, Tensor* to) {
    PyObject* const item = PyTuple_GET_ITEM(object, i);
    return item == Py_None || FromPython(item, to);
  };
  *value = {};
  return tensor(0, &value->data) && tensor(1, &value->batch_sizes) &&
         tensor(2, &value->sorted_indices) && tensor(3, &value->unsorted_indices);
}

PyObject* ToPython(const nn::PackedSequence& value) {
  return py::handle(g_packed_sequence)(value.data, value.batch_sizes, value.sorted_indices,
                                       value.unsorted_indices)
      .release()
      .ptr();
}

void InitSequences(py::module_& m) {
  m.def("_set_packed_sequence_type",
        [](const py::type& type) { g_packed_sequence = py::object(type).release().ptr(); });
  py::module_ rnn = m.def_submodule("nn_utils_rnn");
  const Binder bind(rnn, "nn.utils.rnn");
  bind("pack_padded_sequence", "input, lengths, batch_first=False, enforce_sorted=True",
       "Padded sequences [T, N, ...], or [N, T, ...] with batch_first, by their steps without the "
       "padding; without enforce_sorted in any order",
       NEURA_FN(
           (const Tensor& input, const py::object& lengths, bool batch_first, bool enforce_sorted),
           {
             const Dims each = LengthsFrom("pack_padded_sequence", lengths);
             return ToObject(WithoutGil([&] {
               return nn::PackPaddedSequence(
                   input, each, {.batch_first = batch_first, .enforce_sorted = enforce_sorted});
             }));
           }),
       "PackedSequence");
  bind(
      "pad_packed_sequence", "sequence, batch_first=False, padding_value=0.0, total_length=None",
      "(sequences, lengths) of a packed sequence: [T, N, ...] or [N, T, ...] and [N], in the order "
      "that they had",
      NEURA_FN((const py::object& sequence, bool batch_first, const Scalar& padding_value,
                const std::optional<int64_t>& total_length),
               {
                 const nn::PackedSequence packed = PackedFrom("pad_packed_sequence", sequence);
                 return ToObject(WithoutGil([&] {
                   return nn::PadPackedSequence(packed, {.batch_first = batch_first,
                                                         .padding_value = padding_value,
                                                         .total_length = total_length});
                 }));
               }),
      "tuple[Tensor, Tensor]");
  bind("pad_sequence", "sequences, batch_first=False, padding_value=0.0, padding_side='right'",
       "Sequences [L, ...] as [the greatest L, N, ...], or [N, the greatest L, ...]",
       NEURA_FN((const std::vector<Tensor>& sequences, bool batch_first,
                 const Scalar& padding_value, const std::string& padding_side),
                {
                  return nn::PadSequence(sequences, {.batch_first = batch_first,
                                                     .padding_value = padding_value,
                                                     .padding_side = padding_side});
                }));
  bind("unpad_sequence", "padded_sequences, lengths, batch_first=False",
       "The sequences [L, ...] of [T, N, ...], or of [N, T, ...]",
       NEURA_FN((const Tensor& padded, const py::object& lengths, bool batch_first),
                {
                  return ToList(nn::UnpadSequence(padded, LengthsFrom("unpad_sequence", lengths),
                                                  batch_first));
                }),
       "list[Tensor]");
  bind("pack_sequence", "sequences, enforce_sorted=True", "Sequences [L, ...] by their steps",
       NEURA_FN(
           (const py::object& sequences, bool enforce_sorted),
           {
             std::vector<Tensor> each;
             if (!FromPython(sequences.ptr(), &each)) {
               ThrowTypeError("pack_sequence(): argument 'sequences' must be Sequence[Tensor]");
             }
             return ToObject(WithoutGil([&] { return nn::PackSequence(each, enforce_sorted); }));
           }),
       "PackedSequence");
  bind("unpack_sequence", "packed_sequences", "The sequences [L, ...] of a packed sequence",
       NEURA_FN((const py::object& sequence),
                { return ToList(nn::UnpackSequence(PackedFrom("unpack_sequence", sequence))); }),
       "list[Tensor]");
  bind("invert_permutation", "permutation",
       "Where each number from 0 on stands in a permutation of them; None of None",
       NEURA_FN((const std::optional<Tensor>& permutation),
                { return nn::InvertPermutation(permutation.value_or(Tensor())); }),
       "Tensor | None");
}

}  // namespace neura::python
