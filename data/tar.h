// Archives of files, ustar with pax' and GNU's long names, read one entry after the other; and
// datasets of examples whose parts are such entries.
#ifndef NEURA_DATA_TAR_H_
#define NEURA_DATA_TAR_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "neura/data/random.h"
#include "neura/tensor/io/byte_source.h"

namespace neura::data {

// The regular files of an archive. The source must stay valid.
class TarReader {
 public:
  explicit TarReader(const ByteSource& source) : source_(&source) {}

  struct Entry {
    std::string name;
    uint64_t offset = 0;  // of its bytes in the source
    uint64_t size = 0;
  };
  // None at the end. DataLoss: a wrong checksum or number, or an archive that ends too early.
  absl::StatusOr<std::optional<Entry>> Next();

 private:
  // What the archive says about the entry after it.
  struct Extended {
    std::string name = {};
    std::optional<uint64_t> size = std::nullopt;
  };
  absl::StatusOr<std::string> Text(uint64_t size) const;
  absl::Status ReadPax(uint64_t size, Extended& extended) const;

  const ByteSource* source_;
  uint64_t offset_ = 0;
};

// The parts of an example: "__key__" is the name that its files have in common, up to the first dot
// after the last slash; what follows that dot names the part whose bytes the file has.
using TarExample = std::map<std::string, std::string>;

// An iterable dataset of the examples of archives, in which the files of an example follow one
// another. Of several workers each reads archives of its own.
class TarDataset {
 public:
  explicit TarDataset(std::vector<std::string> paths) : paths_(std::move(paths)) {}

  class Stream {
   public:
    Stream(std::vector<std::string> paths, int64_t part, int64_t parts);
    // Throws Errors that name the archive.
    std::optional<TarExample> Next();

   private:
    std::optional<TarExample> NextOfArchive();

    std::vector<std::string> paths_;
    size_t next_, step_;
    std::string path_;
    std::unique_ptr<const FileSource> source_;  // null between archives
    std::optional<TarReader> reader_;
    std::optional<TarReader::Entry> ahead_;
  };
  Stream Begin(const Epoch& epoch) const;

 private:
  std::vector<std::string> paths_;
};

}  // namespace neura::data

#endif  // NEURA_DATA_TAR_H_
