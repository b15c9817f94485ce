#include "neura/data/csv.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "neura/data/internal/reading.h"
#include "neura/tensor/core/error.h"

namespace neura::data {

namespace {

absl::Status InRow(int64_t row, const std::string& message) {
  return absl::InvalidArgumentError(absl::StrCat("row ", row, ": ", message));
}

}  // namespace

absl::StatusOr<std::optional<std::vector<std::string>>> CsvReader::Fields() {
  std::optional<std::string> line;
  do {
    absl::StatusOr<std::optional<std::string>> next = lines_.Next();
    if (!next.ok()) return next.status();
    if (!*next) return std::nullopt;
    line = **std::move(next);
    // A mark that some programs put before UTF-8.
    if (row_ == 0 && absl::StartsWith(*line, "\xef\xbb\xbf")) line->erase(0, 3);
  } while (line->empty());
  ++row_;
  std::vector<std::string> fields(1);
  enum { kStart, kPlain, kQuoted, kAfterQuote } state = kStart;
  for (size_t i = 0;; ++i) {
    if (i == line->size()) {
      if (state != kQuoted) break;
      absl::StatusOr<std::optional<std::string>> next = lines_.Next();
      if (!next.ok()) return next.status();
      if (!*next) return InRow(row_, "a quote does not end");
      fields.back() += '\n';
      line = **std::move(next);
      i = static_cast<size_t>(-1);
      continue;
    }
    const char c = (*line)[i];
    if (state == kQuoted) {
      if (c == '"') {
        state = kAfterQuote;
      } else {
        fields.back() += c;
      }
    } else if (c == options_.delimiter) {
      fields.emplace_back();
      state = kStart;
    } else if (c == '"' && state == kAfterQuote) {
      fields.back() += c;
      state = kQuoted;
    } else if (c == '"' && state == kStart) {
      state = kQuoted;
    } else if (state == kAfterQuote) {
      return InRow(row_, absl::StrCat("column ", fields.size(), " goes on after its quotes"));
    } else {
      fields.back() += c;
      state = kPlain;
    }
  }
  if (columns_ == 0) columns_ = options_.types.empty() ? fields.size() : options_.types.size();
  if (fields.size() != columns_) {
    return InRow(row_, absl::StrCat(fields.size(), " columns; ", columns_, " are expected"));
  }
  return fields;
}

absl::StatusOr<std::vector<std::string>> CsvReader::Header() {
  if (!started_ && options_.header) {
    auto fields = Fields();
    if (!fields.ok()) return fields.status();
    if (*fields) header_ = **std::move(fields);
  }
  started_ = true;
  return header_;
}

absl::StatusOr<std::optional<Row>> CsvReader::Next() {
  const auto header = Header();
  if (!header.ok()) return header.status();
  auto fields = Fields();
  if (!fields.ok()) return fields.status();
  if (!*fields) return std::nullopt;
  Row row;
  for (size_t i = 0; i < columns_; ++i) {
    std::string& field = (**fields)[i];
    const CsvType type = options_.types.empty() ? CsvType::kText : options_.types[i];
    int64_t integer = 0;
    double number = 0;
    if (type == CsvType::kText) {
      row.emplace_back(std::move(field));
    } else if (type == CsvType::kInt && absl::SimpleAtoi(field, &integer)) {
      row.emplace_back(integer);
    } else if (type == CsvType::kFloat && absl::SimpleAtod(field, &number)) {
      row.emplace_back(number);
    } else {
      return InRow(row_, absl::StrCat("column ", i + 1, " is \"", Printable(field), "\", not ",
                                      type == CsvType::kInt ? "an integer" : "a number"));
    }
  }
  return row;
}

CsvDataset::Stream::Stream(const std::string& path, const CsvOptions& options, int64_t part,
                           int64_t parts)
    : path_(path),
      source_(internal::OpenFile(path)),
      reader_(*source_, options),
      skip_(part),
      parts_(parts) {
  absl::StatusOr<std::vector<std::string>> header = reader_.Header();
  if (!header.ok()) ThrowStatus(InFile(path_, header.status()));
  header_ = *std::move(header);
}

std::optional<Row> CsvDataset::Stream::Next() {
  for (;;) {
    absl::StatusOr<std::optional<Row>> row = reader_.Next();
    if (!row.ok()) ThrowStatus(InFile(path_, row.status()));
    if (*row && skip_-- > 0) continue;
    skip_ = parts_ - 1;
    return *std::move(row);
  }
}

CsvDataset::Stream CsvDataset::Begin(const Epoch&) const {
  const internal::Share share = internal::OwnShare();
  return Stream(path_, options_, share.part, share.parts);
}

TextLineDataset::Stream::Stream(const std::string& path, int64_t part, int64_t parts)
    : path_(path),
      source_(internal::OpenFile(path)),
      reader_(*source_),
      skip_(part),
      parts_(parts) {}

std::optional<std::string> TextLineDataset::Stream::Next() {
  for (;;) {
    absl::StatusOr<std::optional<std::string>> line = reader_.Next();
    if (!line.ok()) ThrowStatus(InFile(path_, line.status()));
    if (*line && skip_-- > 0) continue;
    skip_ = parts_ - 1;
    return *std::move(line);
  }
}

TextLineDataset::Stream TextLineDataset::Begin(const Epoch&) const {
  const internal::Share share = internal::OwnShare();
  return Stream(path_, share.part, share.parts);
}

}  // namespace neura::data
