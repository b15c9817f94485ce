#include "neura/python/extension/trainer.h"

#include <pybind11/stl.h>

#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "neura/python/extension/convert.h"
#include "neura/python/extension/errors.h"
#include "neura/python/extension/gil.h"
#include "neura/python/extension/py_module.h"
#include "neura/python/extension/python_optimizer.h"
#include "neura/python/extension/python_state.h"
#include "neura/python/extension/shared_class.h"
#include "neura/python/extension/values.h"
#include "neura/tensor/core/error.h"
#include "neura/trainer/callbacks.h"
#include "neura/trainer/metrics.h"
#include "neura/trainer/tensorboard.h"
#include "neura/trainer/trainer.h"
#include "neura/trainer/weight_averaging.h"

namespace neura::python {
namespace {

namespace py = pybind11;
using trainer::Trainer;

// A loop runs without the interpreter's lock; what is here is called by it and takes the lock.

// The batches of whatever Python can iterate. What begins anew each time, as a loader does, is told
// the epoch where it has a set_epoch().
class PythonBatches final : public trainer::Batches {
 public:
  explicit PythonBatches(py::object loader) : loader_(std::move(loader)) {
    const Py_ssize_t length = PyObject_Length(loader_.ptr());
    size_ = length;
    if (length >= 0) return;
    // Loaders of streams have a __len__() that says that there is none.
    if (!PyErr_ExceptionMatches(PyExc_TypeError)) throw py::error_already_set();
    PyErr_Clear();
  }
  ~PythonBatches() override {
    const GilHeld held;
    batch_ = iterator_ = loader_ = py::object();
  }

  int64_t size() const override { return size_; }
  void Begin(int64_t epoch) override {
    const GilHeld held;
    batch_ = iterator_ = py::object();
    if (!resumes_ && py::hasattr(loader_, "set_epoch")) loader_.attr("set_epoch")(epoch);
    resumes_ = false;
    begins_ = true;
    iterator_ = py::reinterpret_steal<py::object>(PyObject_GetIter(loader_.ptr()));
    if (!iterator_) throw py::error_already_set();
  }
  bool Next() override {
    const GilHeld held;
    batch_ = py::reinterpret_steal<py::object>(PyIter_Next(iterator_.ptr()));
    if (PyErr_Occurred() != nullptr) throw py::error_already_set();
    if (!batch_ && begins_ && had_batches_) {
      ThrowFailedPrecondition(absl::StrCat(
          "Trainer: the ", Py_TYPE(loader_.ptr())->tp_name,
          " that gives the batches is at its end after one pass; what can be walked once, as a "
          "generator, serves one epoch: give a DataLoader, a list, or an object whose __iter__() "
          "begins anew"));
    }
    begins_ = false;
    had_batches_ |= static_cast<bool>(batch_);
    return static_cast<bool>(batch_);
  }
  void End() override {
    const GilHeld held;
    batch_ = iterator_ = py::object();
  }
  bool Leave() override {
    const GilHeld held;
    if (!HasState() || !py::hasattr(loader_, "_leave_pass")) return false;
    loader_.attr("_leave_pass")();
    return true;
  }

  NamedTensors StateDict() const override {
    const GilHeld held;
    return HasState() ? ToNamedTensors(loader_.attr("state_dict")()) : NamedTensors();
  }
  bool LoadStateDict(const NamedTensors& state) override {
    const GilHeld held;
    const py::object of_python = FromNamedTensors(state);
    if (!HasState() || !of_python) return false;
    loader_.attr("load_state_dict")(of_python);
    resumes_ = true;
    return true;
  }

  const py::object& batch() const { return batch_; }

 private:
  bool HasState() const {
    return py::hasattr(loader_, "state_dict") && py::hasattr(loader_, "load_state_dict");
  }

