// A line that shows how far a long loop has come.
#ifndef NEURA_EXAMPLES_FASHION_MNIST_PROGRESS_BAR_H_
#define NEURA_EXAMPLES_FASHION_MNIST_PROGRESS_BAR_H_

#include <chrono>
#include <cstdint>
#include <string>

namespace neura::examples {

//   Epoch 2/5 [=========>          ]  47%  loss 0.3121  acc 88.6%  21034 images/s  0:02 left
//
// On a terminal the line is redrawn in place, a few times a second; elsewhere only the finished
// line is printed.
class ProgressBar {
 public:
  ProgressBar(std::string title, int64_t total);

  // `done` of `total`, and what to say about it.
  void Update(int64_t done, const std::string& status);
  // The last line, which stays.
  void Finish(const std::string& status);

  double seconds() const;

 private:
  void Draw(const std::string& status, bool finished);

  using Clock = std::chrono::steady_clock;
  const std::string title_;
  const int64_t total_;
  const Clock::time_point start_;
  const bool terminal_;
  Clock::time_point drawn_;
  int64_t done_ = 0;
};

}  // namespace neura::examples

#endif  // NEURA_EXAMPLES_FASHION_MNIST_PROGRESS_BAR_H_
