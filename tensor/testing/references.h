// What references of cases are made of: plain loops over doubles.
#ifndef NEURA_TENSOR_TESTING_REFERENCES_H_
#define NEURA_TENSOR_TESTING_REFERENCES_H_

#include <functional>
#include <vector>

#include "neura/tensor/testing/op_cases.h"

namespace neura::testing {

using Position = std::vector<int64_t>;

Position PositionOf(DimsView shape, int64_t i);
int64_t IndexOf(DimsView shape, const Position& position);

// f of the elements of all inputs that meet when they broadcast.
Reference Elementwise(std::function<double(const std::vector<double>&)> f);
Reference Elementwise(std::function<double(double)> f);
Reference Elementwise(std::function<double(double, double)> f);

// out[p] = in[0][from(p)], or `otherwise` where from gives a position of another rank.
Reference Take(Dims shape, std::function<Position(Position)> from, double otherwise = 0);

// Gathers the elements that meet in each output, in row-major order, and folds them.
Reference Reduce(Dims dims, bool keepdim, std::function<double(const std::vector<double>&)> fold);

// The outputs of all, one after another.
Reference Each(std::vector<Reference> outputs);

// The first input under another shape.
Reference InShape(Dims shape);

// in[0] @ in[2][k] @ in[1] + in[3][k] for each k; without a fourth input no sum.
Reference BilinearForms(Dims shape);

}  // namespace neura::testing

#endif  // NEURA_TENSOR_TESTING_REFERENCES_H_
