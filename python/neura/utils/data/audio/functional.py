"""Functions of waveforms [..., time] and spectrograms [..., frequency, frame]: computed in C++, under the names of torchaudio.functional."""

from neura import _C

globals().update({name: value for name, value in vars(_C.data.audio).items() if not name.startswith("_")})
