#include "neura/tensor/io/safetensors_header.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/io/elements.h"
#include "nlohmann/json.hpp"

namespace neura::internal {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kMetadata = "__metadata__";
// The reference implementation's limit.
constexpr uint64_t kMaxHeaderSize = 100'000'000;

constexpr std::pair<std::string_view, DType> kDTypes[] = {
    {"BOOL", kBool},   {"U8", kUInt8},      {"I8", kInt8},       {"I16", kInt16},
    {"U16", kUInt16},  {"U32", kUInt32},    {"U64", kUInt64},    {"I32", kInt32},
    {"I64", kInt64},   {"F16", kFloat16},   {"BF16", kBFloat16}, {"F32", kFloat32},
    {"F64", kFloat64}, {"C64", kComplex64},
};

// Thrown by the functions below, and caught where the text came in.
struct Malformed {
  std::string message;
};

uint64_t Unsigned(const Json& value, std::string_view what) {
  if (!value.is_number_unsigned()) {
    throw Malformed{absl::StrCat(what, " is not a number of at least 0")};
  }
  return value.get<uint64_t>();
}

const Json& Member(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) throw Malformed{absl::StrCat("it has no ", key)};
  return *found;
}

DType ParseDType(const Json& value) {
  if (!value.is_string()) throw Malformed{"its dtype is not a string"};
  const std::string& name = value.get_ref<const std::string&>();
  for (const auto& [known, dtype] : kDTypes) {
    if (known == name) return dtype;
  }
  throw Malformed{absl::StrCat("its dtype is '", name, "'")};
}

Dims ParseShape(const Json& value) {
  if (!value.is_array()) throw Malformed{"its shape is not an array"};
  if (value.size() > kMaxDims) {
    throw Malformed{
        absl::StrCat("its shape has ", value.size(), " dimensions; at most ", kMaxDims)};
  }
  Dims shape;
  for (const Json& extent : value) {
    const uint64_t number = Unsigned(extent, "an extent");
    if (number > INT64_MAX) throw Malformed{absl::StrCat("an extent is ", number)};
    shape.push_back(static_cast<int64_t>(number));
  }
  return shape;
}

SafetensorsEntry ParseEntry(const std::string& name, const Json& value) {
  SafetensorsEntry entry{.name = name,
                         .dtype = ParseDType(Member(value, "dtype")),
                         .shape = ParseShape(Member(value, "shape"))};
  const Json& offsets = Member(value, "data_offsets");
  if (!offsets.is_array() || offsets.size() != 2) throw Malformed{"data_offsets are not two"};
  entry.begin = Unsigned(offsets[0], "an offset");
  entry.end = Unsigned(offsets[1], "an offset");
  if (value.size() != 3) throw Malformed{"it has more than dtype, shape and data_offsets"};
  return entry;
}

std::map<std::string, std::string> ParseMetadata(const Json& value) {
  std::map<std::string, std::string> metadata;
  for (const auto& [key, text] : value.items()) {
    if (!text.is_string()) throw Malformed{absl::StrCat("'", key, "' is not a string")};
    metadata[key] = text.get<std::string>();
  }
  return metadata;
}

// Takes the entries while the JSON parser comes by them, in the order of the text, and lets it
// forget them: the whole is never in memory. Refuses what the parser would let pass: keys that come
// twice, and deeper nesting than the format has.
class EntryReader {
 public:
  explicit EntryReader(SafetensorsHeader& header) : header_(header) {}

  // A parser_callback_t. `depth` counts the objects and arrays around the event.
  bool OnEvent(int depth, Json::parse_event_t event, const Json& parsed) {
    using Event = Json::parse_event_t;
    const bool is_object = event == Event::object_start || event == Event::object_end;
    if (event == Event::key) {
      OnKey(depth, parsed.get_ref<const std::string&>());
    } else if (depth < 2 && !is_object) {
      throw Malformed{"an object is expected"};
    } else if (depth > 2 && event != Event::value) {
      throw Malformed{"it is nested too deep"};
    } else if (depth == 1 && event == Event::object_end) {
      OnEntry(parsed);
      return false;
    }
    return true;
  }

  // Which entry is being read, as the start of a message.
  std::string where() const { return name_.empty() ? "" : absl::StrCat("'", name_, "': "); }

 private:
  void OnKey(int depth, const std::string& key) {
    std::set<std::string>& keys = depth == 1 ? names_ : members_;
    if (depth == 1) {
      name_ = key;
      members_.clear();
    }
    if (!keys.insert(key).second) throw Malformed{absl::StrCat("the key '", key, "' comes twice")};
  }

  void OnEntry(const Json& value) {
    if (name_ == kMetadata) {
      header_.metadata = ParseMetadata(value);
    } else {
      header_.entries.push_back(ParseEntry(name_, value));
    }
    name_.clear();
  }

  SafetensorsHeader& header_;
  std::string name_;
  std::set<std::string> names_;    // keys of the outer object
  std::set<std::string> members_;  // keys of the entry that is being read
};

