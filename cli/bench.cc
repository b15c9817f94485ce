// neura bench: how long a model takes, and what in it.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "neura/cli/command.h"
#include "neura/cli/model.h"
#include "neura/cli/profile.h"
#include "neura/cli/run_model.h"
#include "neura/cli/tensor_files.h"
#include "neura/graph/program.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/parallel/thread_pool.h"
#include "neura/trainer/progress_bar.h"

namespace neura::cli {
namespace {

using Clock = std::chrono::steady_clock;

struct BenchOptions {
  ModelOptions model;
  std::string other;
  InputOptions inputs;
  int64_t runs = 0;
  double seconds = 2;
  int64_t warm_up = 3;
  bool profile = false;
  int64_t top = 20;
  int threads = 0;
  bool json = false;
};

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// A model, its inputs, and how long its runs took.
struct Measured {
  std::string path;
  graph::Program program;
  std::vector<Tensor> inputs;
  double load_seconds = 0;
  std::vector<graph::Datum> data = {inputs.begin(), inputs.end()};
  std::vector<double> seconds = {};  // sorted at the end

  void RunOnce() {
    const Clock::time_point start = Clock::now();
    program.RunData(data);
    seconds.push_back(SecondsSince(start));
  }
  double Percentile(double share) const {
    const auto rank = static_cast<size_t>(std::ceil(share * static_cast<double>(seconds.size())));
    return seconds[std::max<size_t>(rank, 1) - 1];
  }
  double Mean() const {
    double sum = 0;
    for (double each : seconds) sum += each;
    return sum / static_cast<double>(seconds.size());
  }
};

struct Statistic {
  const char* name;
  double (*of)(const Measured& measured);
};
constexpr Statistic kStatistics[] = {
    {"min", [](const Measured& m) { return m.seconds.front(); }},
    {"p50", [](const Measured& m) { return m.Percentile(0.5); }},
    {"p90", [](const Measured& m) { return m.Percentile(0.9); }},
    {"p99", [](const Measured& m) { return m.Percentile(0.99); }},
    {"max", [](const Measured& m) { return m.seconds.back(); }},
    {"mean", [](const Measured& m) { return m.Mean(); }},
};

std::string Milliseconds(double seconds) { return absl::StrFormat("%.3f", seconds * 1e3); }

// In turns, so that what else the machine does meets all of them alike.
void Measure(std::vector<Measured*> models, const BenchOptions& options) {
  for (const Measured* each : models) RunModel(each->path, each->program, each->inputs);
  for (int64_t i = 1; i < options.warm_up; ++i) {
    for (Measured* each : models) each->RunOnce();
  }
  for (Measured* each : models) each->seconds.clear();
  constexpr int64_t kLeastRuns = 3;
  const double limit = options.seconds * static_cast<double>(models.size());
  const Clock::time_point start = Clock::now();
  trainer::ProgressBar bar("Measuring", 1000, stderr);
  for (int64_t runs = 0;; ++runs) {
    const double share = options.runs > 0
                             ? static_cast<double>(runs) / static_cast<double>(options.runs)
                             : SecondsSince(start) / limit;
    if (share >= 1 && (options.runs > 0 || runs >= kLeastRuns)) break;
    for (Measured* each : models) each->RunOnce();
    bar.Update(static_cast<int64_t>(1000 * std::min(share, 1.0)),
               [&] { return absl::StrCat(runs + 1, " runs"); });
  }
  bar.Leave("");
  for (Measured* each : models) std::sort(each->seconds.begin(), each->seconds.end());
}

// As many runs as were measured, within the same time.
std::pair<std::vector<NodeTime>, int64_t> Profile(const Measured& measured,
                                                  const BenchOptions& options) {
  Profiler profiler;
  const Clock::time_point start = Clock::now();
  int64_t runs = 0;
  do {
    measured.program.RunData(measured.data, nullptr, &profiler);
    ++runs;
  } while (runs < static_cast<int64_t>(measured.seconds.size()) &&
           (options.runs > 0 || SecondsSince(start) < options.seconds));
  return {profiler.times(), runs};
}

double GigaFlops(const NodeTime& time) {
  return time.seconds > 0 ? 2e-9 * static_cast<double>(time.multiply_adds) / time.seconds : 0;
}

std::string ProfileText(std::vector<NodeTime> times, int64_t runs, int64_t top) {
  double sum = 0;
  std::map<std::string, NodeTime> by_name;
  for (const NodeTime& time : times) {
    sum += time.seconds;
    NodeTime& total = by_name[time.name];
    total.calls += time.calls;
    total.seconds += time.seconds;
    total.multiply_adds += time.multiply_adds;
  }
  const auto longest_first = [](auto& list) {
    std::stable_sort(list.begin(), list.end(),
                     [](const NodeTime& a, const NodeTime& b) { return a.seconds > b.seconds; });
  };
  const auto per_run = [&](double number) { return number / static_cast<double>(runs); };
  const auto cells = [&](const NodeTime& time) {
    return std::vector<std::string>{
        Milliseconds(per_run(time.seconds)),
        absl::StrFormat("%.1f%%", sum > 0 ? 100 * time.seconds / sum : 0),
        absl::StrFormat("%.4g", per_run(static_cast<double>(time.calls))),
        time.multiply_adds == 0 ? "-" : absl::StrFormat("%.1f", GigaFlops(time))};
  };
  std::vector<NodeTime> operations;
  for (const auto& [name, time] : by_name) {
    operations.push_back(time);
    operations.back().name = name;
  }
  longest_first(operations);
  longest_first(times);
  std::vector<std::vector<std::string>> rows{{"Operation", "ms", "Share", "Calls", "GFLOP/s"}};
  for (const NodeTime& time : operations) {
    rows.push_back({time.name});
    for (std::string& cell : cells(time)) rows.back().push_back(std::move(cell));
  }
  std::string text = absl::StrCat("\n", Table(rows, "<>>>>"));
  rows = {{"Node", "Weight", "Result", "ms", "Share", "Calls", "GFLOP/s"}};
  for (const NodeTime& time : times) {
    if (static_cast<int64_t>(rows.size()) > top) break;
    rows.push_back({time.name, time.weight, ToString(DimsView(time.shape))});
    for (std::string& cell : cells(time)) rows.back().push_back(std::move(cell));
  }
  absl::StrAppend(&text, "\n", Table(rows, "<<<>>>>"));
  const auto left = static_cast<int64_t>(times.size()) - top;
  if (left > 0) absl::StrAppend(&text, "and ", left, " nodes that take less; --top shows more\n");
  return text;
}

Json ProfileJson(const std::vector<NodeTime>& times, int64_t runs) {
  Json nodes = Json::array();
  for (const NodeTime& time : times) {
    nodes.push_back({{"operation", time.name},
                     {"weight", time.weight},
                     {"shape", std::vector<int64_t>(time.shape.begin(), time.shape.end())},
                     {"calls_per_run", static_cast<double>(time.calls) / static_cast<double>(runs)},
                     {"ms_per_run", 1e3 * time.seconds / static_cast<double>(runs)},
                     {"gflops", GigaFlops(time)}});
  }
  return nodes;
}

Measured LoadFirst(const BenchOptions& options) {
  const Clock::time_point start = Clock::now();
  graph::Program program = graph::Compile(LoadModel(options.model));
  const double seconds = SecondsSince(start);
  InputOptions inputs = options.inputs;
  inputs.random = true;
  std::vector<Tensor> given = InputsOf(program.graph(), inputs);
  return {options.model.path, std::move(program), std::move(given), seconds};
}

std::optional<Measured> LoadSecond(const BenchOptions& options, const Measured& first) {
  if (options.other.empty()) return std::nullopt;
  const Clock::time_point start = Clock::now();
  graph::Program program = graph::Compile(LoadOther(options.other, options.model.dims));
  const double seconds = SecondsSince(start);
  std::vector<Tensor> given = InputsFor(program.graph(), first.program.graph(), first.inputs);
  return Measured{options.other, std::move(program), std::move(given), seconds};
}

int BenchCommand(const BenchOptions& options) {
  UseThreads(options.threads);
  Measured first = LoadFirst(options);
  std::optional<Measured> other = LoadSecond(options, first);
  std::vector<Measured*> models{&first};
  if (other) models.push_back(&*other);
  Measure(models, options);

  Json json = {{"threads", GetNumThreads()}, {"models", Json::array()}};
  std::vector<std::vector<std::string>> rows{{"ms"}};
  for (const Statistic& statistic : kStatistics) rows[0].push_back(statistic.name);
  for (const char* name : {"runs", "load"}) rows[0].push_back(name);
  std::string profiles;
  for (const Measured* each : models) {
    rows.push_back({each->path});
    Json latency;
    for (const Statistic& statistic : kStatistics) {
      rows.back().push_back(Milliseconds(statistic.of(*each)));
      latency[statistic.name] = 1e3 * statistic.of(*each);
    }
    rows.back().push_back(absl::StrCat(each->seconds.size()));
    rows.back().push_back(Milliseconds(each->load_seconds));
    json["models"].push_back({{"path", each->path},
                              {"runs", each->seconds.size()},
                              {"load_ms", 1e3 * each->load_seconds},
                              {"latency_ms", latency}});
    if (!options.profile) continue;
    const auto [times, runs] = Profile(*each, options);
    json["models"].back()["nodes"] = ProfileJson(times, runs);
    if (models.size() > 1) absl::StrAppend(&profiles, "\n", each->path, "\n");
    profiles += ProfileText(times, runs, options.top);
  }
  std::string text;
  for (size_t i = 0; i < first.inputs.size(); ++i) {
    const graph::Graph& graph = first.program.graph();
    absl::StrAppend(&text, i == 0 ? "" : ", ", graph.value(graph.inputs()[i]).name, " ",
                    Describe(first.inputs[i]));
  }
  absl::StrAppend(&text, text.empty() ? "" : ", ", GetNumThreads(), " threads\n",
                  Table(rows, "<>>>>>>>>"));
  if (other) {
    const double ratio = first.Percentile(0.5) / other->Percentile(0.5);
    absl::StrAppendFormat(&text, "%s is %.2f times as fast as %s, by medians\n", other->path, ratio,
                          first.path);
    const std::vector<Difference> differences =
        CompareAll(RunModel(other->path, other->program, other->inputs),
                   RunModel(first.path, first.program, first.inputs), 1e-3, 1e-7);
    absl::StrAppend(&text, DifferencesText(differences));
    json["times_as_fast"] = ratio;
    json["outputs"] = DifferencesJson(differences);
  }
  options.json ? Print(json) : Print(text + profiles);
  return kDone;
}

}  // namespace

void AddBench(CLI::App& program, Action& action) {
  AddCommand<BenchOptions>(
      program, action,
      {"bench", "Measure how long a model takes, which nodes take it, and how it compares",
       std::string(
           "Inputs that are not given are made up: normally distributed numbers, integers of 1. "
           "Open sizes are 1\nunless --dim or an input says otherwise. Two models run in turns on "
           "the same inputs.\n") +
           kInputFiles,
       "  neura bench model.onnx\n"
       "  neura bench model.onnx --dim batch=8 --threads 1 --profile\n"
       "  neura bench model.onnx optimized.onnx --runs 200\n"
       "  neura bench model.onnx --json | jq .models[0].latency_ms.p50"},
      [](CLI::App& command, BenchOptions& options) {
        AddModel(command, options.model);
        command.add_option("other", options.other, "A second model to compare with")
            ->type_name("FILE");
        AddInputs(command, options.inputs);
        CLI::Option* const runs =
            command.add_option("--runs", options.runs, "How many runs are measured")
                ->check(AtLeast(1));
        command
            .add_option("--seconds", options.seconds, "How long runs are measured, for each model")
            ->check(AtLeast(0))
            ->capture_default_str()
            ->excludes(runs);
        command.add_option("--warmup", options.warm_up, "Runs before that are not measured")
            ->check(AtLeast(1))
            ->capture_default_str();
        command.add_flag("--profile", options.profile, "Tell how long each node takes");
        command.add_option("--top", options.top, "How many nodes of a profile are shown")
            ->check(AtLeast(1))
            ->capture_default_str();
        AddThreads(command, options.threads);
        AddJson(command, options.json);
      },
      &BenchCommand);
}

}  // namespace neura::cli
