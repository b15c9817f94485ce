// Einstein's sums: products of two operands at a time, from the left, each one matrix product.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/linalg.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"

namespace neura {
namespace {

// One for each dimension: a letter, or below 0 one that an ellipsis stands for, counted from the
// last.
using Labels = std::vector<int>;

struct Term {
  Tensor tensor;
  Labels labels;
};

[[noreturn]] void Refuse(std::string_view equation, std::string_view why) {
  ThrowInvalidArgument(absl::StrCat("einsum(\"", equation, "\"): ", why));
}

bool Has(const Labels& labels, int label) {
  return std::find(labels.begin(), labels.end(), label) != labels.end();
}

int64_t PlaceOf(const Labels& labels, int label) {
  return std::find(labels.begin(), labels.end(), label) - labels.begin();
}

// `open` dimensions stand where the ellipsis does.
Labels Parse(std::string_view equation, std::string_view text, int64_t open) {
  Labels labels;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i).starts_with("...")) {
      for (int64_t k = open; k > 0; --k) labels.push_back(static_cast<int>(-k));
      i += 2;
    } else if (absl::ascii_isalpha(static_cast<unsigned char>(text[i]))) {
      labels.push_back(text[i]);
    } else {
      Refuse(equation, absl::StrCat("\"", text.substr(i, 1), "\" is neither a letter nor \"...\""));
    }
  }
  return labels;
}

// Without dimensions that have one label: their diagonal.
Term Diagonals(std::string_view equation, Term term) {
  for (size_t i = 0; i < term.labels.size(); ++i) {
    for (size_t j = i + 1; j < term.labels.size();) {
      if (term.labels[i] != term.labels[j]) {
        ++j;
        continue;
      }
      const auto first = static_cast<int64_t>(i), second = static_cast<int64_t>(j);
      if (term.tensor.size(first) != term.tensor.size(second)) {
        Refuse(equation,
               absl::StrCat("a label stands for extents ", term.tensor.size(first), " and ",
                            term.tensor.size(second), " of ", Describe(term.tensor)));
      }
      term.tensor = MoveDim(Diagonal(term.tensor, 0, first, second), {-1}, {first});
      term.labels.erase(term.labels.begin() + second);
    }
  }
  return term;
}

// Summed over what is not among the labels that are needed.
Term SumOut(Term term, const Labels& needed) {
  Dims dims;
  Labels kept;
  for (size_t i = 0; i < term.labels.size(); ++i) {
    if (Has(needed, term.labels[i])) {
      kept.push_back(term.labels[i]);
    } else {
      dims.push_back(static_cast<int64_t>(i));
    }
  }
  if (!dims.empty()) term.tensor = Sum(term.tensor, {.dims = dims});
  return {term.tensor, kept};
}

// The dimensions in that order; those that are missing have extent 1.
Tensor InOrder(const Term& term, const Labels& order) {
  Tensor tensor = term.tensor;
  Dims dims;
  int64_t rank = tensor.dim();
  for (int label : order) {
    if (Has(term.labels, label)) {
      dims.push_back(PlaceOf(term.labels, label));
    } else {
      tensor = Unsqueeze(tensor, -1);
      dims.push_back(rank++);
    }
  }
  return Permute(tensor, dims);
}

int64_t ExtentOf(const Term& term, int label) {
  return Has(term.labels, label) ? term.tensor.size(PlaceOf(term.labels, label)) : 1;
}

// The product, summed over labels of both that are not needed: [both, a alone, summed] times
// [both, summed, b alone].
Term Multiply(const Term& a, const Term& b, const Labels& needed) {
  Labels shared, summed, a_alone, b_alone;
  for (int label : a.labels) {
    const bool broadcast = ExtentOf(a, label) != ExtentOf(b, label);
    if (!Has(b.labels, label)) {
      a_alone.push_back(label);
    } else {
      (Has(needed, label) || broadcast ? shared : summed).push_back(label);
    }
  }
  for (int label : b.labels) {
    if (!Has(a.labels, label)) b_alone.push_back(label);
  }
  const auto concatenated = [](std::initializer_list<const Labels*> lists) {
    Labels all;
    for (const Labels* list : lists) all.insert(all.end(), list->begin(), list->end());
    return all;
  };
  const auto extents = [](const Term& term, const Labels& labels) {
    Dims dims;
    for (int label : labels) dims.push_back(ExtentOf(term, label));
    return dims;
  };
  Dims left = extents(a, shared), right = extents(b, shared);
  const int64_t rows = NumElements(extents(a, a_alone)), columns = NumElements(extents(b, b_alone)),
                inner = NumElements(extents(a, summed));
  left.insert(left.end(), {rows, inner});
  right.insert(right.end(), {inner, columns});
  const Tensor product =
      MatMul(Reshape(InOrder(a, concatenated({&shared, &a_alone, &summed})), left),
             Reshape(InOrder(b, concatenated({&shared, &summed, &b_alone})), right));
  Dims shape(product.shape().begin(), product.shape().end() - 2);
  for (int label : a_alone) shape.push_back(ExtentOf(a, label));
  for (int label : b_alone) shape.push_back(ExtentOf(b, label));
  return SumOut({Reshape(product, shape), concatenated({&shared, &a_alone, &b_alone})}, needed);
}

}  // namespace

