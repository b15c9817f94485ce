#include "neura/python/extension/data.h"

#include <pybind11/stl.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "neura/data/data.h"
#include "neura/python/extension/callable.h"
#include "neura/python/extension/errors.h"
#include "neura/python/extension/values.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/tensor.h"

namespace neura::python {
namespace {

namespace py = pybind11;
using data::Epoch;

// A batch on its way to Python: tensors of C++, or whatever Python's collate_fn has made.
struct Batch {
  std::vector<Tensor> tensors;
  std::shared_ptr<py::object> object;  // null: the tensors count
};

// A dataset of C++ whose kind is known only at run time.
class NativeDataset {
 public:
  virtual ~NativeDataset() = default;
  virtual int64_t size() const = 0;
  virtual std::vector<Tensor> Get(int64_t index) const = 0;
  virtual std::vector<Tensor> GetBatch(absl::Span<const int64_t> indices,
                                       const Epoch& epoch) const = 0;
};

template <data::Dataset D>
class Native final : public NativeDataset {
 public:
  explicit Native(D dataset) : dataset_(std::move(dataset)) {}
  int64_t size() const override { return dataset_.size(); }
  std::vector<Tensor> Get(int64_t index) const override {
    return ToVector(data::GetExample(dataset_, index, {}));
  }
  std::vector<Tensor> GetBatch(absl::Span<const int64_t> indices,
                               const Epoch& epoch) const override {
    return ToVector(data::GetBatch(dataset_, indices, epoch));
  }

 private:
  static std::vector<Tensor> ToVector(const data::ExampleOf<D>& example) {
    return {example.begin(), example.end()};
  }
  const D dataset_;
};

using Transform = std::function<Tensor(const Tensor&, absl::Span<data::SampleRandom>)>;

// What a DataLoader of C++ iterates over: a dataset of either language, and how Python joins
// examples.
class AnyDataset {
 public:
  // Null `native`: `get` gives an example. `collate` is None for native batches.
  AnyDataset(std::shared_ptr<NativeDataset> native, const py::object& get,
             const py::object& collate, int64_t size)
      : native_(std::move(native)),
        get_(SharedCallable(get)),
        collate_(collate.is_none() ? nullptr : SharedCallable(collate)),
        size_(size) {}

  int64_t size() const { return size_; }
  // The concept asks for it; batches are made by GetBatch.
  Batch Get(int64_t index) const { return GetBatch({&index, 1}, {}); }

  Batch GetBatch(absl::Span<const int64_t> indices, const Epoch& epoch) const {
    if (collate_ == nullptr) return {native_->GetBatch(indices, epoch), nullptr};
    py::gil_scoped_acquire acquire;
    py::list examples;
    for (const int64_t index : indices) examples.append((*get_)(index));
    return {{}, SharedCallable((*collate_)(examples))};
  }

 private:
  std::shared_ptr<NativeDataset> native_;
  std::shared_ptr<py::object> get_, collate_;
  int64_t size_;
};

using Loader = data::DataLoader<AnyDataset>;

// One pass over a loader, which it keeps alive.
class Pass {
 public:
  explicit Pass(std::shared_ptr<Loader> loader) : loader_(std::move(loader)) {}
  ~Pass() { Close(); }

  // Workers that still prepare batches may need the lock to end.
  void Close() {
    WithoutGil([&] { iterator_.reset(); });
    closed_ = true;
  }

  py::object Next() {
    if (closed_) throw py::stop_iteration();
    const bool more = WithoutGil([&] {
      if (!iterator_) {
        iterator_.emplace(loader_->begin());
      } else {
        ++*iterator_;
      }
      return *iterator_ != loader_->end();
    });
    if (!more) throw py::stop_iteration();
    Batch& batch = **iterator_;
    if (batch.object != nullptr) return *batch.object;
    py::list list;
    for (const Tensor& tensor : batch.tensors) list.append(py::cast(tensor));
    return list;
  }