  py::object loader_, iterator_, batch_;
  int64_t size_ = -1;
  bool resumes_ = false;
  bool begins_ = false;  // a pass, of which no batch has been asked for
  bool had_batches_ = false;
};

// step(batch), which returns a tensor, or where it need not, None.
trainer::Steps StepsOf(const py::object& loader, py::object step, bool needs_result) {
  auto batches = std::make_shared<PythonBatches>(loader);
  // Let go under the lock, too.
  const std::shared_ptr<py::object> held_step(new py::object(std::move(step)),
                                              [](py::object* object) {
                                                const GilHeld held;
                                                delete object;
                                              });
  auto* const at = batches.get();
  return {std::move(batches), [at, held_step, needs_result] {
            const GilHeld held;
            const py::object result = (*held_step)(at->batch());
            if (result.is_none() && !needs_result) return Tensor();
            if (!IsTensor(result.ptr())) {
              ThrowTypeError(absl::StrCat("Trainer: a step must return a tensor, not ",
                                          Py_TYPE(result.ptr())->tp_name));
            }
            return TensorOf(result.ptr());
          }};
}

std::optional<trainer::Steps> OptionalSteps(const py::object& loader, const py::object& step) {
  if (loader.is_none()) return std::nullopt;
  return StepsOf(loader, step, false);
}

// A callback that is written in Python, with the trainer of Python that it is given.
class PythonCallback final : public trainer::Callback {
 public:
  // `key`: the name of its state.
  PythonCallback(const py::object& callback, const py::object& trainer, std::string key)
      : callback_(callback), trainer_(trainer), key_(std::move(key)) {}

#define NEURA_HOOK(Name, name) \
  void Name(Trainer&) override { Call(name); }
  NEURA_HOOK(OnFitStart, "on_fit_start")
  NEURA_HOOK(OnTrainEpochStart, "on_train_epoch_start")
  NEURA_HOOK(OnBeforeOptimizerStep, "on_before_optimizer_step")
  NEURA_HOOK(OnTrainBatchEnd, "on_train_batch_end")
  NEURA_HOOK(OnValidationStart, "on_validation_start")
  NEURA_HOOK(OnValidationEnd, "on_validation_end")
  NEURA_HOOK(OnTrainEpochEnd, "on_train_epoch_end")
  NEURA_HOOK(OnCheckpoint, "on_checkpoint")
  NEURA_HOOK(OnFitEnd, "on_fit_end")
#undef NEURA_HOOK
  void OnException(Trainer&, const std::exception& error) override {
    const GilHeld held;
    const auto* const of_python = dynamic_cast<const py::error_already_set*>(&error);
    const py::object exception =
        of_python != nullptr ? py::object(of_python->value())
                             : py::reinterpret_borrow<py::object>(PyExc_RuntimeError)(error.what());
    callback_().attr("on_exception")(trainer_(), exception);
  }
  std::string StateKey() const override { return key_; }
  NamedTensors StateDict() const override {
    const GilHeld held;
    const py::object state = callback_().attr("state_dict")();
    return py::len(state) == 0 ? NamedTensors() : ToNamedTensors(state);
  }
  void LoadStateDict(const NamedTensors& state) override {
    const GilHeld held;
    const py::object of_python = FromNamedTensors(state);
    if (of_python) callback_().attr("load_state_dict")(of_python);
  }

 private:
  void Call(const char* name) {
    const GilHeld held;
    callback_().attr(name)(trainer_());
  }

