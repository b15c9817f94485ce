// Preloaded into a process, makes one of the allocations fail that a shared library asks for; what
// others ask for, such as the interpreter, is left alone.
#include <link.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace {

// Where the library lies.
uintptr_t g_begin = 0, g_end = 0;

// The number of allocations before the one that fails, counted down by all threads; none while it
// is negative.
std::atomic<int64_t> g_left{-1};

bool Fails(void* caller) {
  if (g_left.load(std::memory_order_relaxed) < 0) return false;
  const auto address = reinterpret_cast<uintptr_t>(caller);
  if (address < g_begin || address >= g_end) return false;
  if (g_left.fetch_sub(1, std::memory_order_relaxed) != 0) return false;
  errno = ENOMEM;
  return true;
}

int FindLibrary(dl_phdr_info* info, size_t, void* part_of_name) {
  if (std::string_view(info->dlpi_name).find(static_cast<const char*>(part_of_name)) ==
      std::string_view::npos)
    return 0;
  g_begin = UINTPTR_MAX;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = info->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD) continue;
    const uintptr_t begin = info->dlpi_addr + segment.p_vaddr;
    if (begin < g_begin) g_begin = begin;
    if (begin + segment.p_memsz > g_end) g_end = begin + segment.p_memsz;
  }
  return 1;
}

}  // namespace

extern "C" {

void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* memory, size_t size);
void* __libc_memalign(size_t alignment, size_t size);

// Names the library, by a part of its path. Whether it is loaded.
bool fail_allocations_of(char* part_of_name) {
  return dl_iterate_phdr(FindLibrary, part_of_name) != 0;
}

// The library's allocation after `count` others will fail. Returns what was left of the last count,
// negative when it has failed.
int64_t fail_allocation_after(int64_t count) { return g_left.exchange(count); }

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
