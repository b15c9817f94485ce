#include "neura/cli/command.h"

#include <algorithm>
#include <iostream>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/parallel/thread_pool.h"

namespace neura::cli {

void AddJson(CLI::App& command, bool& json) {
  command.add_flag("--json", json, "Print one JSON object, for programs");
}

void AddThreads(CLI::App& command, int& threads) {
  command.add_option("--threads", threads, "Threads that compute; without it, one for each core")
      ->check(AtLeast(1));
}

CLI::Validator AtLeast(int64_t least) {
  return CLI::Validator(
      [least](const std::string& text) {
        double number = 0;
        constexpr double kMost = 1e12;
        const bool ok = absl::SimpleAtod(text, &number) && number >= static_cast<double>(least) &&
                        number <= kMost;
        return ok ? std::string()
                  : absl::StrCat("\"", text, "\": at least ", least, " is expected");
      },
      "");
}

void UseThreads(int threads) {
  if (threads > 0) SetNumThreads(threads);
}

void Print(const std::string& text) {
  std::cout << text << std::flush;
  if (!std::cout) ThrowFailedPrecondition("stdout: writing failed");
}

void Print(const Json& json) {
  // Names in files may be any bytes.
  Print(json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
}

std::string Table(const std::vector<std::vector<std::string>>& rows, const std::string& alignment) {
  std::vector<size_t> widths(alignment.size());
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  size_t width = 0;
  for (size_t each : widths) width += each + 2;
  std::string text;
  for (size_t r = 0; r < rows.size(); ++r) {
    std::string line;
    for (size_t i = 0; i < rows[r].size(); ++i) {
      const std::string spaces(widths[i] - rows[r][i].size(), ' ');
      absl::StrAppend(&line, i == 0 ? "" : "  ", alignment[i] == '>' ? spaces : "", rows[r][i],
                      alignment[i] == '>' ? "" : spaces);
    }
    absl::StrAppend(&text, absl::StripTrailingAsciiWhitespace(line), "\n");
    if (r == 0) absl::StrAppend(&text, std::string(width - 2, '-'), "\n");
  }
  return text;
}

}  // namespace neura::cli
