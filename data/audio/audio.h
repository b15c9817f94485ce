// Waveforms, their files and their spectra: the one header for users of //data/audio.
#ifndef NEURA_DATA_AUDIO_AUDIO_H_
#define NEURA_DATA_AUDIO_AUDIO_H_

#include "neura/data/audio/functional.h"
#include "neura/data/audio/transforms.h"
#include "neura/data/audio/wav.h"

#endif  // NEURA_DATA_AUDIO_AUDIO_H_
