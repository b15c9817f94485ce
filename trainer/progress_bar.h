// A line that shows how far a long loop has come.
#ifndef NEURA_TRAINER_PROGRESS_BAR_H_
#define NEURA_TRAINER_PROGRESS_BAR_H_

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

#include "absl/functional/function_ref.h"

namespace neura::trainer {

//   Epoch 2/5 [=========>          ]  47%  loss 0.3121  acc 88.6%  0:02 left
//
// On a terminal the line is redrawn in place, a few times a second; elsewhere only the finished
// line is printed.
class ProgressBar {
 public:
  // `total` may be -1, unknown: then it counts.
  ProgressBar(std::string title, int64_t total, std::FILE* out = stdout);

  // `done` of `total`, and what to say about it, which is asked for where it is drawn.
  void Update(int64_t done, absl::FunctionRef<std::string()> status);
  // The last line, which stays.
  void Finish(const std::string& status);
  // Leaves the line as it is, where the loop ended early.
  void Leave(const std::string& status);

  double seconds() const;

 private:
  void Draw(const std::string& status, bool finished);

  using Clock = std::chrono::steady_clock;
  std::string title_;
  int64_t total_;
  std::FILE* out_;
  Clock::time_point start_;
  bool terminal_;
  Clock::time_point drawn_;
  int64_t done_ = 0;
};

}  // namespace neura::trainer

#endif  // NEURA_TRAINER_PROGRESS_BAR_H_
