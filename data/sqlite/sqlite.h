// Tables of SQLite, read row by row.
#ifndef NEURA_DATA_SQLITE_SQLITE_H_
#define NEURA_DATA_SQLITE_SQLITE_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "neura/data/random.h"
#include "neura/data/rows.h"

struct sqlite3;
struct sqlite3_stmt;

namespace neura::data {

// An iterable dataset of the rows that a query gives; workers share them, so the query should say
// their order. NULL is a cell without a value.
class SqliteDataset {
 public:
  // `parameters` stand in the places of the query's question marks.
  SqliteDataset(std::string path, std::string query, Row parameters = {})
      : path_(std::move(path)), query_(std::move(query)), parameters_(std::move(parameters)) {}

  class Stream {
   public:
    // Throws Errors that name the file: NotFound where it cannot be opened, which is for reading
    // alone; InvalidArgument for what is wrong with the query, or when it has several statements;
    // DataLoss for a corrupt file.
    Stream(const std::string& path, const std::string& query, const Row& parameters, int64_t part,
           int64_t parts);
    std::optional<Row> Next();
    const std::vector<std::string>& columns() const { return columns_; }

   private:
    struct Close {
      void operator()(sqlite3* database) const;
      void operator()(sqlite3_stmt* statement) const;
    };
    [[noreturn]] void Fail(int code) const;

    std::string path_;
    std::unique_ptr<sqlite3, Close> database_;
    std::unique_ptr<sqlite3_stmt, Close> statement_;
    std::vector<std::string> columns_;
    int64_t skip_, parts_;
    bool ended_ = false;
  };
  Stream Begin(const Epoch& epoch) const;

 private:
  std::string path_, query_;
  Row parameters_;
};

}  // namespace neura::data

#endif  // NEURA_DATA_SQLITE_SQLITE_H_
