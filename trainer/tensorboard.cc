#include "neura/trainer/tensorboard.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/trainer/trainer.h"
#include "protozero/pbf_writer.hpp"

namespace neura::trainer {
namespace {

// Records that wait for the file are at most about so long.
constexpr size_t kMaxWaiting = 1 << 16;

[[noreturn]] void Fail(int error_number, const std::string& what) {
  throw Error(absl::ErrnoToStatusCode(error_number),
              absl::StrCat("EventWriter: ", what, ": ", std::strerror(error_number)));
}

double Now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string Bytes(uint64_t number, size_t width) {
  std::string bytes(width, '\0');
  for (size_t i = 0; i < width; ++i) bytes[i] = static_cast<char>(number >> (8 * i));
  return bytes;
}

// A check of bytes that contain checks would be weak without this.
uint32_t Masked(uint32_t crc) { return ((crc >> 15) | (crc << 17)) + 0xa282ead8U; }

// Fields of Event: wall_time 1, step 2, file_version 3, summary 5; of Summary: value 1; of its
// Value: tag 1, simple_value 2.
std::string VersionEvent() {
  std::string event;
  protozero::pbf_writer writer(event);
  writer.add_double(1, Now());
  writer.add_string(3, "brain.Event:2");
  return event;
}

std::string ScalarEvent(std::string_view tag, double value, int64_t step) {
  std::string scalar, summary, event;
  protozero::pbf_writer scalar_writer(scalar);
  scalar_writer.add_string(1, tag.data(), tag.size());
  scalar_writer.add_float(2, static_cast<float>(value));
  protozero::pbf_writer(summary).add_message(1, scalar);
  protozero::pbf_writer writer(event);
  writer.add_double(1, Now());
  writer.add_int64(2, step);
  writer.add_message(5, summary);
  return event;
}

}  // namespace

namespace internal {

uint32_t Crc32c(std::string_view bytes) {
  static const std::array<uint32_t, 256> kTable = [] {
    std::array<uint32_t, 256> table;
    for (uint32_t i = 0; i < 256; ++i) {
      uint32_t crc = i;
      for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78U : 0);
      table[i] = crc;
    }
    return table;
  }();
  uint32_t crc = 0xffffffffU;
  for (const char byte : bytes) {
    crc = (crc >> 8) ^ kTable[(crc ^ static_cast<unsigned char>(byte)) & 0xff];
  }
  return ~crc;
}

}  // namespace internal

EventWriter::EventWriter(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) Fail(error.value(), absl::StrCat("cannot make the folder ", folder));
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  // Two writers of a process and second get names of their own.
  const std::string base =
      absl::StrCat(folder, "/events.out.tfevents.", static_cast<int64_t>(Now()), ".",
                   host[0] == '\0' ? "localhost" : host.data(), ".", getpid());
  for (int i = 0; i < 1000; ++i) {
    path_ = i == 0 ? base : absl::StrCat(base, ".", i);
    descriptor_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor_ >= 0 || errno != EEXIST) break;
  }
  if (descriptor_ < 0) Fail(errno, absl::StrCat("cannot make ", path_));
  Append(VersionEvent());
}

EventWriter::~EventWriter() {
  try {
    Flush();
  } catch (const Error&) {
    // Whoever wants to know calls Flush().
  }
  close(descriptor_);
}

void EventWriter::AddScalar(std::string_view tag, double value, int64_t step) {
  Append(ScalarEvent(tag, value, step));
}

void EventWriter::Append(std::string_view event) {
  const std::string length = Bytes(event.size(), 8);
  absl::StrAppend(&waiting_, length, Bytes(Masked(internal::Crc32c(length)), 4), event,
                  Bytes(Masked(internal::Crc32c(event)), 4));
  if (waiting_.size() > kMaxWaiting) Flush();
}

void EventWriter::Flush() {
  std::string_view rest = waiting_;
  while (!rest.empty()) {
    const ssize_t written = write(descriptor_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const int error_number = errno;
      waiting_.erase(0, waiting_.size() - rest.size());
      Fail(error_number, absl::StrCat("writing ", path_));
    }
    rest.remove_prefix(static_cast<size_t>(written));
  }
  waiting_.clear();
}

// ---- TensorBoardLogger -----------------------------------------------------------------------

TensorBoardLogger::TensorBoardLogger(Options options) : options_(std::move(options)) {
  if (options_.every_n_steps < 1) {
    ThrowInvalidArgument(absl::StrCat("TensorBoardLogger: every_n_steps must be positive, got ",
                                      options_.every_n_steps));
  }
}

void TensorBoardLogger::OnFitStart(Trainer& trainer) {
  writer_ = std::make_unique<EventWriter>(options_.folder);
  written_step_ = trainer.step();
}

void TensorBoardLogger::OnTrainBatchEnd(Trainer& trainer) {
  if (trainer.step() - written_step_ < options_.every_n_steps) return;
  written_step_ = trainer.step();
  for (const auto& [name, value] : trainer.numbers()) {
    writer_->AddScalar(absl::StrCat("step/", name), value, trainer.step());
  }
  writer_->Flush();
}

void TensorBoardLogger::OnTrainEpochEnd(Trainer& trainer) {
  const EpochRecord& record = trainer.records().back();
  for (const auto& [name, value] : record.numbers) {
    writer_->AddScalar(absl::StrCat("epoch/", name), value, record.epoch + 1);
  }
  writer_->Flush();
}

void TensorBoardLogger::OnFitEnd(Trainer& /*trainer*/) { writer_.reset(); }

}  // namespace neura::trainer
