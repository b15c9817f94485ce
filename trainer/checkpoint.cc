// The state of a run as a safetensors file: "model.*" and "optimizer.*" are state dicts,
// "trainer.*" the place in the run.
#include <string>
#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "neura/autograd/autograd.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/io/safetensors.h"
#include "neura/tensor/random/generator.h"
#include "neura/tensor/sparse/sparse.h"
#include "neura/tensor/tensor.h"
#include "neura/trainer/trainer.h"

namespace neura::trainer {
namespace {

constexpr std::string_view kFormat = "neura.trainer.1";

void Append(NamedTensors& all, std::string_view prefix, const NamedTensors& part) {
  for (const auto& [name, tensor] : part) {
    all.emplace_back(absl::StrCat(prefix, name), To(Detach(tensor), kCpu));
  }
}

// What stands under the prefix, without it.
NamedTensors Under(const NamedTensors& all, std::string_view prefix) {
  NamedTensors part;
  for (const auto& [name, tensor] : all) {
    if (absl::StartsWith(name, prefix)) part.emplace_back(name.substr(prefix.size()), tensor);
  }
  return part;
}

// The elements of a tensor of that name, dtype and one dimension.
template <typename T>
std::vector<T> ElementsOf(const Safetensors& file, const std::string& name) {
  const Tensor* const tensor = file.Find(name);
  if (tensor == nullptr || tensor->dtype() != DTypeOf<T> || tensor->dim() != 1) {
    ThrowInvalidArgument(absl::StrCat("it has no \"", name, "\" of dtype ", DTypeName(DTypeOf<T>),
                                      " and one dimension"));
  }
  return std::vector<T>(tensor->data<T>(), tensor->data<T>() + tensor->numel());
}

}  // namespace

void Trainer::SaveCheckpoint(const std::string& path) {
  if (fitting_ == nullptr) {
    ThrowFailedPrecondition("Trainer: a checkpoint is of a run; call SaveCheckpoint during Fit");
  }
  size_t begun = 0;  // callbacks that want to hear of the end
  const auto end = [&] {
    while (begun > 0) callbacks_[--begun]->OnAfterSave(*this);
  };
  try {
    for (; begun < callbacks_.size(); ++begun) callbacks_[begun]->OnBeforeSave(*this);
    WriteCheckpoint(path);
  } catch (...) {
    end();
    throw;
  }
  end();
}

// Names of numbers are the names of the tensors that hold them: "trainer.average.NAME" is sum and
// weight, "trainer.record.NAME" the value of each epoch.
void Trainer::WriteCheckpoint(const std::string& path) const {
  NamedTensors all;
  Append(all, "model.", fitting_->model.StateDict());
  Append(all, "optimizer.", fitting_->optimizer.StateDict());
  if (fitting_->scheduler != nullptr) Append(all, "scheduler.", fitting_->scheduler->StateDict());
  Append(all, "scaler.", scaler_.StateDict());
  for (const auto& callback : callbacks_) {
    const std::string key = callback->StateKey();
    if (!key.empty()) {
      Append(all, absl::StrCat("callback.", key, "."), callback->StateDict());
    }
  }
  if (accumulated_ > 0) {
    int64_t at = 0;
    for (size_t group = 0; group < fitting_->optimizer.num_groups(); ++group) {
      for (const Tensor& param : fitting_->optimizer.params(group)) {
        const Tensor grad = autograd::GradOf(param);
        const std::string key = absl::StrCat("trainer.grad.", at++);
        if (IsSparse(grad)) {
          all.emplace_back(key + ".indices", To(sparse::Indices(grad), kCpu));
          all.emplace_back(key + ".values", To(Detach(sparse::Values(grad)), kCpu));
        } else if (grad.defined()) {
          all.emplace_back(key, To(Detach(grad), kCpu));
        }
      }
    }
  }
  // Of an epoch that was cut short nothing is to go on with.
  if (batch_ > 0 || exhausted_) Append(all, "trainer.loader.", batches_->StateDict());
  const RandomState random = DefaultGenerator().state();
  all.emplace_back("trainer.place", FromList<int64_t>({epoch_, batch_, step_, accumulated_}));
  all.emplace_back("trainer.random", FromList<int64_t>({static_cast<int64_t>(random.seed),
                                                        static_cast<int64_t>(random.offset)}));
  if (batch_ > 0) {
    for (const auto& [name, average] : averages_) {
      all.emplace_back(absl::StrCat("trainer.average.", name),
                       FromList<double>({average.sum, average.weight}));
    }
  }
  for (size_t i = 0; i < records_.size(); ++i) {
    const std::string prefix = absl::StrCat("trainer.record.", i, ".");
    all.emplace_back(prefix, FromList<int64_t>({records_[i].epoch, records_[i].step}));
    for (const auto& [name, value] : records_[i].numbers) {
      all.emplace_back(absl::StrCat(prefix, name), FromList<double>({value}));
    }
  }
  SaveSafetensors(path,
                  {.tensors = std::move(all), .metadata = {{"format", std::string(kFormat)}}});
}

void Trainer::LoadCheckpoint(const std::string& path) {
  const absl::StatusOr<Safetensors> loaded = LoadSafetensors(path);
  if (!loaded.ok()) ThrowStatus(loaded.status());
  try {
    const Safetensors& file = *loaded;
    const auto format = file.metadata.find("format");
    if (format == file.metadata.end() || format->second != kFormat) {
      ThrowInvalidArgument("it is no checkpoint that a Trainer has saved");
    }
    const std::vector<int64_t> place = ElementsOf<int64_t>(file, "trainer.place");
    const std::vector<int64_t> random = ElementsOf<int64_t>(file, "trainer.random");
    if (place.size() != 4 || random.size() != 2 || place[0] < 0 || place[1] < 0 || place[2] < 0 ||
        place[3] < 0) {
      ThrowInvalidArgument("its place in the run makes no sense");
    }
    std::vector<EpochRecord> records;
    while (file.Find(absl::StrCat("trainer.record.", records.size(), ".")) != nullptr) {
      const std::string prefix = absl::StrCat("trainer.record.", records.size(), ".");
      const std::vector<int64_t> ends = ElementsOf<int64_t>(file, prefix);
      if (ends.size() != 2) ThrowInvalidArgument("a record of an epoch makes no sense");
      EpochRecord record{.epoch = ends[0], .step = ends[1], .numbers = {}};
      for (const auto& [name, tensor] : Under(file.tensors, prefix)) {
        if (!name.empty()) record.numbers.emplace_back(name, tensor.Item<double>());
      }
      records.push_back(std::move(record));
    }
    Averages averages;
    for (const auto& [name, tensor] : Under(file.tensors, "trainer.average.")) {
      const std::vector<double> parts =
          ElementsOf<double>(file, absl::StrCat("trainer.average.", name));
      if (parts.size() != 2) ThrowInvalidArgument("an average makes no sense");
      averages.emplace_back(name, Average{.sum = parts[0], .weight = parts[1]});
    }
    fitting_->model.LoadStateDict(Under(file.tensors, "model."));
    fitting_->optimizer.LoadStateDict(Under(file.tensors, "optimizer."));
    if (fitting_->scheduler != nullptr) {
      fitting_->scheduler->LoadStateDict(Under(file.tensors, "scheduler."));
    }
    const NamedTensors scaler = Under(file.tensors, "scaler.");
    if (scaler_.enabled() && !scaler.empty()) scaler_.LoadStateDict(scaler);
    for (const auto& callback : callbacks_) {
      const std::string key = callback->StateKey();
      if (!key.empty()) {
        callback->LoadStateDict(Under(file.tensors, absl::StrCat("callback.", key, ".")));
      }
    }
    int64_t at = 0;
    fitting_->optimizer.ZeroGrad();
    for (size_t group = 0; group < fitting_->optimizer.num_groups(); ++group) {
      for (const Tensor& param : fitting_->optimizer.params(group)) {
        const std::string key = absl::StrCat("trainer.grad.", at++);
        const Tensor* const grad = file.Find(key);
        const Tensor* const indices = file.Find(key + ".indices");
        const Tensor* const values = file.Find(key + ".values");
        if (grad != nullptr) autograd::SetGrad(param, To(*grad, param.device()));
        if (indices == nullptr || values == nullptr) continue;
        autograd::SetGrad(param, sparse::FromParts(To(*indices, param.device()),
                                                   To(*values, param.device()), param.shape()));
      }
    }
    DefaultGenerator().SetState(
        {.seed = static_cast<uint64_t>(random[0]), .offset = static_cast<uint64_t>(random[1])});
    loader_state_ = Under(file.tensors, "trainer.loader.");
    epoch_ = place[0];
    batch_ = place[1];
    step_ = place[2];
    accumulated_ = place[3];
    averages_ = std::move(averages);
    records_ = std::move(records);
  } catch (const Error& error) {
    throw Error(error.code(), absl::StrCat(path, ": ", error.message()));
  }
}

}  // namespace neura::trainer
