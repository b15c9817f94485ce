// Optimizers, schedules, clipping, averages and scaling: the one header for users of //optim.
#ifndef NEURA_OPTIM_OPTIM_H_
#define NEURA_OPTIM_OPTIM_H_

#include "neura/optim/averaging.h"
#include "neura/optim/clip.h"
#include "neura/optim/grad_scaler.h"
#include "neura/optim/lbfgs.h"
#include "neura/optim/optimizers.h"
#include "neura/optim/schedulers.h"

#endif  // NEURA_OPTIM_OPTIM_H_
