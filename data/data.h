// Datasets, their order, their loading: the one header for users of //data.
#ifndef NEURA_DATA_DATA_H_
#define NEURA_DATA_DATA_H_

#include "neura/data/dataloader.h"      // IWYU pragma: export
#include "neura/data/dataset.h"         // IWYU pragma: export
#include "neura/data/fashion_mnist.h"   // IWYU pragma: export
#include "neura/data/idx.h"             // IWYU pragma: export
#include "neura/data/random.h"          // IWYU pragma: export
#include "neura/data/sampler.h"         // IWYU pragma: export
#include "neura/data/tensor_dataset.h"  // IWYU pragma: export
#include "neura/data/transforms.h"      // IWYU pragma: export

#endif  // NEURA_DATA_DATA_H_
