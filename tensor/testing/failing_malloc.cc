#include "neura/tensor/testing/failing_malloc.h"

#include <link.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <string_view>

namespace {

// Where the code lies whose allocations count: anywhere.
uintptr_t g_begin = 0, g_end = UINTPTR_MAX;

std::atomic<int64_t> g_left{-1};

bool Fails(const void* caller) {
  if (g_left.load(std::memory_order_relaxed) < 0) return false;
  const auto address = reinterpret_cast<uintptr_t>(caller);
  if (address < g_begin || address >= g_end) return false;
  if (g_left.fetch_sub(1, std::memory_order_relaxed) != 0) return false;
  errno = ENOMEM;
  return true;
}

int FindLibrary(dl_phdr_info* info, size_t, void* part_of_path) {
  if (std::string_view(info->dlpi_name).find(*static_cast<const char**>(part_of_path)) ==
      std::string_view::npos)
    return 0;
  g_begin = UINTPTR_MAX;
  g_end = 0;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = info->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD) continue;
    const uintptr_t begin = info->dlpi_addr + segment.p_vaddr;
    g_begin = std::min(g_begin, begin);
    g_end = std::max(g_end, begin + segment.p_memsz);
  }
  return 1;
}

}  // namespace

int64_t fail_allocation_after(int64_t count) { return g_left.exchange(count); }

bool fail_allocations_of(const char* part_of_path) {
  return dl_iterate_phdr(FindLibrary, &part_of_path) != 0;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
void* operator new(size_t size) {
  void* const memory = Fails(__builtin_return_address(0)) ? nullptr : std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
#else
extern "C" {
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* memory, size_t size);
void* __libc_memalign(size_t alignment, size_t size);

void* malloc(size_t size) {
  return Fails(__builtin_return_address(0)) ? nullptr : __libc_malloc(size);
}
void* calloc(size_t count, size_t size) {
  return Fails(__builtin_return_address(0)) ? nullptr : __libc_calloc(count, size);
}
void* realloc(void* memory, size_t size) {
  return Fails(__builtin_return_address(0)) ? nullptr : __libc_realloc(memory, size);
}
void* aligned_alloc(size_t alignment, size_t size) {
  return Fails(__builtin_return_address(0)) ? nullptr : __libc_memalign(alignment, size);
}
int posix_memalign(void** memory, size_t alignment, size_t size) {
  *memory = Fails(__builtin_return_address(0)) ? nullptr : __libc_memalign(alignment, size);
  return *memory == nullptr ? ENOMEM : 0;
}
}
#endif
