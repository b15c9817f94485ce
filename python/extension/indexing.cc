#include "neura/python/extension/indexing.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "neura/autograd/autograd.h"
#include "neura/python/extension/convert.h"
#include "neura/python/extension/errors.h"
#include "neura/python/extension/values.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/dispatch.h"
#include "neura/tensor/ops/op_list/pointwise.h"
#include "neura/tensor/ops/schema.h"
#include "neura/tensor/ops/wide_indices.h"
#include "neura/tensor/tensor.h"

namespace neura::python {
namespace {

namespace py = pybind11;

// What an index comes to: a view of the tensor, and for each dimension of that view the integer
// tensor that gathers from it, or none.
struct Parsed {
  Tensor view;
  std::vector<std::optional<Tensor>> gathers;
  bool is_copy =
      false;  // the view is none: strides are not negative, so a reversed slice is a copy

  auto num_gathers() const {
    return std::count_if(gathers.begin(), gathers.end(),
                         [](const auto& g) { return g.has_value(); });
  }
  bool gathers_any() const { return num_gathers() > 0; }
};

bool IsIndexArray(PyObject* item) {
  return IsTensor(item) || PyList_Check(item) || PyTuple_Check(item) || IsNumpyArray(item);
}

// The tensor that a list, an array or a tensor means as an index.
Tensor IndexTensor(PyObject* item) {
  if (IsTensor(item)) return TensorOf(item);
  const Tensor tensor = TensorFromData(py::reinterpret_borrow<py::object>(item), std::nullopt);
  // An empty list has no integers to tell its dtype.
  return tensor.numel() == 0 && IsFloating(tensor.dtype()) ? Cast(tensor, kInt64) : tensor;
}

// Whether a list stands for a tuple, as in PyTorch: a short one that holds more than numbers.
bool IsListOfIndices(PyObject* index) {
  if (!PyList_Check(index) || PyList_GET_SIZE(index) >= 32) return false;
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(index); ++i) {
    PyObject* const item = PyList_GET_ITEM(index, i);
    if (IsIndexArray(item) || PySlice_Check(item) || item == Py_Ellipsis || item == Py_None) {
      return true;
    }
  }
  return false;
}

class IndexParser {
 public:
  explicit IndexParser(const Tensor& tensor) { parsed_.view = tensor; }

  Parsed Parse(PyObject* index) {
    // A list is one index; a tuple is one for each dimension.
    const py::object items = PyTuple_Check(index) ? py::reinterpret_borrow<py::object>(index)
                             : IsListOfIndices(index)
                                 ? py::reinterpret_steal<py::object>(PyList_AsTuple(index))
                                 : py::object(py::make_tuple(py::handle(index)));
    const Py_ssize_t count = PyTuple_GET_SIZE(items.ptr());
    int64_t consumed = 0;
    bool has_ellipsis = false;
    for (Py_ssize_t i = 0; i < count; ++i) {
      PyObject* const item = PyTuple_GET_ITEM(items.ptr(), i);
      if (item == Py_Ellipsis) {
        if (has_ellipsis) ThrowOutOfRange("an index can have one ellipsis ('...') only");
        has_ellipsis = true;
      } else if (item != Py_None && !PyBool_Check(item)) {
        consumed += Consumes(item);
      }
    }
    const int64_t rank = parsed_.view.dim();
    if (consumed > rank) {
      ThrowOutOfRange(
          absl::StrCat("too many indices: ", consumed, " for ", Describe(parsed_.view)));
    }
    for (Py_ssize_t i = 0; i < count; ++i) {
      PyObject* const item = PyTuple_GET_ITEM(items.ptr(), i);
      if (item == Py_Ellipsis) {
        Keep(rank - consumed);
      } else {
        One(item);
      }
    }
    Keep(parsed_.view.dim() - dim_);
    return std::move(parsed_);
  }

 private:
  static int64_t Consumes(PyObject* item) {
    if (PyIndex_Check(item) && !IsTensor(item) && !IsNumpyArray(item)) return 1;
    if (!IsIndexArray(item)) return 1;
    const Tensor tensor = IndexTensor(item);
    return tensor.dtype() == kBool ? tensor.dim() : 1;
  }

  void Keep(int64_t dims) {
    parsed_.gathers.resize(parsed_.gathers.size() + static_cast<size_t>(dims));
    dim_ += dims;
  }

