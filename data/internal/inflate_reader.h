// Bytes that may be compressed with gzip, read in order.
#ifndef NEURA_DATA_INTERNAL_INFLATE_READER_H_
#define NEURA_DATA_INTERNAL_INFLATE_READER_H_

#include <cstdint>
#include <memory>
#include <string_view>

#include "absl/status/status.h"

struct z_stream_s;

namespace neura::data::internal {

// Decompresses as much as is asked for, and no more, so that a small file cannot fill the memory.
class InflateReader {
 public:
  // `bytes` must stay valid. They are taken as they are unless they start as gzip does.
  explicit InflateReader(std::string_view bytes);
  ~InflateReader();

  // More bytes than this cannot come out: deflate shrinks nothing to less than a 1032th.
  uint64_t max_size() const;

  // The next `count` bytes. DataLoss when there are fewer or they are corrupt.
  absl::Status Read(void* out, uint64_t count);

  // DataLoss unless everything was read and the checksum, if there is one, is right.
  absl::Status Finish();

 private:
  absl::Status Inflate(char* out, uint64_t count);

  std::string_view rest_;
  std::unique_ptr<z_stream_s> stream_;  // null where nothing is compressed
  bool ended_ = false;                  // the compressed stream, checksum and all
};

}  // namespace neura::data::internal

#endif  // NEURA_DATA_INTERNAL_INFLATE_READER_H_