  const Watched callback_, trainer_;
  const std::string key_;
};

py::dict DictOf(const trainer::NamedNumbers& numbers) {
  py::dict dict;
  for (const auto& [name, value] : numbers) dict[py::str(name)] = value;
  return dict;
}

py::list ListOf(const std::vector<trainer::EpochRecord>& records) {
  py::list list;
  for (const trainer::EpochRecord& record : records) {
    py::dict dict;
    dict["epoch"] = record.epoch;
    dict["step"] = record.step;
    for (const auto& [name, value] : record.numbers) dict[py::str(name)] = value;
    list.append(std::move(dict));
  }
  return list;
}

trainer::Mode ModeNamed(const std::string& name) {
  if (name == "min") return trainer::Mode::kMin;
  if (name == "max") return trainer::Mode::kMax;
  throw py::value_error(absl::StrCat("mode must be \"min\" or \"max\", got \"", name, "\""));
}

trainer::Interval IntervalNamed(const std::string& name) {
  if (name == "step") return trainer::Interval::kStep;
  if (name == "epoch") return trainer::Interval::kEpoch;
  throw py::value_error(
      absl::StrCat("scheduler_interval must be \"step\" or \"epoch\", got \"", name, "\""));
}

trainer::TrainingPrecision PrecisionNamed(const std::string& name) {
  if (name == "32" || name == "32-true") return trainer::TrainingPrecision::k32;
  if (name == "bf16-mixed") return trainer::TrainingPrecision::kBFloat16Mixed;
  if (name == "16-mixed") return trainer::TrainingPrecision::kFloat16Mixed;
  throw py::value_error(absl::StrCat(
      "precision must be \"32-true\", \"bf16-mixed\" or \"16-mixed\", got \"", name, "\""));
}

void InitCallbacks(py::module_& m) {
  using trainer::Callback;
  SharedClass<Callback> bound(m, "Callback");
  SharedClass<PythonCallback, Callback>(m, "PythonCallback")
      .def(py::init<const py::object&, const py::object&, std::string>());
  SharedClass<trainer::ModelCheckpoint, Callback>(m, "ModelCheckpoint")
      .def(py::init([](const std::string& folder, const std::string& monitor,
                       const std::string& mode, int64_t every_n_steps) {
             return std::make_shared<trainer::ModelCheckpoint>(
                 trainer::ModelCheckpointOptions{.folder = folder,
                                                 .monitor = monitor,
                                                 .mode = ModeNamed(mode),
                                                 .every_n_steps = every_n_steps});
           }),
           py::arg("folder"), py::arg("monitor"), py::arg("mode"), py::arg("every_n_steps"))
      .def_property_readonly("last_path", &trainer::ModelCheckpoint::last_path)
      .def_property_readonly("best_path", &trainer::ModelCheckpoint::best_path)
      .def_property_readonly("best", &trainer::ModelCheckpoint::best);
  SharedClass<trainer::EarlyStopping, Callback>(m, "EarlyStopping")
      .def(py::init([](const std::string& monitor, const std::string& mode, double min_delta,
                       int64_t patience) {
             return std::make_shared<trainer::EarlyStopping>(
                 trainer::EarlyStoppingOptions{.monitor = monitor,
                                               .mode = ModeNamed(mode),
                                               .min_delta = min_delta,
                                               .patience = patience});
           }),
           py::arg("monitor"), py::arg("mode"), py::arg("min_delta"), py::arg("patience"));
  SharedClass<trainer::LearningRateMonitor, Callback>(m, "LearningRateMonitor").def(py::init<>());
  SharedClass<trainer::ModelSummaryCallback, Callback>(m, "ModelSummary").def(py::init<>());
  SharedClass<trainer::ProgressBarCallback, Callback>(m, "ProgressBar").def(py::init<>());
  SharedClass<trainer::CsvLogger, Callback>(m, "CSVLogger")
      .def(py::init([](const std::string& path) {
        return std::make_shared<trainer::CsvLogger>(trainer::CsvLoggerOptions{.path = path});
      }));
  SharedClass<trainer::CurvesCallback, Callback>(m, "Curves")
      .def(py::init([](const std::string& path) {
        return std::make_shared<trainer::CurvesCallback>(
            trainer::CurvesCallbackOptions{.path = path});
      }));
  using Ema = trainer::EmaWeightAveraging;
  SharedClass<Ema, Callback>(m, "EMAWeightAveraging")
      .def(py::init([](double decay, bool use_buffers, int64_t update_every_n_steps,
                       int64_t update_starting_at_step) {
        return std::make_shared<Ema>(
            trainer::EmaWeightAveragingOptions{.decay = decay,
                                               .use_buffers = use_buffers,
                                               .update_every_n_steps = update_every_n_steps,
                                               .update_starting_at_step = update_starting_at_step});
      }))
      .def_property_readonly("averages", [](const Ema& self) {
        py::dict averages;
        for (const auto& [name, tensor] : self.averages()) averages[py::str(name)] = tensor;
        return averages;
      });
  SharedClass<trainer::TensorBoardLogger, Callback>(m, "TensorBoardLogger")
      .def(py::init([](const std::string& folder, int64_t every_n_steps) {
             return std::make_shared<trainer::TensorBoardLogger>(trainer::TensorBoardLoggerOptions{
                 .folder = folder, .every_n_steps = every_n_steps});
           }),
           py::arg("folder"), py::arg("every_n_steps"));
}

// Also of arrays and lists of numbers.
Tensor ToTensor(const py::object& data) {
  Tensor tensor;
  return FromPython(data.ptr(), &tensor) ? tensor : TensorFromData(data, std::nullopt);
}

void InitMetrics(py::module_& m) {
  using std::optional;
  SharedClass<trainer::Metric>(m, "Metric")
      .def(
          "update",
          [](trainer::Metric& self, const py::object& preds, const py::object& target) {
            const Tensor predictions = ToTensor(preds);
            const Tensor targets = target.is_none() ? Tensor() : ToTensor(target);
            WithoutGil([&] { self.Update(predictions, targets); });
          },
          py::arg("preds"), py::arg("target") = py::none())
      .def("compute", &trainer::Metric::Compute)
      .def("reset", &trainer::Metric::Reset);
  SharedClass<trainer::Accuracy, trainer::Metric>(m, "Accuracy")
      .def(py::init([](int64_t top_k, optional<int64_t> ignore_index) {
             return std::make_shared<trainer::Accuracy>(
                 trainer::AccuracyOptions{.top_k = top_k, .ignore_index = ignore_index});
           }),
           py::arg("top_k"), py::arg("ignore_index"));
  const auto of_classes = [&m]<typename M>(std::type_identity<M>, const char* name) {
    SharedClass<M, trainer::Metric>(m, name).def(
        py::init([](int64_t num_classes, std::string average, optional<int64_t> ignore_index) {
          return std::make_shared<M>(trainer::ClassAverageOptions{.num_classes = num_classes,
                                                                  .average = std::move(average),
                                                                  .ignore_index = ignore_index});
        }),
        py::arg("num_classes"), py::arg("average"), py::arg("ignore_index"));
  };
  of_classes(std::type_identity<trainer::Precision>(), "Precision");
  of_classes(std::type_identity<trainer::Recall>(), "Recall");
  of_classes(std::type_identity<trainer::F1Score>(), "F1Score");
  const auto of_matrix = [&m]<typename M>(std::type_identity<M>, const char* name) {
    SharedClass<M, trainer::Metric>(m, name).def(
        py::init([](int64_t num_classes, optional<int64_t> ignore_index) {
          return std::make_shared<M>(trainer::ConfusionMatrixOptions{.num_classes = num_classes,
                                                                     .ignore_index = ignore_index});
        }),
        py::arg("num_classes"), py::arg("ignore_index"));
  };
  of_matrix(std::type_identity<trainer::ConfusionMatrix>(), "ConfusionMatrix");
  of_matrix(std::type_identity<trainer::MeanIoU>(), "MeanIoU");
  SharedClass<trainer::AUROC, trainer::Metric>(m, "AUROC").def(py::init<>());
  SharedClass<trainer::Perplexity, trainer::Metric>(m, "Perplexity")
      .def(py::init([](optional<int64_t> ignore_index) {
        return std::make_shared<trainer::Perplexity>(
            trainer::PerplexityOptions{.ignore_index = ignore_index});
      }));
  SharedClass<trainer::MeanMetric, trainer::Metric>(m, "MeanMetric").def(py::init<>());
}

}  // namespace

void InitTrainer(py::module_& parent) {
  py::module_ m = parent.def_submodule("trainer");
  InitCallbacks(m);
  InitMetrics(m);
  SharedClass<Trainer>(m, "Trainer")
      .def(py::init([](int64_t max_epochs, int64_t max_steps, int64_t accumulate_grad_batches,
                       double gradient_clip_norm, double gradient_clip_value,
                       int64_t check_val_every_n_epoch, int64_t limit_train_batches,
                       int64_t limit_val_batches, const std::string& precision) {
             return std::make_shared<Trainer>(
                 trainer::TrainerOptions{.max_epochs = max_epochs,
                                         .max_steps = max_steps,
                                         .accumulate_grad_batches = accumulate_grad_batches,
                                         .gradient_clip_norm = gradient_clip_norm,
                                         .gradient_clip_value = gradient_clip_value,
                                         .check_val_every_n_epoch = check_val_every_n_epoch,
                                         .limit_train_batches = limit_train_batches,
                                         .limit_val_batches = limit_val_batches,
                                         .precision = PrecisionNamed(precision)});
           }),
           py::arg("max_epochs"), py::arg("max_steps"), py::arg("accumulate_grad_batches"),
           py::arg("gradient_clip_norm"), py::arg("gradient_clip_value"),
           py::arg("check_val_every_n_epoch"), py::arg("limit_train_batches"),
           py::arg("limit_val_batches"), py::arg("precision"))
      .def("add", [](Trainer& self,
                     const std::shared_ptr<trainer::Callback>& callback) { self.Add(callback); })
      .def("fit",
           [](Trainer& self, PyModule& model, optim::Optimizer& optimizer,
              optim::LRScheduler* scheduler, const std::string& interval,
              const std::string& resume_from, const py::object& optimizer_step,
              const py::object& loader, const py::object& step, const py::object& val_loader,
              const py::object& val_step) {
             const trainer::Fitting what{.model = model,
                                         .optimizer = optimizer,
                                         .scheduler = scheduler,
                                         .scheduler_interval = IntervalNamed(interval),
                                         .step =
                                             [&optimizer_step] {
                                               const GilHeld held;
                                               optimizer_step();
                                             },
                                         .resume_from = resume_from};
             const trainer::Steps training = StepsOf(loader, step, true);
             const std::optional<trainer::Steps> validation = OptionalSteps(val_loader, val_step);
             WithoutGil([&] { self.Fit(what, training, validation); });
             return ListOf(self.records());
           })
      .def("validate",
           [](Trainer& self, PyModule& model, const py::object& loader, const py::object& step) {
             const trainer::Steps steps = StepsOf(loader, step, false);
             return DictOf(WithoutGil([&] { return self.Validate(model, steps); }));
           })
      .def("test",
           [](Trainer& self, PyModule& model, const py::object& loader, const py::object& step) {
             const trainer::Steps steps = StepsOf(loader, step, false);
             return DictOf(WithoutGil([&] { return self.Test(model, steps); }));
           })
      .def("predict",
           [](Trainer& self, PyModule& model, const py::object& loader, const py::object& step) {
             const trainer::Steps steps = StepsOf(loader, step, true);
             return WithoutGil([&] { return self.Predict(model, steps); });
           })
      .def("log", [](Trainer& self, const std::string& name, double value,
                     double weight) { self.Log(name, value, weight); })
      .def("stop", &Trainer::Stop)
      .def("save_checkpoint", &Trainer::SaveCheckpoint, py::call_guard<GilReleased>())
      .def_property_readonly("epoch", &Trainer::epoch)
      .def_property_readonly("batch", &Trainer::batch)
      .def_property_readonly("step", &Trainer::step)
      .def_property_readonly("num_batches", &Trainer::num_batches)
      .def_property_readonly("evaluating", &Trainer::evaluating)
      .def_property_readonly("numbers", [](const Trainer& self) { return DictOf(self.numbers()); })
      .def_property_readonly("records", [](const Trainer& self) { return ListOf(self.records()); });
}

}  // namespace neura::python
