// Inference of factories.
#include <limits>

#include "neura/tensor/ops/infer.h"
#include "neura/tensor/ops/op_list/create.h"

namespace neura::infer {
namespace {

void InferRandom(const OpCall& call, OutputSpec& output) {
  const auto& options = call.Get<RandomOptions>();
  output.dtype = options.dtype;
  output.shape = options.shape;
  NumElements(options.shape);
}

void InferRandomFloat(const OpCall& call, OutputSpec& output) {
  InferRandom(call, output);
  if (!IsFloating(output.dtype)) Fail(call, "the dtype must be floating point");
}

// Up to which a floating point dtype holds every integer.
int64_t MostInteger(DType dtype) {
  const int bits = dtype == kFloat16 ? 11 : dtype == kBFloat16 ? 8 : dtype == kFloat32 ? 24 : 53;
  return int64_t{1} << bits;
}

}  // namespace

void InferFull(const OpCall& call, OutputSpecs& outputs) {
  const auto& options = call.Get<FullOptions>();
  CheckFits(call, options.value, options.dtype);
  outputs[0].dtype = options.dtype;
  outputs[0].shape = options.shape;
}

void InferRange(const OpCall& call, OutputSpecs& outputs) {
  const auto& options = call.Get<RangeOptions>();
  if (options.length < 0) Fail(call, "length must not be negative");
  if (options.dtype == kBool || IsComplex(options.dtype))
    Fail(call, "the dtype must be a real number's");
  outputs[0].dtype = options.dtype;
  outputs[0].shape = {options.length};
}

void InferRandomUniform(const OpCall& call, OutputSpecs& outputs) {
  const auto& options = call.Get<RandomOptions>();
  InferRandomFloat(call, outputs[0]);
  const double width = options.high.To<double>() - options.low.To<double>();
  const double widest = options.dtype == kFloat64 ? std::numeric_limits<double>::max()
                                                  : std::numeric_limits<float>::max();
  if (!(width >= 0 && width <= widest)) {
    Fail(call, "low must not be above high, nor so far below it that the dtype cannot count it");
  }
}
void InferRandomNormal(const OpCall& call, OutputSpecs& outputs) {
  InferRandomFloat(call, outputs[0]);
}

void InferRandomInt(const OpCall& call, OutputSpecs& outputs) {
  const auto& options = call.Get<RandomOptions>();
  InferRandom(call, outputs[0]);
  if (options.low.To<int64_t>() >= options.high.To<int64_t>()) {
    Fail(call, "low must be below high");
  }
  const int64_t low = options.low.To<int64_t>(), last = options.high.To<int64_t>() - 1;
  CheckFits(call, low, options.dtype);
  CheckFits(call, last, options.dtype);
  // Where the dtype skips integers, they would round, and so could reach high.
  if (IsFloating(options.dtype)) {
    const int64_t most = MostInteger(options.dtype);
    if (low < -most || last > most) {
      Fail(call, DTypeName(options.dtype), " holds all integers up to ", most, " only");
    }
  }
}

void InferRandomBernoulli(const OpCall& call, OutputSpecs& outputs) {
  const auto& options = call.Get<RandomOptions>();
  InferRandom(call, outputs[0]);
  const double p = options.low.To<double>();
  if (!(p >= 0 && p <= 1)) Fail(call, "a probability is between 0 and 1");
}

void InferRandomPermutation(const OpCall& call, OutputSpecs& outputs) {
  InferRandom(call, outputs[0]);
  if (outputs[0].shape.size() != 1 || outputs[0].dtype != kInt64) {
    Fail(call, "makes an int64 tensor of one dimension");
  }
}

}  // namespace neura::infer
