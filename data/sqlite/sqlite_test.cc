#include "neura/data/sqlite/sqlite.h"

#include <sqlite3.h>

#include <cstdio>
#include <fstream>
#include <string>
#include <variant>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "neura/data/dataloader.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"

namespace neura::data {
namespace {

using neura::testing::ErrorOf;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class SqliteTest : public ::testing::Test {
 protected:
  SqliteTest() {
    std::remove(path_.c_str());
    sqlite3* database = nullptr;
    EXPECT_EQ(sqlite3_open(path_.c_str(), &database), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(database,
                           "CREATE TABLE t (id INTEGER, x REAL, name TEXT, data BLOB);"
                           "INSERT INTO t VALUES (1, 0.5, 'a', x'00ff'), (2, 1.5, 'b', NULL),"
                           " (3, 2.5, 'c', x'')",
                           nullptr, nullptr, nullptr),
              SQLITE_OK);
    sqlite3_close(database);
  }
  ~SqliteTest() override { std::remove(path_.c_str()); }

  std::vector<Row> Rows(const std::string& query, const Row& parameters = {}) const {
    auto stream = SqliteDataset(path_, query, parameters).Begin({});
    std::vector<Row> rows;
    while (const auto row = stream.Next()) rows.push_back(*row);
    return rows;
  }

  const std::string path_ = ::testing::TempDir() + "/sqlite_test.db";
};

TEST_F(SqliteTest, RowsOfAQuery) {
  EXPECT_THAT(Rows("SELECT * FROM t ORDER BY id;"),
              ElementsAre(ElementsAre(Cell(int64_t{1}), Cell(0.5), Cell("a"),
                                      Cell(std::string("\x00\xff", 2))),
                          ElementsAre(Cell(int64_t{2}), Cell(1.5), Cell("b"), Cell()),
                          ElementsAre(Cell(int64_t{3}), Cell(2.5), Cell("c"), Cell(""))));
  EXPECT_THAT(Rows("SELECT name FROM t WHERE id > ? AND x < ?", {int64_t{1}, 2.0}),
              ElementsAre(ElementsAre(Cell("b"))));
  const auto stream = SqliteDataset(path_, "SELECT id, x AS weight FROM t").Begin({});
  EXPECT_THAT(stream.columns(), ElementsAre("id", "weight"));
}

TEST_F(SqliteTest, WorkersShareTheRows) {
  for (const int workers : {0, 1, 2, 4}) {
    DataLoader loader(SqliteDataset(path_, "SELECT id FROM t ORDER BY id"),
                      {.num_workers = workers});
    std::vector<int64_t> seen;
    for (const std::vector<Column>& columns : loader) {
      seen.push_back(std::get<Tensor>(columns[0]).Item<int64_t>());
    }
    EXPECT_THAT(seen, ElementsAre(1, 2, 3));
  }
}

TEST_F(SqliteTest, ErrorsNameTheFile) {
  const auto error = [&](const std::string& query, const Row& parameters = {}) {
    return ErrorOf([&] { Rows(query, parameters); });
  };
  EXPECT_THAT(error("SELECT nothing FROM t"),
              AllOf(HasSubstr("sqlite_test.db"), HasSubstr("nothing")));
  EXPECT_THAT(error("SELECT 1; SELECT 2"), HasSubstr("one statement"));
  EXPECT_THAT(error(""), HasSubstr("one statement"));
  EXPECT_THAT(error("SELECT ?"), HasSubstr("1 parameters, not 0"));
  EXPECT_THAT(error("DELETE FROM t"), HasSubstr("readonly"));
  EXPECT_THAT(ErrorOf([] { SqliteDataset("/nowhere.db", "SELECT 1").Begin({}); }),
              HasSubstr("/nowhere.db"));
  const std::string bad = ::testing::TempDir() + "/bad.db";
  std::ofstream(bad) << std::string(5000, 'x');
  EXPECT_THAT(ErrorOf([&] { SqliteDataset(bad, "SELECT * FROM t").Begin({}); }),
              HasSubstr("not a database"));
  std::remove(bad.c_str());
}

}  // namespace
}  // namespace neura::data
