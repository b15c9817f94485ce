// Functions that run on the host, for graphs.
#ifndef NEURA_GRAPH_HOST_FUNCTIONS_H_
#define NEURA_GRAPH_HOST_FUNCTIONS_H_

#include "neura/graph/graph.h"

namespace neura::graph {

// Its integers as a tensor: int64 [n], on the device of the run.
extern const HostFunction kIntegers;
// Its data.
extern const HostFunction kData;
// A sequence of its inputs.
extern const HostFunction kSequenceConstruct;
// The tensor at a position: a sequence, and a number that counts from the end where it is negative.
extern const HostFunction kSequenceAt;
// A sequence with a tensor put in before a position, or behind the last; with that of a position
// taken out, or the last. Positions as those of kSequenceAt.
extern const HostFunction kSequenceInsert;
extern const HostFunction kSequenceErase;
// How many tensors a sequence has: int64, without dimensions.
extern const HostFunction kSequenceLength;

}  // namespace neura::graph

#endif  // NEURA_GRAPH_HOST_FUNCTIONS_H_
