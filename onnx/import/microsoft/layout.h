// Where channels stand.
#ifndef NEURA_ONNX_IMPORT_MICROSOFT_LAYOUT_H_
#define NEURA_ONNX_IMPORT_MICROSOFT_LAYOUT_H_

#include "neura/onnx/import/importer.h"

namespace neura::onnx {

// [N, C, ...] of [N, ..., C].
graph::ValueId ChannelsFirst(NodeReader& node, graph::ValueId x);
// And back.
graph::ValueId ChannelsLast(NodeReader& node, graph::ValueId x);

}  // namespace neura::onnx

#endif  // NEURA_ONNX_IMPORT_MICROSOFT_LAYOUT_H_
