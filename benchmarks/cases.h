// What is measured: the same work as in peer_torch.py, under the same names.
#ifndef NEURA_BENCHMARKS_CASES_H_
#define NEURA_BENCHMARKS_CASES_H_

#include <functional>
#include <map>
#include <string>

#include "neura/tensor/core/tensor.h"

namespace neura::benchmarks {

struct Case {
  // Does the work once.
  std::function<void()> run;
  // What it computes, to be compared with the peer's before anything is timed. May be null.
  std::function<Tensor()> value;
};
// A case is set up when it is first asked for.
using CaseMap = std::map<std::string, std::function<Case()>>;

// sin(0.1 i + seed) in row-major order: inputs that both sides can make.
Tensor Wave(DimsView shape, double seed, double scale = 1);

void AddOpCases(CaseMap& cases);
void AddTrainCases(CaseMap& cases);
// What the machine can do: "fma_peak" (FLOP/s) and "triad" (bytes/s) of one thread.
double MeasureFmaPeak();
double MeasureTriad();

}  // namespace neura::benchmarks

#endif  // NEURA_BENCHMARKS_CASES_H_
