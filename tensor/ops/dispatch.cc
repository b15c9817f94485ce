#include "neura/tensor/ops/dispatch.h"

#include <algorithm>
#include <new>
#include <vector>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "absl/strings/str_cat.h"
#include "neura/tensor/core/device_memory.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/thread_exit.h"
#include "neura/tensor/ops/autocast.h"
#include "neura/tensor/ops/backend.h"
#include "neura/tensor/ops/op_list/copy.h"
#include "neura/tensor/ops/op_list/pointwise.h"
#include "neura/tensor/ops/pointwise_type.h"

namespace neura {
namespace {

// Filled before main(), read-only afterwards; trivial, so that the order of initialization across
// libraries does not matter.
constexpr int kMaxGlobalObservers = 4;
OpObserver* g_observers[kMaxGlobalObservers];
int g_num_observers = 0;
SparseCalls g_sparse_calls = nullptr;

struct ThreadWatchers {
  std::vector<OpObserver*> observers;
  std::vector<OpInterceptor*> interceptors;
};
ThreadWatchers& Watchers() { return internal::ThreadOwned<ThreadWatchers>(); }
// What the fast path tests: the vectors of Watchers() are empty exactly when these are zero.
thread_local int t_num_observers = 0;
thread_local int t_num_interceptors = 0;

void Notify(const OpCall& call, absl::Span<Tensor> outputs) {
  for (int i = 0; i < g_num_observers; ++i) g_observers[i]->OnOp(call, outputs);
  if (ABSL_PREDICT_FALSE(t_num_observers > 0)) {
    for (OpObserver* observer : Watchers().observers) observer->OnOp(call, outputs);
  }
}

OutputMask NeededByObservers(const OpCall& call) {
  OutputMask needed = 0;
  for (int i = 0; i < g_num_observers; ++i) needed |= g_observers[i]->Needs(call);
  if (t_num_observers > 0) {
    for (OpObserver* observer : Watchers().observers) needed |= observer->Needs(call);
  }
  return needed;
}

void NotifyBeforeInPlace(const OpCall& call) {
  for (int i = 0; i < g_num_observers; ++i) g_observers[i]->BeforeInPlace(call);
  if (t_num_observers > 0) {
    for (OpObserver* observer : Watchers().observers) observer->BeforeInPlace(call);
  }
}

void NotifyRead(const Tensor& tensor) {
  for (OpObserver* observer : Watchers().observers) observer->OnRead(tensor);
}

bool Intercepted(const OpCall& call, absl::Span<Tensor> outputs) {
  std::vector<OpInterceptor*>& interceptors = Watchers().interceptors;
  // Out of the list while it runs, so that what it calls does not come back to it.
  OpInterceptor* interceptor = interceptors.back();
  interceptors.pop_back();
  --t_num_interceptors;
  struct Restore {
    OpInterceptor* interceptor;
    ~Restore() {
      Watchers().interceptors.push_back(interceptor);
      ++t_num_interceptors;
    }
  } restore{interceptor};
  // One that lets the call pass leaves it to those around.
  return interceptor->Intercept(call, outputs) ||
         (t_num_interceptors > 0 && Intercepted(call, outputs));
}

// The dtype in which the inputs meet, when they do not yet.
bool NeedsPromotion(const OpCall& call, const OpFlags& flags, DType* common) {
  const size_t first = flags.first_value;
  const DType dtype = call.input(first).dtype();
  bool same = true;
  for (size_t i = first + 1; i < call.inputs.size(); ++i) {
    same &= call.input(i).dtype() == dtype;
  }
  // The bounds of a clamp count as well.
  const bool inputs_decide = same && call.op != op::kClamp;
  *common = inputs_decide ? ComputeDType(flags.rule, dtype) : CommonDType(call);
  return !same || *common != dtype;
}

// A call's inputs, some of them replaced by tensors of its own.
struct ReplacedInputs {
  explicit ReplacedInputs(TensorRefs inputs)
      : storage(inputs.size()), refs(inputs.begin(), inputs.end()) {}

