// Tables of text, RFC 4180, and lines of text, read one after the other.
#ifndef NEURA_DATA_CSV_H_
#define NEURA_DATA_CSV_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "neura/data/lines.h"
#include "neura/data/random.h"
#include "neura/data/rows.h"
#include "neura/tensor/io/byte_source.h"

namespace neura::data {

enum class CsvType { kInt, kFloat, kText };

struct CsvOptions {
  // The first row names the columns and is no example.
  bool header = true;
  char delimiter = ',';
  // Of each column; by default all are texts.
  std::vector<CsvType> types = {};
};

// Fields may be in double quotes, inside of which there may be delimiters, ends of lines and, as
// two, double quotes.
class CsvReader {
 public:
  CsvReader(const ByteSource& source, CsvOptions options)
      : lines_(source), options_(std::move(options)) {}

  // The names in the first row; none where the options say that there is no header.
  absl::StatusOr<std::vector<std::string>> Header();
  // The next row; none at the end. InvalidArgument, which names the row, counted from 1 with the
  // header: another number of columns than the first row or the types have, a field that is not of
  // its type, a quote that does not end. Lines without anything are passed over.
  absl::StatusOr<std::optional<Row>> Next();

 private:
  absl::StatusOr<std::optional<std::vector<std::string>>> Fields();

  LineReader lines_;
  CsvOptions options_;
  int64_t row_ = 0;
  size_t columns_ = 0;  // 0 before the first row
  bool started_ = false;
  std::vector<std::string> header_;
};

// An iterable dataset of the rows of a file; workers share them.
class CsvDataset {
 public:
  explicit CsvDataset(std::string path, CsvOptions options = {})
      : path_(std::move(path)), options_(std::move(options)) {}

  class Stream {
   public:
    // Throws the Errors of the reader, with the file's name.
    Stream(const std::string& path, const CsvOptions& options, int64_t part, int64_t parts);
    std::optional<Row> Next();
    const std::vector<std::string>& header() const { return header_; }

   private:
    std::string path_;
    std::unique_ptr<const FileSource> source_;
    CsvReader reader_;
    std::vector<std::string> header_;
    int64_t skip_, parts_;
  };
  Stream Begin(const Epoch& epoch) const;

 private:
  std::string path_;
  CsvOptions options_;
};

// An iterable dataset of the lines of a file; workers share them.
class TextLineDataset {
 public:
  explicit TextLineDataset(std::string path) : path_(std::move(path)) {}

  class Stream {
   public:
    Stream(const std::string& path, int64_t part, int64_t parts);
    std::optional<std::string> Next();

   private:
    std::string path_;
    std::unique_ptr<const FileSource> source_;
    LineReader reader_;
    int64_t skip_, parts_;
  };
  Stream Begin(const Epoch& epoch) const;

 private:
  std::string path_;
};

}  // namespace neura::data

#endif  // NEURA_DATA_CSV_H_
