// Writes docs/operations.md: what the rows say of every operation and every composite.
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "neura/autograd/rule.h"
#include "neura/cuda/gaps.h"
#include "neura/onnx/export/mapping.h"
#include "neura/tensor/backend_api.h"
#include "neura/tensor/ops/op_list.h"
#include "neura/tensor/tensor.h"

namespace neura {
namespace {

// In a cell of a table.
std::string Cell(std::string_view text) { return absl::StrReplaceAll(text, {{"|", "\\|"}}); }

std::string DTypesOf(const OpFlags& flags) {
  if (flags.random || flags.moves) return "all";
  return flags.dtypes == kAllDTypes ? "all" : ToString(flags.dtypes);
}

std::string_view GradientOf(OpId op) {
  switch (autograd::RuleOf(op).kind) {
    case autograd::Rule::Kind::kDifferentiable:
      return "yes";
    case autograd::Rule::Kind::kNotDifferentiable:
      return "none";
    case autograd::Rule::Kind::kMissing:
      break;
  }
  return "missing";
}

void WriteFamily(const char* title, const std::vector<OpId>& ops) {
  std::cout << "\n### " << title << "\n\n"
            << "| operation | what it does | dtypes | gradients | CUDA | ONNX |\n"
            << "|---|---|---|---|---|---|\n";
  for (OpId op : ops) {
    const OpSchema& schema = SchemaOf(op);
    const char* const onnx = onnx::MappingOf(op).onnx_name;
    const bool is_view = schema.flags.view || schema.flags.moves;
    std::cout << "| `" << schema.name << "(" << schema.inputs << ")` | " << Cell(schema.doc)
              << " | " << DTypesOf(schema.flags) << " | " << GradientOf(op) << " | "
              << (is_view || cuda::GapOf(op) == nullptr ? "yes" : "no") << " | "
              << (onnx != nullptr ? onnx : "") << " |\n";
  }
}

void WriteOperations() {
  std::cout << "\n## Operations\n";
#define NEURA_OP(Name, ...) op::k##Name,
  WriteFamily("Pointwise", {
#include "neura/tensor/ops/op_list/pointwise.inc"
                           });
  WriteFamily("Reductions and scans", {
#include "neura/tensor/ops/op_list/reduce.inc"
                                      });
  WriteFamily("Linear algebra", {
#include "neura/tensor/ops/op_list/linalg.inc"
                                });
  WriteFamily("Fourier transforms", {
#include "neura/tensor/ops/op_list/fft.inc"
                                    });
  WriteFamily("Convolution and pooling", {
#include "neura/tensor/ops/op_list/image.inc"
                                         });
  WriteFamily("Softmax and norms", {
#include "neura/tensor/ops/op_list/norm.inc"
                                   });
  WriteFamily("Indices", {
#include "neura/tensor/ops/op_list/index.inc"
                         });
  WriteFamily("Joining and arranging", {
#include "neura/tensor/ops/op_list/shape.inc"
                                       });
  WriteFamily("Views", {
#include "neura/tensor/ops/op_list/view.inc"
                       });
  WriteFamily("Copies", {
#include "neura/tensor/ops/op_list/copy.inc"
                        });
  WriteFamily("Creation", {
#include "neura/tensor/ops/op_list/create.inc"
                          });
  WriteFamily("Programs over elements", {
#include "neura/tensor/ops/op_list/fused.inc"
                                        });
#undef NEURA_OP
}

void WriteRow(std::string_view where, std::string_view name, std::string_view parameters,
              std::string_view doc) {
  std::string place(where);
  if (where == "both") place = "function, method";
  if (where == "itself") place = absl::StrCat("function, method, `", name, "_`");
  if (where == "functional") place = "`nn.functional`";
  std::cout << "| `" << name << "(" << Cell(parameters) << ")` | " << Cell(doc) << " | " << place
            << " |\n";
}

#define NEURA_COMPOSITE(where, Result, Name, name, parameters, python_parameters, doc) \
  WriteRow(#where, #name, python_parameters, doc);
#define NEURA_COMPOSITE_AS(where, name, python_parameters, function, doc) \
  WriteRow(#where, #name, python_parameters, doc);

void WriteComposites() {
  std::cout << "\n## Composites\n\n"
            << "Functions of operations: their dtypes, gradients, devices and ONNX operators are "
               "those of what they are "
               "made of.\n\n| function | what it does | in Python |\n|---|---|---|\n";
#include "neura/tensor/ops/composites.inc"
}

void WriteNamespaces() {
#define NEURA_COMPOSITE(space, Result, Name, name, parameters, python_parameters, doc) \
  WriteRow("function", #name, python_parameters, doc);
#define NEURA_COMPOSITE_AS(space, name, python_parameters, function, doc) \
  WriteRow("function", #name, python_parameters, doc);
#define NEURA_NAMESPACE(space, doc)        \
  std::cout << "\n## neura." #space "\n\n" \
            << doc << "\n\n"               \
            << "| function | what it does | in Python |\n|---|---|---|\n";
#include "neura/tensor/namespaces.inc"
}

}  // namespace
}  // namespace neura

int main() {
  std::cout << "# Operations\n\n"
            << "Written from the rows of `tensor` by `tools/operations/update.sh`; a test holds it "
               "to them. The CPU has a "
               "kernel for every operation. Gradients can be differentiated again.\n";
  neura::WriteOperations();
  neura::WriteComposites();
  neura::WriteNamespaces();
}
