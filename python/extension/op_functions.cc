#include "neura/python/extension/op_functions.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "neura/python/extension/constructor.h"
#include "neura/python/extension/function.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/dispatch.h"
#include "neura/tensor/ops/op_list/fused.h"
#include "neura/tensor/ops/schema.h"

namespace neura::python {
namespace {

namespace py = pybind11;

// Where an argument of Python goes: an input of the operation, or a field of its options.
struct Target {
  bool is_field = false;
  size_t index = 0;
};

// An option struct whose type is known only at run time.
class OptionsValue {
 public:
  explicit OptionsValue(const OptionsType& type) : type_(type) { type.construct(memory_); }
  ~OptionsValue() { type_.destroy(memory_); }
  OptionsValue(const OptionsValue&) = delete;
  OptionsValue& operator=(const OptionsValue&) = delete;

  void* get() { return memory_; }
  absl::InlinedVector<FieldRef, 10> Fields() {
    absl::InlinedVector<FieldRef, 10> fields;
    type_.visit(memory_, [&](const char*, FieldRef field) { fields.push_back(field); });
    return fields;
  }
  static constexpr size_t kMaxSize = 512;

 private:
  const OptionsType& type_;
  alignas(std::max_align_t) std::byte memory_[kMaxSize];
};

struct Signature {
  std::vector<Parameter> parameters;
  std::vector<Target> targets;
  bool takes_list = false;  // the only input is any number of tensors
};

const std::map<std::string_view, std::string_view>& Overrides() {
  static const auto* const overrides = new std::map<std::string_view, std::string_view>{
#define NEURA_SIGNATURE(name, parameters) {#name, parameters},
#define NEURA_OVER_ITSELF(name)
#include "neura/python/extension/signatures.inc"
#undef NEURA_SIGNATURE
#undef NEURA_OVER_ITSELF
  };
  return *overrides;
}

// Whether the result of an operation that is not pointwise may be written over its input.
bool GoesOverItself(std::string_view name) {
  constexpr std::string_view kNames[] = {
#define NEURA_SIGNATURE(name, parameters)
#define NEURA_OVER_ITSELF(name) #name,
#include "neura/python/extension/signatures.inc"
#undef NEURA_SIGNATURE
#undef NEURA_OVER_ITSELF
  };
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

// Inputs, then options, in the order of the operation list.
Signature DerivedSignature(const OpSchema& schema) {
  Signature signature;
  size_t index = 0;
  const bool numbers = schema.flags.pointwise && schema.max_inputs > 1;
  for (std::string_view input : absl::StrSplit(schema.inputs, ", ", absl::SkipEmpty())) {
    Parameter parameter;
    parameter.type = numbers ? "Tensor | Number" : "Tensor";
    if (absl::ConsumeSuffix(&input, "...")) {
      parameter.type = "Sequence[Tensor]";
      signature.takes_list = true;
    } else if (absl::ConsumeSuffix(&input, "?")) {
      parameter.type = "Tensor | None";
      parameter.default_value = py::none();
    }
    parameter.name = std::string(input);
    signature.parameters.push_back(std::move(parameter));
    signature.targets.push_back({.is_field = false, .index = index++});
  }
  // As in Python, nothing that may be left out stands before what may not: it takes None there.
  bool required_follows = false;
  for (size_t i = signature.parameters.size(); i-- > 0;) {
    py::object& value = signature.parameters[i].default_value;
    if (required_follows) value = {};
    required_follows |= !value;
  }
  index = 0;
  for (Parameter& parameter : ParametersOfOptions(*schema.options, 0)) {
    signature.parameters.push_back(std::move(parameter));
    signature.targets.push_back({.is_field = true, .index = index++});
  }
  return signature;
}

Signature SignatureOf(const OpSchema& schema) {
  const Signature derived = DerivedSignature(schema);
  const auto found = Overrides().find(schema.name);
  if (found == Overrides().end()) return derived;
  Signature signature;
  signature.takes_list = derived.takes_list;
  bool keyword_only = false;
  for (std::string_view part : absl::StrSplit(found->second, ", ")) {
    if (part == "*") {
      keyword_only = true;
      continue;
    }
    const bool variadic = absl::ConsumePrefix(&part, "*");
    const bool optional = absl::ConsumeSuffix(&part, "=");
    const std::vector<std::string_view> names = absl::StrSplit(part, "<-");
    size_t i = 0;
    while (i < derived.parameters.size() && derived.parameters[i].name != names.back()) ++i;
    if (i == derived.parameters.size()) {
      throw std::logic_error(absl::StrCat("python: signature of ", schema.name, " names ", part));
    }
    Parameter parameter = derived.parameters[i];
    parameter.name = std::string(names.front());
    parameter.variadic = variadic;
    parameter.keyword_only = keyword_only;
    if (!optional) {
      parameter.default_value = {};
      parameter.type = std::string(absl::StripSuffix(parameter.type, " | None"));
    }
    signature.parameters.push_back(std::move(parameter));
    signature.targets.push_back(derived.targets[i]);
  }
  return signature;
}

std::string DocOf(const OpSchema& schema) {
  const OpFlags& flags = schema.flags;
  if (flags.dtypes == kAllDTypes) return schema.doc;
  return absl::StrCat(schema.doc,
                      flags.in_result ? " (results: " : " (dtypes: ", ToString(flags.dtypes), ")");
}

std::string ResultOf(const OpSchema& schema) {
  if (schema.flags.list) return "tuple[Tensor, ...]";
  if (schema.num_outputs == 0) return "None";
  if (schema.num_outputs == 1) return "Tensor";
  std::string text = "tuple[Tensor";
  for (int i = 1; i < schema.num_outputs; ++i) text += ", Tensor";
  return text + "]";
}

class OpFunction final : public Function {
 public:
  OpFunction(OpId op, bool in_place, Signature signature)
      : Function(absl::StrCat(SchemaOf(op).name, in_place ? "_" : ""), DocOf(SchemaOf(op)),
                 std::move(signature.parameters), ResultOf(SchemaOf(op))),
        op_(op),
        schema_(SchemaOf(op)),
        in_place_(in_place),
        targets_(std::move(signature.targets)),
        takes_list_(signature.takes_list),
        result_type_(schema_.num_outputs > 1
                         ? NewResultType(schema_.name, schema_.outputs, schema_.doc)
                         : nullptr) {}

  PyObject* Call(PyObject* const* arguments) const override {
    OptionsValue options(*schema_.options);
    const auto fields = options.Fields();
    std::vector<Tensor> list;
    absl::InlinedVector<Operand, 5> inputs(takes_list_ ? 0 : schema_.max_inputs);
    for (size_t i = 0; i < targets_.size(); ++i) {
      if (!Convert(arguments[i], targets_[i], fields, inputs, list))
        ThrowBadArgument(i, arguments[i]);
    }
    for (const Tensor& tensor : list) inputs.push_back(tensor);
    if (schema_.flags.pointwise) NumbersToTensors(op_, absl::MakeSpan(inputs));
    absl::InlinedVector<const Tensor*, 5> refs;
    for (const Operand& input : inputs) refs.push_back(&input.tensor);
    if (in_place_) {
      WithoutGil([&] {
        if (!GoesOverItself(schema_.name)) return DispatchInPlace(op_, options.get(), refs);
        Tensor result;
        Dispatch(op_, options.get(), refs, absl::MakeSpan(&result, 1));
        AssignResult(name(), *refs[0], result);
      });
      return Py_NewRef(arguments[0]);
    }
    if (schema_.flags.list) {
      return ToPython(WithoutGil([&] { return DispatchList(op_, options.get(), refs); }));
    }
    absl::InlinedVector<Tensor, kMaxOutputs> outputs(schema_.num_outputs);
    WithoutGil([&] { Dispatch(op_, options.get(), refs, absl::MakeSpan(outputs)); });
    if (schema_.num_outputs == 0) Py_RETURN_NONE;
    if (schema_.num_outputs == 1) return ToPython(std::move(outputs[0]));
    return ResultToPython(result_type_, outputs);
  }

 private:
  template <typename Fields, typename Inputs>
  bool Convert(PyObject* argument, const Target& target, const Fields& fields, Inputs& inputs,
               std::vector<Tensor>& list) const {
    if (target.is_field) {
      // None stands for what the option is by itself.
      return FieldFromPython(argument, fields[target.index]) || argument == Py_None;
    }
    if (takes_list_) return FromPython(argument, &list);
    Operand& input = inputs[target.index];
    if (argument == Py_None) {
      input = Tensor();  // of an optional input; Dispatch refuses it for others
      return true;
    }
    if (schema_.flags.pointwise) return FromPython(argument, &input);
    input.is_tensor = FromPython(argument, &input.tensor);
    return input.is_tensor;
  }

  const OpId op_;
  const OpSchema& schema_;
  const bool in_place_;
  const std::vector<Target> targets_;
  const bool takes_list_;
  PyTypeObject* const result_type_;  // of several outputs
};

}  // namespace

void InitOpFunctions(py::module_& m) {
  const py::handle tensor(reinterpret_cast<PyObject*>(g_tensor_type));
  for (OpId op : AllOps()) {
    const OpSchema& schema = SchemaOf(op);
    if (schema.flags.moves) continue;  // Tensor.to names the device
    // Python makes no programs over elements.
    if (schema.options == OptionsTypeOf<FusedOptions>("FusedOptions")) continue;
    if (schema.options->size > OptionsValue::kMaxSize) {
      throw std::logic_error(absl::StrCat("python: options of ", schema.name, " are too large"));
    }
    const bool is_method = std::string_view(schema.inputs).substr(0, 5) == "input";
    if (!schema.flags.in_place_only) {
      const auto* const function = new OpFunction(op, false, SignatureOf(schema));
      BindAgain(m, "", schema.name, function);
      if (is_method) BindAgain(tensor, "Tensor", schema.name, function);
    }
    if (is_method &&
        (schema.flags.pointwise || schema.flags.in_place_only || GoesOverItself(schema.name))) {
      Bind(tensor, "Tensor", absl::StrCat(schema.name, "_"),
           std::make_unique<OpFunction>(op, true, SignatureOf(schema)));
    }
  }
}

}  // namespace neura::python
