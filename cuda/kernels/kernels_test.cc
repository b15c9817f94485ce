#include "neura/cuda/kernels/kernels.h"

#include <gtest/gtest.h>
