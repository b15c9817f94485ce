// The functions that JavaScript calls. They throw nothing: one that fails returns 0 (or false), and
// neura_error() says why. Strings end with a zero byte and live until the next call, those of a
// session as long as it does.
#ifndef NEURA_WASM_EXPORTS_H_
#define NEURA_WASM_EXPORTS_H_

#include <stddef.h>
#include <stdint.h>

#include "neura/wasm/session.h"

extern "C" {

const char* neura_error();

void* neura_allocate(size_t bytes);
void neura_free(void* memory);

// For whatever runs next, in any session.
bool neura_set_threads(int32_t threads);
// The names of the operations with kernels, each behind a space.
const char* neura_operations();

neura::wasm::Session* neura_load(const char* model, size_t bytes);
// Frees the session and gives cached memory back.
void neura_dispose(neura::wasm::Session* session);

// ---- inputs and outputs of the model: those of a side, 0 for inputs, 1 for outputs
int32_t neura_num_values(const neura::wasm::Session* session, int32_t side);
const char* neura_value_name(const neura::wasm::Session* session, int32_t side, int32_t index);
const char* neura_value_dtype(const neura::wasm::Session* session, int32_t side, int32_t index);
int32_t neura_value_rank(const neura::wasm::Session* session, int32_t side, int32_t index);
// "3", "batch", "4*batch" or "?".
const char* neura_value_extent(const neura::wasm::Session* session, int32_t side, int32_t index,
                               int32_t dim);

// ---- one run
// Where to write the elements of an input.
void* neura_set_input(neura::wasm::Session* session, int32_t index, const int32_t* shape,
                      int32_t rank);
bool neura_run(neura::wasm::Session* session);
int32_t neura_result_rank(const neura::wasm::Session* session, int32_t index);
int32_t neura_result_extent(const neura::wasm::Session* session, int32_t index, int32_t dim);
const void* neura_result_data(const neura::wasm::Session* session, int32_t index);
// Lets go of inputs and results.
void neura_clear(neura::wasm::Session* session);

}  // extern "C"

#endif  // NEURA_WASM_EXPORTS_H_
