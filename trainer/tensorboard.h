// Event files that TensorBoard shows.
#ifndef NEURA_TRAINER_TENSORBOARD_H_
#define NEURA_TRAINER_TENSORBOARD_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "neura/trainer/callback.h"

namespace neura::trainer {

// One file of scalars in a folder, FOLDER/events.out.tfevents.SECONDS.HOST.PROCESS. Records are
// appended and reach the file with Flush() and at the end.
//
// The format: records of TFRecord (tensorflow.org/tutorials/load_data/tfrecord) that are messages
// of type Event (tensorflow/core/util/event.proto).
class EventWriter {
 public:
  // Throws Error where the folder or the file cannot be made.
  explicit EventWriter(const std::string& folder);
  ~EventWriter();
  EventWriter(const EventWriter&) = delete;
  EventWriter& operator=(const EventWriter&) = delete;

  // Throws Error when writing fails.
  void AddScalar(std::string_view tag, double value, int64_t step);
  void Flush();

  const std::string& path() const { return path_; }

 private:
  void Append(std::string_view event);

  std::string path_;
  int descriptor_;
  std::string waiting_;
};

struct TensorBoardLoggerOptions {
  std::string folder = "runs";
  int64_t every_n_steps = 50;
};

// Every number of the run: those of batches every so many steps, those of the epochs' records at
// their ends. A run that goes on from a checkpoint writes another file into the same folder.
class TensorBoardLogger final : public Callback {
 public:
  using Options = TensorBoardLoggerOptions;

  // Throws InvalidArgument unless every_n_steps is positive.
  explicit TensorBoardLogger(Options options = {});

  void OnFitStart(Trainer& trainer) override;
  void OnTrainBatchEnd(Trainer& trainer) override;
  void OnTrainEpochEnd(Trainer& trainer) override;
  void OnFitEnd(Trainer& trainer) override;

 private:
  Options options_;
  std::unique_ptr<EventWriter> writer_;
  int64_t written_step_ = 0;
};

namespace internal {

// The cyclic redundancy check of Castagnoli (RFC 3720, B.4), which records carry.
uint32_t Crc32c(std::string_view bytes);

}  // namespace internal
}  // namespace neura::trainer

#endif  // NEURA_TRAINER_TENSORBOARD_H_