// Every entry has the bytes that its shape takes, and together they cover `data_size` bytes, each
// once.
absl::Status CheckPlaces(const SafetensorsHeader& header, uint64_t data_size) {
  std::vector<const SafetensorsEntry*> by_place;
  for (const SafetensorsEntry& entry : header.entries) {
    const absl::StatusOr<uint64_t> bytes = ByteSize(entry.shape, entry.dtype);
    if (!bytes.ok()) return InFile(absl::StrCat("tensor '", entry.name, "'"), bytes.status());
    if (entry.begin > entry.end || entry.end - entry.begin != *bytes) {
      return absl::InvalidArgumentError(absl::StrCat(
          "tensor '", entry.name, "': ", DTypeName(entry.dtype), " ", ToString(entry.shape),
          " takes ", *bytes, " bytes, its data_offsets are [", entry.begin, ", ", entry.end, "]"));
    }
    by_place.push_back(&entry);
  }
  std::sort(by_place.begin(), by_place.end(), [](const auto* a, const auto* b) {
    return std::pair(a->begin, a->end) < std::pair(b->begin, b->end);
  });
  uint64_t covered = 0;
  for (const SafetensorsEntry* entry : by_place) {
    if (entry->begin != covered) {
      return absl::InvalidArgumentError(
          absl::StrCat("tensor '", entry->name, "' begins at ", entry->begin,
                       entry->begin < covered ? ", inside the one" : ", behind a gap after the one",
                       " that ends at ", covered));
    }
    covered = entry->end;
  }
  if (covered != data_size) {
    return absl::DataLossError(absl::StrCat(covered < data_size ? "excess bytes" : "truncated",
                                            ": the tensors end at ", covered, " of ", data_size,
                                            " bytes of data"));
  }
  return absl::OkStatus();
}

std::string_view DTypeInFile(const SafetensorsEntry& entry) {
  for (const auto& [name, dtype] : kDTypes) {
    if (dtype == entry.dtype) return name;
  }
  ThrowInvalidArgument(absl::StrCat("safetensors: tensor '", entry.name, "' is ",
                                    DTypeName(entry.dtype), ", which the format lacks"));
}

std::string Quoted(const std::string& text) {
  try {
    return Json(text).dump();
  } catch (const Json::exception&) {
    ThrowInvalidArgument(absl::StrCat("safetensors: '", absl::CHexEscape(text), "' is not UTF-8"));
  }
}

}  // namespace

absl::StatusOr<SafetensorsHeader> ParseSafetensorsHeader(std::string_view text) {
  SafetensorsHeader header;
  EntryReader reader(header);
  std::string problem;
  try {
    const Json rest = Json::parse(text.begin(), text.end(),
                                  [&](int depth, Json::parse_event_t event, const Json& parsed) {
                                    return reader.OnEvent(depth, event, parsed);
                                  });
    if (rest.empty()) return header;  // The reader has taken everything.
  } catch (const Malformed& malformed) {
    problem = malformed.message;
  } catch (const Json::exception& error) {
    problem = error.what();
  }
  return absl::InvalidArgumentError(
      Printable(absl::StrCat("safetensors header: ", reader.where(), problem)));
}

absl::StatusOr<SafetensorsHeader> ReadSafetensorsHeader(const ByteSource& source) {
  uint64_t header_size = 0;
  absl::Status status = source.Read(0, &header_size, sizeof(header_size));
  if (!status.ok()) return status;
  if (header_size > kMaxHeaderSize) {
    return absl::InvalidArgumentError(
        absl::StrCat("safetensors header of ", header_size, " bytes; at most ", kMaxHeaderSize));
  }
  const uint64_t data_offset = sizeof(header_size) + header_size;
  if (data_offset > source.size()) {
    return absl::DataLossError(absl::StrCat("truncated: the safetensors header ends at ",
                                            data_offset, ", the file at ", source.size()));
  }
  std::string text(header_size, '\0');
  status = source.Read(sizeof(header_size), text.data(), header_size);
  if (!status.ok()) return status;
  absl::StatusOr<SafetensorsHeader> header = ParseSafetensorsHeader(text);
  if (!header.ok()) return header.status();
  status = CheckPlaces(*header, source.size() - data_offset);
  if (!status.ok()) return status;
  for (SafetensorsEntry& entry : header->entries) {
    entry.begin += data_offset;
    entry.end += data_offset;
  }
  return header;
}

std::string FormatSafetensorsHeader(const SafetensorsHeader& header) {
  std::vector<std::string> members;
  if (!header.metadata.empty()) {
    std::vector<std::string> texts;
    for (const auto& [key, text] : header.metadata) {
      texts.push_back(absl::StrCat(Quoted(key), ":", Quoted(text)));
    }
    members.push_back(absl::StrCat("\"", kMetadata, "\":{", absl::StrJoin(texts, ","), "}"));
  }
  for (const SafetensorsEntry& entry : header.entries) {
    if (entry.name == kMetadata) {
      ThrowInvalidArgument("safetensors: no tensor may be named __metadata__");
    }
    members.push_back(absl::StrCat(Quoted(entry.name), ":{\"dtype\":\"", DTypeInFile(entry),
                                   "\",\"shape\":[", absl::StrJoin(entry.shape, ","),
                                   "],\"data_offsets\":[", entry.begin, ",", entry.end, "]}"));
  }
  return absl::StrCat("{", absl::StrJoin(members, ","), "}");
}

}  // namespace neura::internal
