#include "neura/python/extension/data.h"

#include <pybind11/stl.h>

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "neura/data/data.h"
#include "neura/python/extension/audio.h"
#include "neura/python/extension/callable.h"
#include "neura/python/extension/data_files.h"
#include "neura/python/extension/errors.h"
#include "neura/python/extension/garbage.h"
#include "neura/python/extension/shared_class.h"
#include "neura/python/extension/text.h"
#include "neura/python/extension/transforms.h"
#include "neura/python/extension/values.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/random/generator_scope.h"
#include "neura/tensor/random/philox.h"
#include "neura/tensor/tensor.h"

namespace neura::python {
namespace {

namespace py = pybind11;
using data::Epoch;

// A dataset of C++ whose kind is known only at run time.
class NativeDataset {
 public:
  virtual ~NativeDataset() = default;
  virtual int64_t size() const = 0;
  virtual std::vector<Tensor> Get(int64_t index) const = 0;
  virtual std::vector<Tensor> GetBatch(absl::Span<const int64_t> indices,
                                       const Epoch& epoch) const = 0;
};

// What an example that is asked for by itself gets its random numbers from.
Epoch OneEpoch() {
  const RandomState state = DefaultGenerator().Reserve(1);
  // The streams of no pass over a dataset.
  const PhiloxWords words = Philox(state.seed, state.offset, uint64_t{1} << 62);
  return {.seed = uint64_t{words[0]} << 32 | words[1], .number = -2};
}

template <data::Dataset D>
class Native final : public NativeDataset {
 public:
  explicit Native(D dataset) : dataset_(std::move(dataset)) {}
  int64_t size() const override { return dataset_.size(); }
  std::vector<Tensor> Get(int64_t index) const override {
    if constexpr (requires { dataset_.Get(index, Epoch()); }) {
      return ToVector(dataset_.Get(index, OneEpoch()));
    } else {
      return ToVector(dataset_.Get(index));
    }
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

// As Python's lists have them: negative ones count from the end.
std::vector<int64_t> ReadIndices(const py::handle& sampler, int64_t size) {
  std::vector<int64_t> indices;
  for (const py::handle index : sampler) {
    int64_t value = 0;
    if (!FromPython(index.ptr(), &value)) {
      ThrowTypeError(std::string("DataLoader: a sampler must give integers, not ") +
                     Py_TYPE(index.ptr())->tp_name);
    }
    indices.push_back(value < 0 ? value + size : value);
  }
  return indices;
}

// Reads the batches of a pass in their order: (indices, which time they come).
class Repeats {
 public:
  explicit Repeats(const NativeDataset& dataset) : size_(dataset.size()), repeats_(size_) {}
  py::tuple Read(const py::object& indices) {
    std::vector<int64_t> read = ReadIndices(indices, size_);
    const uint64_t again = repeats_.Of(read);
    return py::make_tuple(std::move(read), again);
  }

 private:
  int64_t size_;
  data::internal::Repeats repeats_;
};

std::pair<std::vector<int64_t>, uint64_t> ReadBatch(const py::object& item, int64_t size) {
  const auto [indices, again] = item.cast<std::pair<py::object, uint64_t>>();
  return {ReadIndices(indices, size), again};
}

py::list ToList(const std::vector<Tensor>& tensors) {
  py::list list;
  for (const Tensor& tensor : tensors) list.append(py::cast(tensor));
  return list;
}

// The threads of a loader, or of one pass over it.
class Workers {
 public:
  // start(worker's number) is called by each worker first, or is None.
  Workers(int num_workers, int64_t window, const py::object& start, bool pinned, bool kept)
      : start_(new py::object(start), DropHeld) {
    data::internal::Prefetcher::Options options{
        .num_workers = num_workers, .window = window, .pinned = pinned, .kept = kept};
    if (!start.is_none()) {
      options.start_worker = [weak = std::weak_ptr<py::object>(start_)](int worker) {
        const GilHeld held;
        const std::shared_ptr<py::object> locked = weak.lock();
        if (locked != nullptr && *locked) CallPython(*locked, py::make_tuple(worker));
      };
    }
    WithoutGil([&] { prefetcher_.emplace(std::move(options)); });
  }
  ~Workers() {
    try {
      Close(/*interruptible=*/false);
      WithoutGil([&] { prefetcher_.reset(); });
    } catch (...) {
      WaitForTheEnd();  // only a thread that the interpreter wants to end comes here
    }
  }

  data::internal::Prefetcher& prefetcher() { return *prefetcher_; }
  bool usable() {
    return WithoutGil([&] { return prefetcher_->usable(); });
  }

  // Stops a pass, and waits for workers that are in the middle of a batch, but not for ever. They
  // are left to themselves then.
  void Stop(int64_t pass, bool interruptible) {
    const auto start = Clock::now();
    WithoutGil([&] { prefetcher_->Stop(pass); });
    // Workers that wait for the lock of an interpreter that ends do not end.
    while (!WithoutGil([&] { return prefetcher_->WaitForWorkers(pass, kSlice); })) {
      const bool interrupted = interruptible && PyErr_CheckSignals() != 0;
      if (!interrupted && !InterpreterEnds() && Clock::now() - start < kPatience) continue;
      prefetcher_->Abandon();
      if (interrupted) throw py::error_already_set();
      return;
    }
  }
  void StartPass(int64_t pass) { last_pass_ = pass; }
  void Close(bool interruptible) {
    if (prefetcher_) Stop(last_pass_, interruptible);
  }
  py::object& start() { return *start_; }
  bool start_is_ours() const { return start_.use_count() == 1; }

  using Clock = std::chrono::steady_clock;
  // How often a wait looks for signals, and how long closing waits for a worker to end.
  static constexpr std::chrono::milliseconds kSlice{50};
  static constexpr std::chrono::seconds kPatience{5};

  static void DropHeld(py::object* last) {
    const GilHeld held;
    delete last;
  }

 private:
  const std::shared_ptr<py::object> start_;
  int64_t last_pass_ = 0;
  std::optional<data::internal::Prefetcher> prefetcher_;
};

// The batches of one pass, numbered as they were submitted. Several threads may take.
class Pass {
 public:
  using Prefetcher = data::internal::Prefetcher;

  // A batch is fetch(worker, number, item) of what was submitted; or, of a dataset of C++, the one
  // of the submitted indices, as Repeats reads them, in the epoch `seed`.
  Pass(const py::object& workers, const py::object& fetch,
       const std::shared_ptr<NativeDataset>& native, uint64_t seed)
      : workers_(workers),
        fetch_(new py::object(fetch), Workers::DropHeld),
        shared_(std::make_shared<Shared>()),
        native_(native) {
    auto& threads = this->workers();
    shared_->slots.resize(static_cast<size_t>(threads.prefetcher().window()));
    const auto prepare = [shared = shared_, weak = std::weak_ptr<py::object>(fetch_), native,
                          seed](const Prefetcher::Call& call) {
      Made& made = shared->slots[call.slot];
      Item item = shared->TakeItem(call.number);
      if (native != nullptr) {
        made.tensors = native->GetBatch(item.indices, {.seed = seed, .again = item.again});
        return;
      }
      const GilHeld held;
      const std::shared_ptr<py::object> fetch = weak.lock();
      if (fetch == nullptr || !*fetch) ThrowFailedPrecondition("DataLoader: the loader is gone");
      const py::object function = *fetch;
      made.object = SharedCallable(
          CallPython(function, py::make_tuple(call.worker, call.number, *item.object)));
    };
    WithoutGil([&] { pass_ = threads.prefetcher().Begin(0, false, prepare); });
    threads.StartPass(pass_);
  }
  ~Pass() {
    try {
      Close(/*interruptible=*/false);
    } catch (...) {
      WaitForTheEnd();
    }
  }

  void Submit(const py::object& item) {
    Item made;
    if (native_ != nullptr) {
      std::tie(made.indices, made.again) = ReadBatch(item, native_->size());
    } else {
      made.object = SharedCallable(item);
    }
    if (closed_ || !workers_) return;  // whoever takes is told
    workers().prefetcher().CheckProcess();
    const int64_t count = shared_->AddItem(std::move(made));
    workers().prefetcher().Extend(pass_, count, false);
  }

  // What became of submission `number`, or of any for a negative one: its number and the batch;
  // None once the pass is closed.
  py::object Take(int64_t number, const std::optional<double>& timeout) {
    const auto start = Workers::Clock::now();
    for (;;) {
      if (closed_ || !workers_) return py::none();
      Prefetcher& prefetcher = workers().prefetcher();
      prefetcher.CheckProcess();
      const Prefetcher::Result result = WithoutGil([&] {
        return number >= 0 ? prefetcher.WaitFor(pass_, number, Workers::kSlice)
                           : prefetcher.WaitForAny(pass_, Workers::kSlice);
      });
      if (result.outcome == Prefetcher::Outcome::kStopped) return py::none();
      if (result.outcome == Prefetcher::Outcome::kReady) {
        Made made = std::exchange(shared_->slots[result.call.slot], {});
        WithoutGil([&] { prefetcher.Release(pass_, result.call); });
        return py::make_tuple(result.call.number,
                              made.object != nullptr ? *made.object : ToList(made.tensors));
      }
      if (PyErr_CheckSignals() != 0) {
        const py::error_already_set interrupt;
        Abandon();
        throw interrupt;
      }
      const auto waited = std::chrono::duration<double>(Workers::Clock::now() - start);
      if (timeout && waited.count() >= *timeout) {
        Abandon();
        throw std::runtime_error("DataLoader: no batch came within the timeout of " +
                                 std::string(py::str(py::float_(*timeout))) +
                                 " seconds; the pass is closed");
      }
    }
  }

  void Close(bool interruptible) {
    if (std::exchange(closed_, true) || !workers_) return;
    workers().Stop(pass_, interruptible);
  }

  py::object& workers_object() { return workers_; }
  py::object& fetch() { return *fetch_; }
  bool fetch_is_ours() const { return fetch_.use_count() == 1; }

 private:
  struct Item {
    std::vector<int64_t> indices;
    uint64_t again = 0;
    std::shared_ptr<py::object> object;
  };
  struct Made {
    std::vector<Tensor> tensors;
    std::shared_ptr<py::object> object;  // null: the tensors count
  };
  // Lives as long as a worker does.
  struct Shared {
    int64_t AddItem(Item item) {
      const std::lock_guard lock(mutex);
      items.emplace(count, std::move(item));
      return ++count;
    }
    Item TakeItem(int64_t number) {
      const std::lock_guard lock(mutex);
      return std::move(items.extract(number).mapped());
    }
    std::mutex mutex;
    int64_t count = 0;
    std::map<int64_t, Item> items;
    std::vector<Made> slots;
  };

  Workers& workers() { return workers_.cast<Workers&>(); }
  void Abandon() {
    if (std::exchange(closed_, true)) return;
    workers().prefetcher().Stop(pass_);
    workers().prefetcher().Abandon();
  }

  py::object workers_;
  // The pass owns it alone, so that the collector may see what it leads to. Whoever prepares a
  // batch holds on to it for so long.
  const std::shared_ptr<py::object> fetch_;
  const std::shared_ptr<Shared> shared_;
  const std::shared_ptr<NativeDataset> native_;
  int64_t pass_ = 0;
  bool closed_ = false;  // under the interpreter's lock
};

// What the threads of a loader hold of Python, unless one of them is just using it.
struct WorkersReferences {
  template <typename F>
  static void Visit(PyObject* self, F visit) {
    auto* const workers = static_cast<Workers*>(ValueOf(self));
    if (workers != nullptr && workers->start_is_ours()) visit(workers->start().ptr());
  }
  static void Clear(PyObject* self) {
    if (auto* const workers = static_cast<Workers*>(ValueOf(self))) {
      const py::object gone = std::exchange(workers->start(), {});
    }
  }
};

struct PassReferences {
  template <typename F>
  static void Visit(PyObject* self, F visit) {
    auto* const pass = static_cast<Pass*>(ValueOf(self));
    if (pass == nullptr) return;
    visit(pass->workers_object().ptr());
    // Python objects leave and enter under the lock alone, which the collector holds.
    if (pass->fetch_is_ours()) visit(pass->fetch().ptr());
  }
  static void Clear(PyObject* self) {
    if (auto* const pass = static_cast<Pass*>(ValueOf(self))) {
      pass->Close(/*interruptible=*/false);
      const py::object workers = std::exchange(pass->workers_object(), {});
      const py::object fetch = std::exchange(pass->fetch(), {});
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

// "fashion_mnist", "cifar10" or "cifar100".
absl::StatusOr<data::TensorDataset<2>> LoadImages(const std::string& name, bool train,
                                                  const std::string& root) {
  if (name != "fashion_mnist") {
    const data::CifarOptions options{.train = train, .root = root.empty() ? "." : root};
    return name == "cifar10" ? data::Cifar10(options) : data::Cifar100(options);
  }
  data::FashionMnistOptions options{.train = train};
  if (!root.empty()) options.root = root;
  return data::FashionMnist(options);
}

std::shared_ptr<NativeDataset> MakeImages(const std::string& name, bool train,
                                          const std::string& root,
                                          const std::vector<Transform>& transforms) {
  auto dataset = WithoutGil([&] { return LoadImages(name, train, root); });
  if (!dataset.ok()) ThrowStatus(dataset.status());
  if (transforms.empty()) {
    return std::make_shared<Native<data::TensorDataset<2>>>(*std::move(dataset));
  }
  const Transform all = [transforms](const Tensor& images, absl::Span<data::SampleRandom> randoms) {
    Tensor result = images;
    for (const Transform& transform : transforms) result = transform(result, randoms);
    return result;
  };
  using D = data::Transformed<data::TensorDataset<2>, Transform>;
  return std::make_shared<Native<D>>(D(*std::move(dataset), all));
}

void InitLoaders(py::module_& m) {
  py::class_<Workers>(m, "Workers",
                      py::custom_type_setup(GarbageCollected<WorkersReferences>::SetUp))
      .def(py::init<int, int64_t, const py::object&, bool, bool>(), py::arg("num_workers"),
           py::arg("window"), py::arg("start"), py::arg("pinned"), py::arg("kept"))
      .def_property_readonly("usable", &Workers::usable)
      .def("close", [](Workers& self) { self.Close(/*interruptible=*/true); });
  py::class_<Pass>(m, "Pass", py::custom_type_setup(GarbageCollected<PassReferences>::SetUp))
      .def(py::init<const py::object&, const py::object&, const std::shared_ptr<NativeDataset>&,
                    uint64_t>(),
           py::arg("workers"), py::arg("fetch"), py::arg("native"), py::arg("seed"))
      .def("submit", &Pass::Submit, py::arg("item"))
      .def("take", &Pass::Take, py::arg("number"), py::arg("timeout"))
      .def("close", [](Pass& self) { self.Close(/*interruptible=*/true); });
  // Calls a function whose default generator is another one.
  m.def("with_generator",
        [](Generator& generator, const py::object& function, const py::args& arguments) {
          const GeneratorScope scope(generator);
          return CallPython(function, arguments);
        });
  // The order in which a loader of C++ visits so many examples.
  m.def("seeded_order", [](int64_t size, uint64_t seed, int64_t epoch) {
    return data::RandomSampler{.size = size}({.seed = seed, .number = epoch});
  });
  // A seed that depends on all three.
  m.def("mix_seed", [](uint64_t seed, uint64_t a, uint64_t b) {
    const PhiloxWords words = Philox(seed, a, b | uint64_t{1} << 62);
    return (uint64_t{words[0]} << 32 | words[1]) >> 2;
  });
}

}  // namespace

void InitData(py::module_& parent) {
  py::module_ m = parent.def_submodule("data");
  SharedClass<NativeDataset>(m, "NativeDataset")
      .def("__len__", &NativeDataset::size)
      .def("__getitem__",
           [](const NativeDataset& self, int64_t index) {
             const int64_t size = self.size();
             if (index < -size || index >= size)
               throw py::index_error("dataset index out of range");
             return py::reinterpret_steal<py::object>(
                 ToPython(WithoutGil([&] { return self.Get(index < 0 ? index + size : index); })));
           })
      .def("get_batch", [](const NativeDataset& self, const py::object& item, uint64_t seed) {
        const auto batch = ReadBatch(item, self.size());
        const Epoch epoch{.seed = seed, .again = batch.second};
        return ToList(WithoutGil([&] { return self.GetBatch(batch.first, epoch); }));
      });
  py::class_<Repeats>(m, "Repeats")
      .def(py::init<const NativeDataset&>())
      .def("read", &Repeats::Read);
  InitTransforms(m);
  InitDataFiles(m);
  InitLoaders(m);
  InitText(m);
  InitAudio(m);
  m.def("tensor_dataset", &MakeTensorDataset);
  m.def("images", [](const std::string& name, bool train, const std::string& root,
                     const std::vector<PyTransform>& transforms) {
    std::vector<Transform> list;
    for (const PyTransform& transform : transforms) list.push_back(transform.transform);
    return MakeImages(name, train, root, list);
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
              for (const int64_t i : indices) {
                data::CheckIndex(i, size());
                origins.push_back(indices_[static_cast<size_t>(i)]);
              }
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
  m.def("stratified_order", [](const std::vector<int64_t>& labels, uint64_t seed) {
    return data::StratifiedSampler{labels}({.seed = seed});
  });
}

}  // namespace neura::python