  void Replace(size_t i, Tensor tensor) {
    storage[i] = std::move(tensor);
    refs[i] = &storage[i];
  }
  // Through the door, so that observers see the conversion.
  void Cast(size_t first, DType dtype) {
    for (size_t i = first; i < refs.size(); ++i) {
      const DType wanted = refs[i]->impl()->number ? NumberDType(dtype, refs[i]->device()) : dtype;
      if (refs[i]->dtype() == wanted) continue;
      const CastOptions options{.dtype = wanted};
      Replace(i, Call<op::kCast>(options, *refs[i]));
    }
  }

  absl::InlinedVector<Tensor, 4> storage;
  absl::InlinedVector<const Tensor*, 4> refs;
};

// A contiguous copy on the device where the tensor is.
Tensor CloneOf(const Tensor& tensor) {
  Tensor copy = Tensor::Empty(tensor.shape(), tensor.dtype(), tensor.device());
  const Tensor* refs[] = {&tensor};
  RunKernel({op::kClone, nullptr, refs, tensor.device()}, absl::MakeSpan(&copy, 1));
  return copy;
}

// The same for every backend: its Clone kernel and its copy of bytes.
void ToDeviceKernel(KernelCall& call) {
  const Tensor& output = call.output();
  const Tensor input = call.input(0).is_contiguous() ? call.input(0) : CloneOf(call.input(0));
  CopyBytes({output.raw_data(), output.device()}, {input.raw_data(), input.device()},
            output.nbytes(), call.Get<ToDeviceOptions>().non_blocking);
}

// Memory of others may be seen through several storages.
bool ShareMemory(const Storage& a, const Storage& b) {
  if (&a == &b) return true;
  const auto begin = [](const Storage& s) { return reinterpret_cast<uintptr_t>(s.data()); };
  return a.device() == b.device() && begin(a) < begin(b) + b.bytes() &&
         begin(b) < begin(a) + a.bytes();
}

void CheckFitsInPlace(const OpCall& call, DimsView shape) {
  if (shape != call.input(0).shape()) {
    ThrowInvalidArgument(
        absl::StrCat(Describe(call), ": the result ", ToString(shape), " does not fit in place"));
  }
}

// An operation in place whose result, computed in `common`, is converted to the target's dtype, as
// long as that is of no lower category: tests write 0 or 1 over numbers.
void ConvertInPlace(const OpCall& call, DType common) {
  const Tensor& target = call.input(0);
  const DType result = ResultDType(call.schema().flags.rule, common);
  if (CategoryOf(result) > CategoryOf(target.dtype())) {
    ThrowInvalidArgument(absl::StrCat(Describe(call), ": the result has dtype ", DTypeName(result),
                                      ", which ", DTypeName(target.dtype()),
                                      " memory cannot take in place"));
  }
  Tensor computed;
  Dispatch(call.op, call.options, call.inputs, absl::MakeSpan(&computed, 1), call.device);
  CheckFitsInPlace(call, computed.shape());
  DispatchInPlace(op::kAssign, nullptr, {&target, &computed});
}

void DispatchChecked(const OpCall& call, const OpSchema& schema, absl::Span<Tensor> outputs);

void DispatchPromoted(const OpCall& call, const OpSchema& schema, DType common,
                      absl::Span<Tensor> outputs) {
  ReplacedInputs inputs(call.inputs);
  inputs.Cast(schema.flags.first_value, common);
  OpCall promoted = call;
  promoted.inputs = inputs.refs;
  DispatchChecked(promoted, schema, outputs);
}

void MakeView(const OpCall& call, const OutputSpec& spec, Tensor& output) {
  const Tensor& input = call.input(0);
  output = Tensor::View(input.storage(), input.storage_offset() + spec.offset, spec.shape,
                        spec.strides, spec.dtype);
  TensorImpl& view = *output.impl();
  view.base = input.impl()->base ? input.impl()->base : input.handle();
  view.base_version.store(input.version(), std::memory_order_relaxed);
}

void DispatchInto(const OpCall& call, const OpSchema& schema, const OutputSpecs& specs,
                  absl::Span<Tensor> outputs) {
  if (schema.flags.view) {
    for (size_t i = 0; i < outputs.size(); ++i) MakeView(call, specs[i], outputs[i]);
  } else {
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (ABSL_PREDICT_FALSE((call.wanted >> i & 1) == 0)) continue;
      outputs[i] = Tensor::Empty(specs[i].shape, specs[i].dtype, call.device);
    }
    const bool changes = ABSL_PREDICT_FALSE(schema.flags.changes != nullptr);
    if (changes) NotifyBeforeInPlace(call);
    RunKernel(call, outputs);
    for (size_t i = 0; changes && i < call.inputs.size(); ++i) {
      if (call.changes(i)) call.input(i).storage()->BumpVersion();
    }
  }
  Notify(call, outputs);
}

// The caller wants some of the outputs; observers may need others.
void DispatchSome(OpCall call, const OpSchema& schema, absl::Span<Tensor> outputs) {
  const OutputMask wanted = call.wanted;
  call.wanted |= NeededByObservers(call);
  DispatchInto(call, schema, InferOutputs(call), outputs);
  for (size_t i = 0; i < outputs.size(); ++i) {
    if ((wanted >> i & 1) == 0) outputs[i] = Tensor();
  }
}

void DispatchChecked(const OpCall& call, const OpSchema& schema, absl::Span<Tensor> outputs) {
  if (ABSL_PREDICT_FALSE(t_num_interceptors > 0) && Intercepted(call, outputs)) return;
  if (ABSL_PREDICT_FALSE(call.wanted != kAllOutputs)) return DispatchSome(call, schema, outputs);
  DispatchInto(call, schema, InferOutputs(call), outputs);
}

Device DeviceOf(TensorRefs inputs) {
  for (const Tensor* input : inputs) {
    if (input->defined()) return input->device();
  }
  return kCpu;
}

[[noreturn]] void FailForDType(const OpCall& call, DTypes dtypes, DType dtype) {
  ThrowUnimplemented(absl::StrCat(Describe(call), ": takes dtypes that are ", ToString(dtypes),
                                  ", not ", DTypeName(dtype)));
}

// Where one input is sparse, what happens is not up to kernels.
[[noreturn]] ABSL_ATTRIBUTE_COLD void FailForSparse(const OpCall& call) {
  ThrowUnimplemented(absl::StrCat(Describe(call), ": takes no sparse tensors; make them dense ",
                                  "first, with sparse::ToDense()"));
}
ABSL_ATTRIBUTE_COLD void DispatchSparse(const OpCall& call, absl::Span<Tensor> outputs) {
  if (g_sparse_calls == nullptr || !g_sparse_calls(call, outputs)) FailForSparse(call);
}

// Whether an input is sparse. Else all are there and on one device, or it throws.
bool CheckForSparse(const OpCall& call) {
  const OpSchema& schema = call.schema();
  const size_t given = call.inputs.size();
  if (given < schema.min_inputs || (given > schema.max_inputs && schema.max_inputs != kAnyNumber)) {
    ThrowInvalidArgument(
        absl::StrCat(schema.name, ": takes inputs (", schema.inputs, "), got ", given));
  }
  bool sparse = call.device.type == DeviceType::kSparse;
  for (size_t i = 0; i < given; ++i) {
    const Tensor& input = call.input(i);
    if (!input.defined()) {
      if (i < schema.min_inputs || schema.max_inputs == kAnyNumber) {
        // Required, unless its name says otherwise.
        std::string_view names = schema.inputs;
        for (size_t k = 0; k < i; ++k) names.remove_prefix(names.find(',') + 1);
        if (names.substr(0, names.find(',')).ends_with('?')) continue;
        ThrowInvalidArgument(
            absl::StrCat(schema.name, ": input ", i, " of (", schema.inputs, ") is undefined"));
      }
      continue;
    }
    if (ABSL_PREDICT_TRUE(input.device() == call.device)) continue;
    sparse |= input.device().type == DeviceType::kSparse;
    if (!sparse && !schema.flags.moves) {
      ThrowInvalidArgument(absl::StrCat(Describe(call),
                                        ": all inputs must be on one device, not on ",
                                        ToString(call.device), " and ", ToString(input.device())));
    }
  }
  return sparse;
}

}  // namespace

