// Our side of a comparison, on the device that is its argument, by default cpu. compare.py writes
// commands to its standard input and reads the answers:
//
//   value CASE      the values that the case computes, separated by spaces
//   run CASE N      nanoseconds of N runs
//   memory          peak resident memory in bytes
//   machine         FLOP/s of fused multiply-adds and bytes/s of a triad, on one thread
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <string>

#include "neura/benchmarks/cases.h"
#include "neura/tensor/backend_api.h"
#include "neura/tensor/tensor.h"

namespace neura::benchmarks {

Tensor Wave(DimsView shape, double seed, double scale) {
  Tensor tensor = Empty(shape, {.device = kCpu});
  for (int64_t i = 0; i < tensor.numel(); ++i) {
    tensor.data<float>()[i] =
        static_cast<float>(scale * std::sin(0.1 * static_cast<double>(i) + seed));
  }
  return To(tensor, DefaultDevice());
}

namespace {

// Of this program alone: what getrusage() tells begins with the peak of the process that started
// it.
int64_t PeakMemory() {
  std::ifstream status("/proc/self/status");
  std::string field;
  int64_t kibibytes = 0;
  while (status >> field) {
    if (field == "VmHWM:") status >> kibibytes;
  }
  return kibibytes * 1024;
}

int Serve(Device device) {
  const ScopedDefaultDevice there(device);
  CaseMap makers;
  AddOpCases(makers);
  AddTrainCases(makers);
  std::map<std::string, Case> cases;
  std::string command, name;
  while (std::cin >> command) {
    if (command == "memory") {
      std::cout << PeakMemory() << std::endl;
      continue;
    }
    if (command == "machine") {
      std::cout << MeasureFmaPeak() << " " << MeasureTriad() << std::endl;
      continue;
    }
    std::cin >> name;
    if (!makers.contains(name)) {
      std::cerr << "no case " << name << std::endl;
      return 1;
    }
    if (!cases.contains(name)) cases[name] = makers[name]();
    const Case& work = cases[name];
    if (command == "value") {
      const Tensor value = To(Contiguous(work.value()), kCpu);
      for (int64_t i = 0; i < value.numel(); ++i)
        std::printf("%.6g ", static_cast<double>(value.data<float>()[i]));
      std::printf("\n");
      std::fflush(stdout);
    } else {
      int64_t n = 0;
      std::cin >> n;
      const auto start = std::chrono::steady_clock::now();
      for (int64_t i = 0; i < n; ++i) work.run();
      Synchronize(device);
      const std::chrono::nanoseconds elapsed = std::chrono::steady_clock::now() - start;
      std::cout << elapsed.count() << std::endl;
    }
  }
  return 0;
}

}  // namespace
}  // namespace neura::benchmarks

int main(int argc, char** argv) {
  return neura::benchmarks::Serve(argc > 1 ? neura::ParseDevice(argv[1]) : neura::kCpu);
}
