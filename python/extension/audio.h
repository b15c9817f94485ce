#ifndef NEURA_PYTHON_EXTENSION_AUDIO_H_
#define NEURA_PYTHON_EXTENSION_AUDIO_H_

#include <pybind11/pybind11.h>

namespace neura::python {

// Functions of waveforms and spectrograms.
void InitAudio(pybind11::module_& data);

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_AUDIO_H_
