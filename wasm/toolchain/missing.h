// Read before every C++ source: what C++20 has and the standard library of emscripten 3.1.6 has not
// yet.
#if defined(__cplusplus) && !defined(NEURA_WASM_TOOLCHAIN_MISSING_H_)
#define NEURA_WASM_TOOLCHAIN_MISSING_H_

#include <bit>

#if !defined(__cpp_lib_bit_cast)
namespace std {

template <typename To, typename From>
constexpr To bit_cast(const From& from) noexcept {
  return __builtin_bit_cast(To, from);
}

}  // namespace std
#endif

#endif