void CheckInputs(const OpCall& call) {
  if (ABSL_PREDICT_FALSE(CheckForSparse(call))) FailForSparse(call);
}

void SetSparseCalls(SparseCalls calls) { g_sparse_calls = calls; }

OutputSpecs InferOutputs(const OpCall& call) {
  const OpSchema& schema = call.schema();
  const OpFlags& flags = schema.flags;
  const bool any = flags.dtypes == kAllDTypes;
  if (!any && !flags.in_result) {
    const DType dtype = call.input(flags.first_value).dtype();
    if (ABSL_PREDICT_FALSE(!flags.dtypes.Has(dtype))) FailForDType(call, flags.dtypes, dtype);
  }
  OutputSpecs specs(schema.num_outputs);
  InferOf(call.op)(call, specs);
  if (!any && flags.in_result && !flags.dtypes.Has(specs[0].dtype)) {
    FailForDType(call, flags.dtypes, specs[0].dtype);
  }
  for (const OutputSpec& spec : specs) {
    if (ABSL_PREDICT_FALSE(spec.shape.size() > kMaxDims)) {
      CheckNumDims(schema.name, spec.shape.size());
    }
  }
  return specs;
}

void RunKernel(const OpCall& call, absl::Span<Tensor> outputs) {
  if (ABSL_PREDICT_FALSE(call.device.type == DeviceType::kMeta)) return;
  const Kernel kernel =
      call.op == op::kToDevice ? &ToDeviceKernel : KernelsOf(call.device.type)[call.op];
  if (ABSL_PREDICT_FALSE(kernel == nullptr)) {
    ThrowUnimplemented(
        absl::StrCat(Describe(call), ": no kernel for device ", ToString(call.device)));
  }
  KernelCall kernel_call{call, outputs};
  try {
    kernel(kernel_call);
  } catch (Error& error) {
    error.AddContext(Describe(call));
    throw;
  } catch (const std::bad_alloc&) {
    ThrowResourceExhausted(absl::StrCat(Describe(call), ": out of memory"));
  }
}