  void One(PyObject* item) {
    Tensor& view = parsed_.view;
    if (item == Py_None) {
      view = Unsqueeze(view, dim_);
      Keep(1);
    } else if (PySlice_Check(item)) {
      Py_ssize_t start = 0, stop = 0, step = 0;
      if (PySlice_Unpack(item, &start, &stop, &step) < 0) throw py::error_already_set();
      const Py_ssize_t count =
          PySlice_AdjustIndices(static_cast<Py_ssize_t>(view.size(dim_)), &start, &stop, step);
      if (step < 0) {
        const Py_ssize_t first = count == 0 ? 0 : start + (count - 1) * step;
        view = Slice(view, dim_, first, count == 0 ? 0 : start + 1, -step);
        view = Flip(view, {dim_});
        parsed_.is_copy = true;
      } else if (start != 0 || stop != view.size(dim_) || step != 1) {
        view = Slice(view, dim_, start, std::max(start, stop), step);
      }
      Keep(1);
    } else if (PyBool_Check(item)) {
      view = Unsqueeze(view, dim_);
      Gather({FromVector(std::vector<int64_t>(item == Py_True ? 1 : 0, 0),
                         {item == Py_True ? 1 : 0})});
    } else if (IsIndexArray(item)) {
      Array(IndexTensor(item));
    } else if (int64_t index = 0; FromPython(item, &index)) {
      view = Select(view, dim_, index);
    } else {
      ThrowTypeError(
          absl::StrCat("an index must be an integer, a slice, None, '...', a tensor or "
                       "a list, not ",
                       Py_TYPE(item)->tp_name));
    }
  }

  void Array(const Tensor& index) {
    Tensor& view = parsed_.view;
    if (index.dtype() == kBool) {
      if (index.dim() == 0) {
        view = Unsqueeze(view, dim_);
        const int64_t count = index.Item<bool>() ? 1 : 0;
        Gather({FromVector(std::vector<int64_t>(static_cast<size_t>(count), 0), {count})});
        return;
      }
      for (int64_t d = 0; d < index.dim(); ++d) {
        // As in NumPy, a mask of nothing chooses nothing.
        if (index.size(d) == view.size(dim_ + d) || index.size(d) == 0) continue;
        ThrowOutOfRange(absl::StrCat("the mask ", Describe(index), " does not fit ", Describe(view),
                                     " at dim ", dim_ + d));
      }
      Gather(Unbind(NonZero(index), 1));
      return;
    }
    if (!IsIntegral(index.dtype())) {
      ThrowOutOfRange(
          absl::StrCat("a tensor that indexes must be of integers or bool, not ", Describe(index)));
    }
    if (index.dim() == 0) {
      view = Select(view, dim_, index.Item<int64_t>());
      return;
    }
    Gather({index});
  }

  void Gather(std::vector<Tensor> indices) {
    for (Tensor& index : indices) {
      // Negative positions count from the end.
      const int64_t extent = parsed_.view.size(dim_);
      const Tensor wide = internal::WideIndices("an index", index);
      index = index.numel() == 0 ? wide : Where(wide < int64_t{0}, wide + extent, wide);
      parsed_.gathers.emplace_back(std::move(index));
      ++dim_;
    }
  }

