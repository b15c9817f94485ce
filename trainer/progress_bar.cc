#include "neura/trainer/progress_bar.h"

#include <unistd.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace neura::trainer {
namespace {

constexpr int kBarWidth = 24;
constexpr std::chrono::milliseconds kRedraw{100};

std::string MinutesAndSeconds(double seconds) {
  const int whole = static_cast<int>(seconds + 0.5);
  return absl::StrFormat("%d:%02d", whole / 60, whole % 60);
}

}  // namespace

ProgressBar::ProgressBar(std::string title, int64_t total, std::FILE* out)
    : title_(std::move(title)),
      total_(total),
      out_(out),
      start_(Clock::now()),
      terminal_(isatty(fileno(out)) != 0) {}

double ProgressBar::seconds() const {
  return std::chrono::duration<double>(Clock::now() - start_).count();
}

void ProgressBar::Update(int64_t done, absl::FunctionRef<std::string()> status) {
  done_ = done;
  const Clock::time_point now = Clock::now();
  if (!terminal_ || now - drawn_ < kRedraw) return;
  drawn_ = now;
  Draw(status(), /*finished=*/false);
}

void ProgressBar::Finish(const std::string& status) {
  if (total_ >= 0) done_ = total_;
  Draw(status, /*finished=*/true);
}

void ProgressBar::Leave(const std::string& status) {
  if (!terminal_) return;
  Draw(status, /*finished=*/false);
  std::fputc('\n', out_);
}

void ProgressBar::Draw(const std::string& status, bool finished) {
  const double share = total_ > 0 ? static_cast<double>(done_) / static_cast<double>(total_) : 1;
  const double elapsed = seconds();
  std::string place = absl::StrCat(" ", done_), time = "in " + MinutesAndSeconds(elapsed);
  if (total_ >= 0) {
    const int filled = static_cast<int>(share * kBarWidth);
    std::string bar(static_cast<size_t>(filled), '=');
    if (filled < kBarWidth) bar += '>';
    bar.resize(kBarWidth, ' ');
    place = absl::StrFormat(" [%s] %3.0f%%", bar, share * 100);
    if (!finished) {
      time = share > 0 ? MinutesAndSeconds(elapsed * (1 - share) / share) + " left" : "";
    }
  }
  // Back to the start of the line, and clear what is left of the last one.
  absl::FPrintF(out_, "%s%s%s  %s  %s%s", terminal_ ? "\r\033[K" : "", title_, place, status, time,
                finished ? "\n" : "");
  std::fflush(out_);
}

}  // namespace neura::trainer
