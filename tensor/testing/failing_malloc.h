// Makes allocations of a process fail that malloc, its relatives and `new` serve: of the program
// that this is linked with, or, preloaded as a shared library, of any other. Under a sanitizer,
// which keeps malloc for itself, those of `new` alone.
#ifndef NEURA_TENSOR_TESTING_FAILING_MALLOC_H_
#define NEURA_TENSOR_TESTING_FAILING_MALLOC_H_

#include <stdint.h>

extern "C" {

// The allocation after `count` others fails, counted over all threads; none does when that is
// negative. Returns what was left of the last count: negative when its allocation has failed.
int64_t fail_allocation_after(int64_t count);

// Counts only what one shared library asks for, found by a part of its path; without this, what all
// ask for. Whether it is loaded.
bool fail_allocations_of(const char* part_of_path);
}

#endif  // NEURA_TENSOR_TESTING_FAILING_MALLOC_H_
