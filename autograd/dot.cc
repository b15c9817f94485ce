#include "neura/autograd/dot.h"

#include <unordered_map>

#include "absl/strings/str_cat.h"
#include "neura/autograd/function.h"
#include "neura/autograd/node.h"

namespace neura::autograd {
namespace {

class Picture {
 public:
  void AddOutput(const Tensor& tensor) {
    RequireDefined("DotOf", tensor);
    const std::string name = absl::StrCat("output", outputs_++);
    Line(name, " [label=\"", ToString(tensor.shape()), "\", shape=plaintext]");
    AddEdge(EdgeTo(tensor), name, tensor.shape());
    while (!stack_.empty()) {
      const Node* const node = stack_.back();
      stack_.pop_back();
      for (const Node::Input& input : node->inputs()) {
        AddEdge(input.edge, names_[node], input.shape);
      }
    }
  }
  std::string Text() const {
    return absl::StrCat("digraph {\n  node [fontname=\"sans-serif\"]\n", lines_, "}\n");
  }

 private:
  template <typename... Parts>
  void Line(const Parts&... parts) {
    absl::StrAppend(&lines_, "  ", parts..., "\n");
  }

  // From where a value comes to what was made of it.
  void AddEdge(const Edge& edge, const std::string& to, DimsView shape) {
    if (!edge) return;
    const void* const from =
        edge.node ? static_cast<const void*>(edge.node.get()) : edge.leaf.get();
    const auto [it, inserted] = names_.try_emplace(from, absl::StrCat("n", names_.size()));
    if (inserted && edge.node) {
      Line(it->second, " [label=\"", NameOf(*edge.node), "\", shape=box]");
      stack_.push_back(edge.node.get());
    } else if (inserted) {
      Line(it->second, " [label=\"leaf ", ToString(shape), "\", shape=ellipse]");
    }
    Line(it->second, " -> ", to, " [label=\"", ToString(shape), "\"]");
  }

  std::string lines_;
  std::unordered_map<const void*, std::string> names_;
  std::vector<const Node*> stack_;
  int outputs_ = 0;
};

}  // namespace

std::string DotOf(const std::vector<Tensor>& outputs) {
  Picture picture;
  for (const Tensor& output : outputs) picture.AddOutput(output);
  return picture.Text();
}

}  // namespace neura::autograd