 private:
  std::shared_ptr<Loader> loader_;
  std::optional<Loader::Iterator> iterator_;
  bool closed_ = false;
};

std::shared_ptr<NativeDataset> MakeTensorDataset(const std::vector<Tensor>& t) {
  switch (t.size()) {
    case 1:
      return std::make_shared<Native<data::TensorDataset<1>>>(data::TensorDataset(t[0]));
    case 2:
      return std::make_shared<Native<data::TensorDataset<2>>>(data::TensorDataset(t[0], t[1]));
    case 3:
      return std::make_shared<Native<data::TensorDataset<3>>>(
          data::TensorDataset(t[0], t[1], t[2]));
    case 4:
      return std::make_shared<Native<data::TensorDataset<4>>>(
          data::TensorDataset(t[0], t[1], t[2], t[3]));
    default:
      break;
  }
  ThrowInvalidArgument("TensorDataset: expected 1 to 4 tensors, got " + std::to_string(t.size()));
}

std::shared_ptr<NativeDataset> MakeFashionMnist(bool train, const std::string& root,
                                                const std::vector<Transform>& transforms) {
  data::FashionMnistOptions options{.train = train};
  if (!root.empty()) options.root = root;
  auto dataset = WithoutGil([&] { return data::FashionMnist(options); });
  if (!dataset.ok()) {
    ThrowStatus(dataset.status());
  }
  const Transform all = [transforms](const Tensor& images, absl::Span<data::SampleRandom> randoms) {
    Tensor result = images;
    for (const Transform& transform : transforms) result = transform(result, randoms);
    return result;
  };
  using D = data::Transformed<data::TensorDataset<2>, Transform>;
  return std::make_shared<Native<D>>(D(*std::move(dataset), all));
}

// A transform as Python holds it.
struct PyTransform {
  Transform transform;
  std::string text;
};

Tensor ApplyTransform(const PyTransform& self, const Tensor& image) {
  return WithoutGil([&] {
    data::SampleRandom random({.seed = DefaultGenerator().Reserve(1).offset}, 0);
    return Squeeze(self.transform(Unsqueeze(image, 0), absl::MakeSpan(&random, 1)), {0});
  });
}

}  // namespace

void InitData(py::module_& parent) {
  py::module_ m = parent.def_submodule("data");
  py::class_<NativeDataset, std::shared_ptr<NativeDataset>>(m, "NativeDataset")
      .def("__len__", &NativeDataset::size)
      .def("__getitem__", [](const NativeDataset& self, int64_t index) {
        const int64_t size = self.size();
        if (index < -size || index >= size) throw py::index_error("dataset index out of range");
        return py::reinterpret_steal<py::object>(
            ToPython(WithoutGil([&] { return self.Get(index < 0 ? index + size : index); })));
      });
  m.def("tensor_dataset", &MakeTensorDataset);
  m.def("fashion_mnist",
        [](bool train, const std::string& root, const std::vector<PyTransform>& transforms) {
          std::vector<Transform> list;
          for (const PyTransform& transform : transforms) list.push_back(transform.transform);
          return MakeFashionMnist(train, root, list);
        });
  m.def("subset",
        [](const std::shared_ptr<NativeDataset>& dataset,
           const std::vector<int64_t>& indices) -> std::shared_ptr<NativeDataset> {
          class Part final : public NativeDataset {
           public:
            Part(std::shared_ptr<NativeDataset> dataset, std::vector<int64_t> indices)
                : dataset_(std::move(dataset)), indices_(std::move(indices)) {
              for (const int64_t index : indices_) data::CheckIndex(index, dataset_->size());
            }
            int64_t size() const override { return static_cast<int64_t>(indices_.size()); }
            std::vector<Tensor> Get(int64_t index) const override {
              return dataset_->Get(indices_[static_cast<size_t>(index)]);
            }
            std::vector<Tensor> GetBatch(absl::Span<const int64_t> indices,
                                         const Epoch& epoch) const override {
              std::vector<int64_t> origins;
              for (const int64_t i : indices) origins.push_back(indices_[static_cast<size_t>(i)]);
              return dataset_->GetBatch(origins, epoch);
            }

           private:
            const std::shared_ptr<NativeDataset> dataset_;
            const std::vector<int64_t> indices_;
          };
          return std::make_shared<Part>(dataset, indices);
        });
  m.def("random_parts", [](int64_t size, const std::vector<int64_t>& lengths, uint64_t seed) {
    return data::internal::RandomParts(size, lengths, seed);
  });

  py::class_<PyTransform>(m, "Transform")
      .def("__call__", &ApplyTransform, py::arg("image"))
      .def("__repr__", [](const PyTransform& self) { return self.text; });
  m.def("to_float", [] { return PyTransform{data::ToFloat{}, "ToFloat()"}; });
  m.def("normalize", [](const std::vector<float>& mean, const std::vector<float>& std) {
    return PyTransform{data::Normalize(mean, std), "Normalize()"};
  });
  m.def("random_horizontal_flip", [](double p) {
    return PyTransform{data::RandomHorizontalFlip{p},
                       "RandomHorizontalFlip(p=" + std::to_string(p) + ")"};
  });
  m.def("random_crop", [](int64_t size, int64_t padding) {
    return PyTransform{data::RandomCrop{size, padding}, "RandomCrop()"};
  });

  py::class_<Pass>(m, "Pass")
      .def("__iter__", [](const py::object& self) { return self; })
      .def("__next__", &Pass::Next)
      .def("close", &Pass::Close);
  py::class_<Loader, std::shared_ptr<Loader>>(m, "Loader")
      .def(py::init([](const std::shared_ptr<NativeDataset>& native, const py::object& get,
                       const py::object& collate, int64_t size, int64_t batch_size, bool shuffle,
                       bool drop_last, int num_workers, int64_t prefetch_factor, uint64_t seed,
                       const py::object& sampler) {
        data::DataLoaderOptions options{.batch_size = batch_size,
                                        .shuffle = shuffle,
                                        .drop_last = drop_last,
                                        .num_workers = num_workers,
                                        .prefetch_factor = prefetch_factor,
                                        .seed = seed};
        if (!sampler.is_none()) {
          options.sampler = [shared = SharedCallable(sampler)](const Epoch&) {
            py::gil_scoped_acquire acquire;
            std::vector<int64_t> indices;
            for (const py::handle index : *shared) {
              int64_t value = 0;
              if (!FromPython(index.ptr(), &value)) ThrowTypeError("a sampler must give integers");
              indices.push_back(value);
            }
            return indices;
          };
        }
        return std::make_shared<Loader>(AnyDataset(native, get, collate, size), options);
      }))
      .def("__len__", &Loader::size)
      .def_property("epoch", &Loader::epoch, &Loader::set_epoch)
      .def("__iter__",
           [](const std::shared_ptr<Loader>& self) { return std::make_unique<Pass>(self); });
}

}  // namespace neura::python