void Dispatch(OpId op, const void* options, TensorRefs inputs, absl::Span<Tensor> outputs,
              Device device, OutputMask wanted) {
  const OpSchema& schema = SchemaOf(op);
  OpCall call{op, options, inputs, device};
  call.wanted = wanted;
  if (ABSL_PREDICT_FALSE(CheckForSparse(call))) return DispatchSparse(call, outputs);
  if (outputs.size() != schema.num_outputs || schema.flags.in_place_only || schema.flags.list) {
    ThrowInternal(absl::StrCat(schema.name, ": called for ", outputs.size(), " outputs"));
  }
  DType common;
  if (schema.flags.promotes && NeedsPromotion(call, schema.flags, &common)) {
    DispatchPromoted(call, schema, common, outputs);
    return;
  }
  DispatchChecked(call, schema, outputs);
}

void Dispatch(OpId op, const void* options, TensorRefs inputs, absl::Span<Tensor> outputs,
              OutputMask wanted) {
  Dispatch(op, options, inputs, outputs, DeviceOf(inputs), wanted);
}

std::vector<Tensor> DispatchList(OpId op, const void* options, TensorRefs inputs) {
  const OpSchema& schema = SchemaOf(op);
  const OpCall call{op, options, inputs, DeviceOf(inputs)};
  CheckInputs(call);
  if (!schema.flags.list || schema.flags.promotes) {
    ThrowInternal(absl::StrCat(schema.name, ": called for a list of outputs"));
  }
  const OutputSpecs specs = InferOutputs(call);
  std::vector<Tensor> outputs(specs.size());
  if (ABSL_PREDICT_FALSE(t_num_interceptors > 0) && Intercepted(call, absl::MakeSpan(outputs))) {
    return outputs;
  }
  DispatchInto(call, schema, specs, absl::MakeSpan(outputs));
  return outputs;
}

