#include "neura/python/extension/data.h"

#include <pybind11/stl.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "neura/data/data.h"
#include "neura/python/extension/callable.h"
#include "neura/python/extension/errors.h"
#include "neura/python/extension/garbage.h"
#include "neura/python/extension/shared_class.h"
#include "neura/python/extension/transforms.h"
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

// What a loader calls of Python. Under the interpreter's lock alone, and empty once the loader was
// found to be garbage.
struct Callables {
  py::object get;            // an example by its index
  py::object collate;        // a batch of a list of examples; None for batches of C++
  py::object sampler;        // indices, or None
  py::object batch_sampler;  // lists of indices, or None
  py::object start_worker;   // of a worker's number, or None
};

// The loader owns its callables alone, so that the collector may see what they lead to. Whoever
// prepares a batch holds on to them for so long.
std::shared_ptr<Callables> Lock(const std::weak_ptr<Callables>& callables) {
  std::shared_ptr<Callables> locked = callables.lock();
  if (locked == nullptr || !locked->get) {
    ThrowFailedPrecondition("DataLoader: the loader is gone");
  }
  return locked;
}

// Calls a function of the user for one thing of a pass. StopIteration would end the pass as if it
// were complete.
py::object CallForBatch(const py::object& function, const py::tuple& arguments,
                        const std::string& what) {
  try {
    return CallPython(function, arguments);
  } catch (py::error_already_set& error) {
    if (!error.matches(PyExc_StopIteration)) throw;
    py::raise_from(error, PyExc_RuntimeError,
                   ("DataLoader: " + what + " raised StopIteration").c_str());
    throw py::error_already_set();
  }
}

std::vector<int64_t> ReadIndices(const py::handle& sampler, const char* what) {
  std::vector<int64_t> indices;
  for (const py::handle index : sampler) {
    int64_t value = 0;
    if (!FromPython(index.ptr(), &value)) {
      ThrowTypeError(std::string(what) + " must give integers, not " +
                     Py_TYPE(index.ptr())->tp_name);
    }
    indices.push_back(value);
  }
  return indices;
}

// What a DataLoader of C++ iterates over: a dataset of either language, and how Python joins
// examples.
class AnyDataset {
 public:
  // Null `native`: Python's get() and collate() make the batches.
  AnyDataset(std::shared_ptr<NativeDataset> native, std::weak_ptr<Callables> callables,
             int64_t size)
      : native_(std::move(native)), callables_(std::move(callables)), size_(size) {}

  int64_t size() const { return size_; }
  // The concept asks for it; batches are made by GetBatch.
  Batch Get(int64_t index) const { return GetBatch({&index, 1}, {}); }

  Batch GetBatch(absl::Span<const int64_t> indices, const Epoch& epoch) const {
    if (native_ != nullptr) return {native_->GetBatch(indices, epoch), nullptr};
    const GilHeld held;
    const std::shared_ptr<Callables> callables = Lock(callables_);
    const py::object get = callables->get, collate = callables->collate;
    py::list examples;
    for (const int64_t index : indices) {
      examples.append(CallForBatch(get, py::make_tuple(index),
                                   "the dataset's example " + std::to_string(index)));
    }
    return {{}, SharedCallable(CallForBatch(collate, py::make_tuple(examples), "collate_fn"))};
  }

 private:
  std::shared_ptr<NativeDataset> native_;
  std::weak_ptr<Callables> callables_;
  int64_t size_;
};

class Loader {
 public:
  using Native = data::DataLoader<AnyDataset>;

  Loader(const std::shared_ptr<NativeDataset>& native, Callables callables, int64_t size,
         data::DataLoaderOptions options)
      : callables_(new Callables(std::move(callables)), [](Callables* last) {
          const GilHeld held;
          delete last;
        }) {
    const std::weak_ptr<Callables> weak = callables_;
    if (!callables_->sampler.is_none()) {
      options.sampler = [weak](const Epoch&) {
        const GilHeld held;
        return ReadIndices(Lock(weak)->sampler, "a sampler");
      };
    }
    if (!callables_->batch_sampler.is_none()) {
      options.batch_sampler = [weak](const Epoch&) {
        const GilHeld held;
        const py::object batch_sampler = Lock(weak)->batch_sampler;
        std::vector<std::vector<int64_t>> batches;
        for (const py::handle batch : batch_sampler) {
          batches.push_back(ReadIndices(batch, "the lists of a batch_sampler"));
        }
        return batches;
      };
    }
    if (!callables_->start_worker.is_none()) {
      options.start_worker = [weak](int worker) {
        const GilHeld held;
        const py::object start = Lock(weak)->start_worker;
        CallForBatch(start, py::make_tuple(worker), "worker_init_fn");
      };
    }
    loader_.emplace(AnyDataset(native, callables_, size), std::move(options));
  }

  Native& native() { return *loader_; }
  const std::shared_ptr<Callables>& callables() const { return callables_; }

 private:
  std::shared_ptr<Callables> callables_;
  std::optional<Native> loader_;
};

// What a loader holds of Python, unless a worker is just using it.
struct LoaderReferences {
  template <typename F>
  static void Visit(PyObject* self, F visit) {
    auto* const loader = static_cast<Loader*>(ValueOf(self));
    if (loader == nullptr) return;
    const std::shared_ptr<Callables>& own = loader->callables();
    // Python objects leave and enter under the lock alone, which the collector holds.
    if (own.use_count() > 1) return;
    for (const py::object* object :
         {&own->get, &own->collate, &own->sampler, &own->batch_sampler, &own->start_worker}) {
      visit(object->ptr());
    }
  }
  static void Clear(PyObject* self) {
    if (auto* const loader = static_cast<Loader*>(ValueOf(self))) {
      const Callables gone = std::exchange(*loader->callables(), {});
    }
  }
};

