#include "neura/data/sqlite/sqlite.h"

#include <sqlite3.h>

#include <cstdint>
#include <limits>
#include <string_view>
#include <variant>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "neura/data/internal/reading.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/io/byte_source.h"

namespace neura::data {
namespace {

Cell ReadCell(sqlite3_stmt* statement, int column) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
      return int64_t{sqlite3_column_int64(statement, column)};
    case SQLITE_FLOAT:
      return sqlite3_column_double(statement, column);
    case SQLITE_TEXT: {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
      const auto size = static_cast<size_t>(sqlite3_column_bytes(statement, column));
      return text == nullptr ? std::string() : std::string(text, size);
    }
    case SQLITE_BLOB: {
      const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement, column));
      const auto size = static_cast<size_t>(sqlite3_column_bytes(statement, column));
      return bytes == nullptr ? std::string() : std::string(bytes, size);
    }
    default:
      return std::monostate();
  }
}

int Bind(sqlite3_stmt* statement, int place, const Cell& cell) {
  if (const auto* integer = std::get_if<int64_t>(&cell)) {
    return sqlite3_bind_int64(statement, place, *integer);
  }
  if (const auto* number = std::get_if<double>(&cell)) {
    return sqlite3_bind_double(statement, place, *number);
  }
  if (const auto* text = std::get_if<std::string>(&cell)) {
    return sqlite3_bind_text64(statement, place, text->data(), text->size(), SQLITE_TRANSIENT,
                               SQLITE_UTF8);
  }
  return sqlite3_bind_null(statement, place);
}

}  // namespace

void SqliteDataset::Stream::Close::operator()(sqlite3* database) const {
  sqlite3_close_v2(database);
}
void SqliteDataset::Stream::Close::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

void SqliteDataset::Stream::Fail(int code) const {
  const std::string message =
      database_ != nullptr ? sqlite3_errmsg(database_.get()) : sqlite3_errstr(code);
  auto status = absl::InvalidArgumentError(message);
  if (code == SQLITE_CANTOPEN) status = absl::NotFoundError(message);
  if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) status = absl::DataLossError(message);
  if (code == SQLITE_NOMEM) status = absl::ResourceExhaustedError(message);
  ThrowStatus(InFile(path_, status));
}

SqliteDataset::Stream::Stream(const std::string& path, const std::string& query,
                              const Row& parameters, int64_t part, int64_t parts)
    : path_(path), skip_(part), parts_(parts) {
  sqlite3* database = nullptr;
  int code =
      sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nullptr);
  database_.reset(database);
  if (code != SQLITE_OK) Fail(code);
  sqlite3_stmt* statement = nullptr;
  const char* rest = nullptr;
  if (query.size() > static_cast<size_t>(std::numeric_limits<int>::max())) Fail(SQLITE_TOOBIG);
  code = sqlite3_prepare_v2(database, query.c_str(), static_cast<int>(query.size()) + 1, &statement,
                            &rest);
  statement_.reset(statement);
  if (code != SQLITE_OK) Fail(code);
  const bool more = std::string_view(rest).find_first_not_of(" \t\r\n;") != std::string_view::npos;
  if (statement == nullptr || more) {
    ThrowStatus(InFile(path_, absl::InvalidArgumentError("one statement is expected in a query")));
  }
  const int places = sqlite3_bind_parameter_count(statement);
  if (parameters.size() != static_cast<size_t>(places)) {
    ThrowStatus(
        InFile(path_, absl::InvalidArgumentError(absl::StrCat(
                          "the query has ", places, " parameters, not ", parameters.size()))));
  }
  for (int i = 0; i < places; ++i) {
    code = Bind(statement, i + 1, parameters[static_cast<size_t>(i)]);
    if (code != SQLITE_OK) Fail(code);
  }
  for (int i = 0; i < sqlite3_column_count(statement); ++i) {
    const char* const name = sqlite3_column_name(statement, i);
    columns_.emplace_back(name == nullptr ? "" : name);
  }
}

std::optional<Row> SqliteDataset::Stream::Next() {
  while (!ended_) {
    const int code = sqlite3_step(statement_.get());
    if (code == SQLITE_DONE) {
      ended_ = true;
      break;
    }
    if (code != SQLITE_ROW) Fail(code & 0xff);
    if (skip_-- > 0) continue;
    skip_ = parts_ - 1;
    Row row;
    for (int i = 0; i < static_cast<int>(columns_.size()); ++i) {
      row.push_back(ReadCell(statement_.get(), i));
    }
    return row;
  }
  return std::nullopt;
}

SqliteDataset::Stream SqliteDataset::Begin(const Epoch&) const {
  const internal::Share share = internal::OwnShare();
  return Stream(path_, query_, parameters_, share.part, share.parts);
}

}  // namespace neura::data
