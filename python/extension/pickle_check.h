// Looking through a pickle before it is read.
#ifndef NEURA_PYTHON_EXTENSION_PICKLE_CHECK_H_
#define NEURA_PYTHON_EXTENSION_PICKLE_CHECK_H_

#include <string>
#include <string_view>

namespace neura::python {

// What is wrong with a pickle that save() or PyTorch's should have written, or nothing: opcodes
// that they never write, lengths and places that do not exist, objects nested deeper than Python
// could have pickled. Takes time and memory in proportion to the bytes, and runs nothing.
std::string CheckPickle(std::string_view bytes);

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_PICKLE_CHECK_H_