Tensor Einsum(const std::string& equation, const std::vector<Tensor>& operands) {
  std::string text;
  for (char c : equation) {
    if (c != ' ') text += c;
  }
  const size_t arrow = text.find("->");
  const std::vector<std::string> inputs = absl::StrSplit(text.substr(0, arrow), ',');
  if (inputs.size() != operands.size()) {
    Refuse(equation, absl::StrCat("it names ", inputs.size(), " operands, got ", operands.size()));
  }
  std::vector<Term> terms;
  int64_t widest = 0;
  for (size_t i = 0; i < inputs.size(); ++i) {
    RequireDefined("einsum", operands[i]);
    const size_t dots = inputs[i].find("...");
    const bool open = dots != std::string::npos;
    if (open && inputs[i].find("...", dots + 3) != std::string::npos) {
      Refuse(equation, "an operand has one ellipsis at most");
    }
    const int64_t letters = static_cast<int64_t>(inputs[i].size()) - (open ? 3 : 0);
    const int64_t rest = operands[i].dim() - letters;
    if (rest < 0 || (rest > 0 && !open)) {
      Refuse(equation, absl::StrCat("operand ", i, ", ", Describe(operands[i]), ", has not the ",
                                    letters, " dimensions of \"", inputs[i], "\""));
    }
    widest = std::max(widest, rest);
    terms.push_back(Diagonals(equation, {operands[i], Parse(equation, inputs[i], rest)}));
  }
  // The extent of each label; 1 broadcasts.
  for (const Term& term : terms) {
    for (const Term& other : terms) {
      for (int label : term.labels) {
        const int64_t a = ExtentOf(term, label), b = ExtentOf(other, label);
        if (a != b && a != 1 && b != 1) {
          Refuse(equation, absl::StrCat("a label stands for extents ", a, " and ", b));
        }
      }
    }
  }
  Labels output;
  if (arrow != std::string::npos) {
    output = Parse(equation, std::string_view(text).substr(arrow + 2), widest);
    for (size_t i = 0; i < output.size(); ++i) {
      if (std::find(output.begin(), output.begin() + static_cast<int64_t>(i), output[i]) !=
          output.begin() + static_cast<int64_t>(i)) {
        Refuse(equation, "a label of the result stands there once");
      }
      const bool known = std::any_of(terms.begin(), terms.end(),
                                     [&](const Term& term) { return Has(term.labels, output[i]); });
      if (!known) Refuse(equation, "a label of the result is among those of an operand");
    }
  } else {
    // What an ellipsis stands for, and the letters that stand once, in their order.
    for (int64_t k = widest; k > 0; --k) output.push_back(static_cast<int>(-k));
    std::array<int, 128> uses = {};
    for (const std::string& input : inputs) {
      for (char c : input) ++uses[static_cast<size_t>(c) & 127];
    }
    for (int letter = 'A'; letter <= 'z'; ++letter) {
      if (absl::ascii_isalpha(static_cast<unsigned char>(letter)) &&
          uses[static_cast<size_t>(letter)] == 1) {
        output.push_back(letter);
      }
    }
  }
  const auto needed_after = [&](size_t i) {
    Labels needed = output;
    for (size_t k = i + 1; k < terms.size(); ++k) {
      needed.insert(needed.end(), terms[k].labels.begin(), terms[k].labels.end());
    }
    return needed;
  };
  Term result = SumOut(terms[0], needed_after(0));
  for (size_t i = 1; i < terms.size(); ++i) {
    const Labels needed = needed_after(i);
    Labels beside = needed;
    beside.insert(beside.end(), result.labels.begin(), result.labels.end());
    result = Multiply(result, SumOut(terms[i], beside), needed);
  }
  return InOrder(result, output);
}

}  // namespace neura
