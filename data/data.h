// Datasets, their order, their loading: the one header for users of //data.
#ifndef NEURA_DATA_DATA_H_
#define NEURA_DATA_DATA_H_

#include "neura/data/cifar.h"
#include "neura/data/collate.h"
#include "neura/data/csv.h"
#include "neura/data/dataloader.h"
#include "neura/data/dataset.h"
#include "neura/data/datasets.h"
#include "neura/data/fashion_mnist.h"
#include "neura/data/idx.h"
#include "neura/data/image.h"
#include "neura/data/image_folder.h"
#include "neura/data/image_functions.h"
#include "neura/data/random.h"
#include "neura/data/rows.h"
#include "neura/data/sampler.h"
#include "neura/data/tar.h"
#include "neura/data/tensor_dataset.h"
#include "neura/data/transforms.h"
#include "neura/data/worker_info.h"

#endif  // NEURA_DATA_DATA_H_
