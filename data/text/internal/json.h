// JSON of outside, read with the names of what is wrong.
#ifndef NEURA_DATA_TEXT_INTERNAL_JSON_H_
#define NEURA_DATA_TEXT_INTERNAL_JSON_H_

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "neura/data/text/vocab.h"
#include "nlohmann/json.hpp"

namespace neura::data::text::internal {

using Json = nlohmann::json;

// Files of more bytes are taken for a mistake.
inline constexpr uint64_t kMaxJson = 128 << 20;

// Throws InvalidArgument: what is no JSON, is nested deeper than files of tokenizers are, or has a
// key twice.
Json ParseJson(std::string_view text);

// A value and where it stands, as errors name it: "model.merges[3]".
class Node {
 public:
  Node(const Json& json, std::string path) : json_(&json), path_(std::move(path)) {}

  const std::string& path() const { return path_; }
  const Json& json() const { return *json_; }
  bool is_null() const { return json_->is_null(); }

  // Throw InvalidArgument where the value is of another type.
  std::string String() const;
  int64_t Integer() const;
  bool Bool() const;
  std::vector<Node> List() const;
  StringMap<int64_t> Ids() const;  // {"token": 0, ...}

  // A member of an object, if it is there and not null.
  std::optional<Node> Find(std::string_view key) const;
  // Throws InvalidArgument where it is missing.
  Node At(std::string_view key) const;
  // The same with a default.
  std::string String(const char* key, const std::string& otherwise) const;
  int64_t Integer(const char* key, int64_t otherwise) const;
  bool Bool(const char* key, bool otherwise) const;
  // The member "type", or nothing.
  std::string Type() const;
  // Throws Unimplemented for a member with another key than these.
  void Only(std::initializer_list<const char*> keys) const;

  // "path: problem", printable.
  [[noreturn]] void Refuse(const std::string& problem) const;
  // The same for what the format has and we do not.
  [[noreturn]] void NotHere(const std::string& problem) const;

 private:
  [[noreturn]] void RefuseType(const char* expected) const;
  const Json* json_;
  std::string path_;
};

}  // namespace neura::data::text::internal

#endif  // NEURA_DATA_TEXT_INTERNAL_JSON_H_