void DispatchInPlace(OpId op, const void* options, TensorRefs inputs) {
  const OpSchema& schema = SchemaOf(op);
  OpCall call{op, options, inputs, kCpu, /*in_place=*/true};
  if (inputs.empty() || !inputs[0]->defined() ||
      !(schema.flags.pointwise || schema.flags.in_place_only)) {
    ThrowInvalidArgument(absl::StrCat(schema.name, ": cannot run in place"));
  }
  const Tensor& target = call.input(0);
  call.device = target.device();
  if (ABSL_PREDICT_FALSE(CheckForSparse(call))) {
    Tensor output = target;
    return DispatchSparse(call, absl::MakeSpan(&output, 1));
  }
  if (!target.is_contiguous() && Overlaps(target.shape(), target.strides())) {
    ThrowInvalidArgument(
        absl::StrCat(Describe(call), ": cannot write in place to a tensor some of ",
                     "whose elements share memory, such as an expanded one; ", "Clone() it first"));
  }
  ReplacedInputs replaced(inputs);
  DType common = target.dtype();
  if (schema.flags.promotes && NeedsPromotion(call, schema.flags, &common)) {
    // A computation in another dtype than the target's is converted to that afterwards.
    if (common != target.dtype()) return ConvertInPlace(call, common);
    replaced.Cast(1, common);
    call.inputs = replaced.refs;
  }
  if (ResultDType(schema.flags.rule, common) != common) return ConvertInPlace(call, common);
  CheckFitsInPlace(call, InferOutputs(call)[0].shape);
  Tensor output = target;
  if (ABSL_PREDICT_FALSE(t_num_interceptors > 0) && Intercepted(call, absl::MakeSpan(&output, 1))) {
    return;
  }
  NotifyBeforeInPlace(call);
  // Another view of the same memory is read while it is overwritten: work on a copy, made through
  // the door, so that gradients find their way to the view.
  for (size_t i = 1; i < call.inputs.size(); ++i) {
    const Tensor& input = call.input(i);
    if (!input.defined() || !ShareMemory(*input.storage(), *target.storage())) continue;
    // Where each element comes from its own place alone, nothing is read after it was written.
    const bool is_in_place = schema.flags.pointwise || call.op == op::kAssign;
    if (is_in_place && input.raw_data() == target.raw_data() && input.shape() == target.shape() &&
        input.strides() == target.strides()) {
      continue;
    }
    replaced.Replace(i, Call<op::kClone>({}, input));
    call.inputs = replaced.refs;
  }
  RunKernel(call, absl::MakeSpan(&output, 1));
  target.storage()->BumpVersion();
  Notify(call, absl::MakeSpan(&output, 1));
}

void AddGlobalObserver(OpObserver* observer) {
  if (g_num_observers == kMaxGlobalObservers) ThrowInternal("AddGlobalObserver: too many");
  g_observers[g_num_observers++] = observer;
}

ScopedObserver::ScopedObserver(OpObserver* observer) : observer_(observer) {
  Watchers().observers.push_back(observer);
  ++t_num_observers;
  internal::t_on_read = &NotifyRead;
}
ScopedObserver::~ScopedObserver() {
  std::erase(Watchers().observers, observer_);
  if (--t_num_observers == 0) internal::t_on_read = nullptr;
}

ScopedInterceptor::ScopedInterceptor(OpInterceptor* interceptor) {
  Watchers().interceptors.push_back(interceptor);
  ++t_num_interceptors;
}
ScopedInterceptor::~ScopedInterceptor() {
  Watchers().interceptors.pop_back();
  --t_num_interceptors;
}

bool IsWatched() {
  // What autocasts looks at dtypes alone.
  return t_num_observers > 0 || t_num_interceptors > (internal::t_autocasts ? 1 : 0);
}

constinit KernelTable internal::g_kernels[kNumDeviceTypes];

std::string Describe(const OpCall& call) {
  std::string text = absl::StrCat(call.schema().name, call.in_place ? "_" : "", "(");
  for (size_t i = 0; i < call.inputs.size(); ++i) {
    absl::StrAppend(&text, i == 0 ? "" : ", ", Describe(call.input(i)));
  }
  const OpSchema& schema = call.schema();
  if (call.options != nullptr && schema.has_options()) {
    absl::StrAppend(&text, call.inputs.empty() ? "" : "; ",
                    OptionsToString(*schema.options, call.options));
  }
  text += ")";
  return text;
}

}  // namespace neura