  Parsed parsed_;
  int64_t dim_ = 0;
};

// The gathered dimensions as one, addressed by row-major positions in them.
struct Gathering {
  Tensor view;       // the tensor with the gathered dimensions moved to the front
  Tensor positions;  // int64 [count], in the gathered dimensions joined
  Dims gathered;     // extents of the gathered dimensions
  Dims index_shape;  // what replaces them in the result
  int64_t place;     // where in the result
};

Gathering Prepare(const Parsed& parsed) {
  Gathering g;
  Dims order, rest;
  Tensor positions;
  int64_t first = -1, last = -1;
  for (size_t d = 0; d < parsed.gathers.size(); ++d) {
    if (parsed.gathers[d]) {
      if (first < 0) first = static_cast<int64_t>(d);
      last = static_cast<int64_t>(d);
      order.push_back(static_cast<int64_t>(d));
      g.gathered.push_back(parsed.view.size(static_cast<int64_t>(d)));
    } else {
      rest.push_back(static_cast<int64_t>(d));
    }
  }
  for (size_t d = 0; d < parsed.gathers.size(); ++d) {
    if (!parsed.gathers[d]) continue;
    const Tensor& index = *parsed.gathers[d];
    const int64_t extent = parsed.view.size(static_cast<int64_t>(d));
    // Of one dimension, the gathering itself looks; a capture must not know the elements.
    const bool is_looked_at_later = parsed.num_gathers() == 1 && IsWatched();
    if (index.numel() > 0 && !is_looked_at_later) {
      const int64_t low = AMin(index).Item<int64_t>(), high = AMax(index).Item<int64_t>();
      if (low < 0 || high >= extent) {
        ThrowOutOfRange(absl::StrCat("index ", low < 0 ? low - extent : high, " is outside dim ", d,
                                     " of ", Describe(parsed.view)));
      }
    }
    positions = positions.defined() ? positions * extent + index : index;
  }
  // Side by side, the gathered dimensions stay where they are; else the result begins with them.
  const bool together = last - first + 1 == static_cast<int64_t>(order.size());
  g.place = together ? first : 0;
  g.index_shape = Dims(positions.shape().begin(), positions.shape().end());
  g.positions = Reshape(positions, {-1});
  order.insert(order.end(), rest.begin(), rest.end());
  g.view = Permute(parsed.view, order);
  return g;
}

// [gathered..., rest...] -> [joined, rest...]
Tensor JoinGathered(const Gathering& g, const Tensor& tensor) {
  Dims shape = {NumElements(g.gathered)};
  shape.insert(shape.end(), tensor.shape().begin() + static_cast<int64_t>(g.gathered.size()),
               tensor.shape().end());
  return Reshape(tensor, shape);
}

// Moves the first `count` dimensions behind the `place` ones that follow them.
Tensor MoveFront(const Tensor& tensor, int64_t count, int64_t place) {
  if (place == 0) return tensor;
  Dims order;
  for (int64_t d = 0; d < place; ++d) order.push_back(count + d);
  for (int64_t d = 0; d < count; ++d) order.push_back(d);
  for (int64_t d = count + place; d < tensor.dim(); ++d) order.push_back(d);
  return Permute(tensor, order);
}

Tensor GetItem(const Tensor& tensor, PyObject* index) {
  Parsed parsed = IndexParser(tensor).Parse(index);
  if (!parsed.gathers_any()) return parsed.view;
  return WithoutGil([&] {
    const Gathering g = Prepare(parsed);
    const Tensor rows = IndexSelect(JoinGathered(g, g.view), 0, g.positions);
    Dims shape = g.index_shape;
    shape.insert(shape.end(), rows.shape().begin() + 1, rows.shape().end());
    return MoveFront(Reshape(rows, shape), static_cast<int64_t>(g.index_shape.size()), g.place);
  });
}

// `base` with the rows at `positions` replaced by those of `source`, the last where several are
// meant for one place.
Tensor WithRows(const Tensor& base, const Tensor& positions, const Tensor& source) {
  std::vector<int64_t> from(static_cast<size_t>(base.size(0)), -1);
  const Tensor places = Contiguous(positions);
  for (int64_t i = 0; i < places.numel(); ++i) {
    from[static_cast<size_t>(places.data<int64_t>()[i])] = i;
  }
  const Tensor order = FromVector(from, {base.size(0)});
  Dims column(static_cast<size_t>(base.dim()), 1);
  column[0] = base.size(0);
  const Tensor taken = IndexSelect(source, 0, Maximum(order, int64_t{0}));
  return Where(Reshape(order >= int64_t{0}, column), taken, base);
}

// x[index] = value through gathered positions.
void SetGathered(const Parsed& parsed, const Tensor& value) {
  const Gathering g = Prepare(parsed);
  const Tensor base = JoinGathered(g, g.view);
  // The value in the order of the gathered positions.
  Dims result_shape = g.index_shape;
  result_shape.insert(result_shape.end(), base.shape().begin() + 1, base.shape().end());
  const auto index_rank = static_cast<int64_t>(g.index_shape.size());
  const Tensor like = MoveFront(Expand(Zeros({1}), result_shape), index_rank, g.place);
  Tensor source = Expand(value, like.shape());
  if (g.place != 0) {
    Dims order;
    for (int64_t d = 0; d < index_rank; ++d) order.push_back(g.place + d);
    for (int64_t d = 0; d < source.dim(); ++d) {
      if (d < g.place || d >= g.place + index_rank) order.push_back(d);
    }
    source = Permute(source, order);
  }
  Dims flat = {g.positions.numel()};
  flat.insert(flat.end(), base.shape().begin() + 1, base.shape().end());
  source = Reshape(source, flat);
  if (g.positions.numel() == 0) return;
  Assign(g.view, Reshape(WithRows(base, g.positions, source), g.view.shape()));
}

// Without extents of 1 on the left that `rank` dimensions have no place for.
Tensor WithRank(Tensor source, int64_t rank) {
  while (source.dim() > rank && source.size(0) == 1) source = Squeeze(source, {0});
  return source;
}

// x[index] = value where a gradient flows, or where no view says what is meant. A view cannot
// record that its base has changed, so all of x is computed and assigned.
void SetThroughPlaces(const Tensor& tensor, PyObject* index, const Tensor& value) {
  const Tensor places = GetItem(Reshape(Arange(tensor.numel()), tensor.shape()), index);
  WithoutGil([&] {
    const Tensor source =
        Expand(WithRank(Cast(value, tensor.dtype()), places.dim()), places.shape());
    if (places.numel() == 0) return;
    const Tensor result =
        WithRows(Reshape(tensor, {-1}), Reshape(places, {-1}), Reshape(source, {-1}));
    Assign(tensor, Reshape(result, tensor.shape()));
  });
}

void SetItem(const Tensor& tensor, PyObject* index, PyObject* value) {
  Operand given;
  if (!FromPython(value, &given)) {
    given = TensorFromData(py::reinterpret_borrow<py::object>(value), tensor.dtype());
  }
  const Tensor source =
      given.is_tensor ? given.tensor : ScalarTensor(given.scalar, {.dtype = tensor.dtype()});
  if (GradEnabled() && (RequiresGrad(tensor) || RequiresGrad(source))) {
    SetThroughPlaces(tensor, index, source);
    return;
  }
  Parsed parsed = IndexParser(tensor).Parse(index);
  if (parsed.is_copy) {
    SetThroughPlaces(tensor, index, source);
    return;
  }
  WithoutGil([&] {
    if (!parsed.gathers_any()) {
      Assign(parsed.view, WithRank(source, parsed.view.dim()));
      return;
    }
    SetGathered(parsed, Cast(source, tensor.dtype()));
  });
}

// ---- slots -----------------------------------------------------------------------------------

Py_ssize_t Length(PyObject* self) {
  return Guarded(
      [&]() -> Py_ssize_t {
        if (TensorOf(self).dim() == 0) ThrowTypeError("len() of a 0-d tensor");
        return static_cast<Py_ssize_t>(TensorOf(self).size(0));
      },
      Py_ssize_t{-1});
}

PyObject* Subscript(PyObject* self, PyObject* index) {
  return Guarded([&] { return ToPython(GetItem(TensorOf(self), index)); });
}

int AssignSubscript(PyObject* self, PyObject* index, PyObject* value) {
  return GuardedInt([&] {
    if (value == nullptr) ThrowTypeError("elements of a tensor cannot be deleted");
    SetItem(TensorOf(self), index, value);
  });
}

// The slices of the first dimension.
PyObject* Iterate(PyObject* self) {
  return Guarded([&]() -> PyObject* {
    const Tensor& tensor = TensorOf(self);
    if (tensor.dim() == 0) ThrowTypeError("iteration over a 0-d tensor");
    std::vector<Tensor> slices;
    for (int64_t i = 0; i < tensor.size(0); ++i) slices.push_back(Select(tensor, 0, i));
    const auto tuple = py::reinterpret_steal<py::object>(ToPython(slices));
    return PyObject_GetIter(tuple.ptr());
  });
}

int Contains(PyObject* self, PyObject* value) {
  return Guarded(
      [&]() -> int {
        Operand both[2];
        both[0] = TensorOf(self);
        if (!FromPython(value, &both[1])) return 0;
        NumbersToTensors(op::kEq, both);
        return Any(Eq(both[0].tensor, both[1].tensor)).Item<bool>();
      },
      -1);
}

const PyType_Slot kSlots[] = {
    {Py_mp_length, reinterpret_cast<void*>(Length)},
    {Py_mp_subscript, reinterpret_cast<void*>(Subscript)},
    {Py_mp_ass_subscript, reinterpret_cast<void*>(AssignSubscript)},
    {Py_sq_contains, reinterpret_cast<void*>(Contains)},
    {Py_tp_iter, reinterpret_cast<void*>(Iterate)},
};

}  // namespace

absl::Span<const PyType_Slot> IndexingSlots() { return kSlots; }

}  // namespace neura::python