// One pass over a loader, which it keeps alive. Several threads may take from it.
class Pass {
 public:
  using Native = Loader::Native::Pass;

  Pass(const py::object& loader, std::optional<double> timeout)
      : loader_(loader), timeout_(timeout) {
    WithoutGil([&, &native = loader.cast<Loader&>().native()] { pass_.emplace(native); });
  }
  ~Pass() {
    try {
      Stop(/*interruptible=*/false);
      WithoutGil([&] { pass_.reset(); });
    } catch (...) {
      WaitForTheEnd();  // only a thread that the interpreter wants to end comes here
    }
  }

  py::object Next() {
    if (closed_) throw py::stop_iteration();
    const std::optional<int64_t> i = pass_->Claim();
    if (!i) throw py::stop_iteration();
    const auto start = Clock::now();
    for (;;) {
      const auto outcome = WithoutGil([&] { return pass_->WaitFor(*i, kSlice); });
      if (outcome == Native::Outcome::kReady) break;
      if (outcome == Native::Outcome::kStopped) throw py::stop_iteration();
      if (PyErr_CheckSignals() != 0) {
        const py::error_already_set interrupt;
        Abandon();
        throw interrupt;
      }
      if (timeout_ && std::chrono::duration<double>(Clock::now() - start).count() >= *timeout_) {
        Abandon();
        throw std::runtime_error("DataLoader: no batch came within the timeout of " +
                                 std::string(py::str(py::float_(*timeout_))) +
                                 " seconds; the pass is closed");
      }
    }
    const Batch batch = WithoutGil([&] { return pass_->Take(*i); });
    if (batch.object != nullptr) return *batch.object;
    py::list list;
    for (const Tensor& tensor : batch.tensors) list.append(py::cast(tensor));
    return list;
  }

  // Waits for workers, which may be in the middle of a batch, but not for ever.
  void Close() { Stop(/*interruptible=*/true); }

  py::object& loader() { return loader_; }

 private:
  using Clock = std::chrono::steady_clock;
  // How often a wait looks for signals, and how long closing waits for a worker to end.
  static constexpr std::chrono::milliseconds kSlice{50};
  static constexpr std::chrono::seconds kPatience{5};

  void Abandon() {
    if (closed_) return;
    closed_ = true;
    pass_->Stop({});
    pass_->Abandon();
  }

  void Stop(bool interruptible) {
    if (closed_ || !pass_) return;
    closed_ = true;
    const auto start = Clock::now();
    // Workers that wait for the lock of an interpreter that ends do not end.
    while (!WithoutGil([&] { return pass_->Stop(kSlice); })) {
      const bool interrupted = interruptible && PyErr_CheckSignals() != 0;
      if (!interrupted && !InterpreterEnds() && Clock::now() - start < kPatience) continue;
      pass_->Abandon();
      if (interrupted) throw py::error_already_set();
      return;
    }
  }

  py::object loader_;
  const std::optional<double> timeout_;
  bool closed_ = false;  // under the interpreter's lock
  std::optional<Native> pass_;
};

struct PassReferences {
  template <typename F>
  static void Visit(PyObject* self, F visit) {
    if (auto* const pass = static_cast<Pass*>(ValueOf(self))) visit(pass->loader().ptr());
  }
  static void Clear(PyObject* self) {
    if (auto* const pass = static_cast<Pass*>(ValueOf(self))) {
      const py::object gone = std::exchange(pass->loader(), {});
    }
  }
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

}  // namespace

void InitData(py::module_& parent) {
  py::module_ m = parent.def_submodule("data");
  SharedClass<NativeDataset>(m, "NativeDataset")
      .def("__len__", &NativeDataset::size)
      .def("__getitem__", [](const NativeDataset& self, int64_t index) {
        const int64_t size = self.size();
        if (index < -size || index >= size) throw py::index_error("dataset index out of range");
        return py::reinterpret_steal<py::object>(
            ToPython(WithoutGil([&] { return self.Get(index < 0 ? index + size : index); })));
      });
  InitTransforms(m);
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

  py::class_<Pass>(m, "Pass", py::custom_type_setup(GarbageCollected<PassReferences>::SetUp))
      .def("__iter__", [](const py::object& self) { return self; })
      .def("__next__", &Pass::Next)
      .def("close", &Pass::Close);
  py::class_<Loader>(m, "Loader", py::custom_type_setup(GarbageCollected<LoaderReferences>::SetUp))
      .def(py::init([](const std::shared_ptr<NativeDataset>& native, const py::object& get,
                       const py::object& collate, int64_t size, int64_t batch_size, bool shuffle,
                       bool drop_last, int num_workers, int64_t prefetch_factor, uint64_t seed,
                       const py::object& sampler, const py::object& batch_sampler,
                       const py::object& start_worker) {
        return std::make_unique<Loader>(
            native, Callables{get, collate, sampler, batch_sampler, start_worker}, size,
            data::DataLoaderOptions{.batch_size = batch_size,
                                    .shuffle = shuffle,
                                    .drop_last = drop_last,
                                    .num_workers = num_workers,
                                    .prefetch_factor = prefetch_factor,
                                    .seed = seed});
      }))
      .def("__len__", [](Loader& self) { return self.native().size(); })
      .def_property(
          "epoch", [](Loader& self) { return self.native().epoch(); },
          [](Loader& self, int64_t epoch) { self.native().set_epoch(epoch); })
      .def("begin", [](const py::object& self, const std::optional<double>& timeout) {
        return std::make_unique<Pass>(self, timeout);
      });
}

}  // namespace neura::python
