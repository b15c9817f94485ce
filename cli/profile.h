// Where the time of a run goes.
#ifndef NEURA_CLI_PROFILE_H_
#define NEURA_CLI_PROFILE_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "neura/graph/program.h"

namespace neura::cli {

struct NodeTime {
  std::string name;    // of the operation
  std::string weight;  // the first named constant that it reads; empty where there is none
  Dims shape = {};     // of its first output, in the last call
  int64_t calls = 0;
  double seconds = 0;         // of all calls, without the nodes of bodies in it
  int64_t multiply_adds = 0;  // of all calls
};

// Watches runs of one program.
class Profiler final : public graph::RunObserver {
 public:
  void OnBegin(const graph::Graph& graph, graph::NodeId node) override;
  void OnEnd(const graph::Graph& graph, graph::NodeId node, const OpCall* call,
             absl::Span<const Tensor> outputs) override;

  // In the order in which they first ran.
  const std::vector<NodeTime>& times() const { return times_; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Open {
    Clock::time_point start;
    double within = 0;  // seconds of the nodes in it
  };

  std::map<std::pair<const graph::Graph*, graph::NodeId>, size_t> numbers_;
  std::vector<NodeTime> times_;
  std::vector<Open> open_;
};

}  // namespace neura::cli

#endif  // NEURA_CLI_PROFILE_H_
