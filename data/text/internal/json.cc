#include "neura/data/text/internal/json.h"

#include <algorithm>
#include <unordered_set>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/io/byte_source.h"

namespace neura::data::text::internal {
namespace {

constexpr int kMaxDepth = 16;

[[noreturn]] void RefuseText(const std::string& problem) {
  ThrowInvalidArgument(Printable(absl::StrCat("JSON: ", problem)));
}

}  // namespace

Json ParseJson(std::string_view text) {
  if (text.size() > kMaxJson) {
    RefuseText(absl::StrCat(text.size(), " bytes; at most ", kMaxJson));
  }
  std::vector<std::unordered_set<std::string>> keys(kMaxDepth + 2);
  const auto on_event = [&](int depth, Json::parse_event_t event, const Json& parsed) {
    using Event = Json::parse_event_t;
    if (depth > kMaxDepth) RefuseText(absl::StrCat("it is nested deeper than ", kMaxDepth));
    if (event == Event::object_start) keys[static_cast<size_t>(depth) + 1].clear();
    if (event == Event::key) {
      const std::string& key = parsed.get_ref<const std::string&>();
      if (!keys[static_cast<size_t>(depth)].insert(key).second) {
        RefuseText(absl::StrCat("the key '", key, "' comes twice"));
      }
    }
    return true;
  };
  try {
    return Json::parse(text.begin(), text.end(), on_event);
  } catch (const Json::exception& error) {
    RefuseText(error.what());
  }
}

void Node::Refuse(const std::string& problem) const {
  ThrowInvalidArgument(Printable(absl::StrCat(path_.empty() ? "the file" : path_, ": ", problem)));
}

void Node::NotHere(const std::string& problem) const {
  ThrowUnimplemented(Printable(absl::StrCat(path_.empty() ? "the file" : path_, ": ", problem)));
}

void Node::RefuseType(const char* expected) const {
  Refuse(absl::StrCat(expected, " is expected, not ", json_->type_name()));
}

std::string Node::String() const {
  if (!json_->is_string()) RefuseType("a string");
  return json_->get<std::string>();
}

int64_t Node::Integer() const {
  if (!json_->is_number_integer()) RefuseType("an integer");
  if (json_->is_number_unsigned() && json_->get<uint64_t>() > INT64_MAX) {
    Refuse(absl::StrCat(json_->get<uint64_t>(), " is too large"));
  }
  return json_->get<int64_t>();
}

bool Node::Bool() const {
  if (!json_->is_boolean()) RefuseType("true or false");
  return json_->get<bool>();
}

std::vector<Node> Node::List() const {
  if (!json_->is_array()) RefuseType("a list");
  std::vector<Node> list;
  list.reserve(json_->size());
  for (const Json& item : *json_) {
    list.emplace_back(item, absl::StrCat(path_, "[", list.size(), "]"));
  }
  return list;
}

StringMap<int64_t> Node::Ids() const {
  if (!json_->is_object()) RefuseType("an object");
  StringMap<int64_t> ids;
  ids.reserve(json_->size());
  for (auto item = json_->begin(); item != json_->end(); ++item) {
    if (!item->is_number_integer()) {
      Refuse(absl::StrCat("the id of '", item.key(), "' is ", item->type_name()));
    }
    ids.emplace(item.key(), Node(*item, absl::StrCat(path_, "['", item.key(), "']")).Integer());
  }
  return ids;
}

std::optional<Node> Node::Find(std::string_view key) const {
  if (!json_->is_object()) RefuseType("an object");
  const auto found = json_->find(std::string(key));
  if (found == json_->end() || found->is_null()) return std::nullopt;
  return Node(*found, path_.empty() ? std::string(key) : absl::StrCat(path_, ".", key));
}

Node Node::At(std::string_view key) const {
  const std::optional<Node> found = Find(key);
  if (!found) Refuse(absl::StrCat("it has no '", key, "'"));
  return *found;
}

std::string Node::String(const char* key, const std::string& otherwise) const {
  const std::optional<Node> found = Find(key);
  return found ? found->String() : otherwise;
}

int64_t Node::Integer(const char* key, int64_t otherwise) const {
  const std::optional<Node> found = Find(key);
  return found ? found->Integer() : otherwise;
}

bool Node::Bool(const char* key, bool otherwise) const {
  const std::optional<Node> found = Find(key);
  return found ? found->Bool() : otherwise;
}

std::string Node::Type() const { return String("type", ""); }

void Node::Only(std::initializer_list<const char*> keys) const {
  if (!json_->is_object()) RefuseType("an object");
  for (auto item = json_->begin(); item != json_->end(); ++item) {
    const bool known =
        std::any_of(keys.begin(), keys.end(), [&](const char* key) { return item.key() == key; });
    if (!known) NotHere(absl::StrCat("the option '", item.key(), "' is not supported"));
  }
}

}  // namespace neura::data::text::internal
