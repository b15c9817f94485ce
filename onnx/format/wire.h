// How messages are read field by field. As the format asks
// (https://protobuf.dev/programming-guides/encoding): what is unknown is skipped, the last of
// several values counts, repeated numbers may be packed or not.
#ifndef NEURA_ONNX_FORMAT_WIRE_H_
#define NEURA_ONNX_FORMAT_WIRE_H_

#include <string_view>

#include "protozero/pbf_message.hpp"

namespace neura::onnx {

// What tag_and_type() gives for a field of this kind.
template <typename Field>
constexpr uint32_t Varint(Field field) {
  return protozero::tag_and_type(field, protozero::pbf_wire_type::varint);
}
template <typename Field>
constexpr uint32_t Bytes(Field field) {
  return protozero::tag_and_type(field, protozero::pbf_wire_type::length_delimited);
}
template <typename Field>
constexpr uint32_t Fixed32(Field field) {
  return protozero::tag_and_type(field, protozero::pbf_wire_type::fixed32);
}
template <typename Field>
constexpr uint32_t Fixed64(Field field) {
  return protozero::tag_and_type(field, protozero::pbf_wire_type::fixed64);
}

// Calls read(message) before each field, which must consume or skip it. Throws
// protozero::exception where the bytes are no message.
template <typename Field, typename Read>
void ForEachField(std::string_view bytes, Read read) {
  protozero::pbf_message<Field> message(bytes);
  while (message.next()) read(message);
}

template <typename Range, typename T>
void Append(const Range& packed, std::vector<T>& values) {
  for (const auto value : packed) values.push_back(value);
}

}  // namespace neura::onnx

#endif  // NEURA_ONNX_FORMAT_WIRE_H_
