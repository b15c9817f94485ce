// Classes whose objects Python and C++ hold together.
#ifndef NEURA_PYTHON_EXTENSION_SHARED_CLASS_H_
#define NEURA_PYTHON_EXTENSION_SHARED_CLASS_H_

#include <pybind11/pybind11.h>

#include <memory>
#include <utility>

namespace neura::python {

// A py::class_ held by std::shared_ptr that survives a lack of memory. pybind11 (3.1) gives an
// object its value before it notes the pair and takes the holder over; where the note fails, the
// object would free a value that is the holder's.
template <typename T, typename... Bases>
class SharedClass : public pybind11::class_<T, Bases..., std::shared_ptr<T>> {
 public:
  template <typename... Arguments>
  explicit SharedClass(Arguments&&... arguments)
      : pybind11::class_<T, Bases..., std::shared_ptr<T>>(std::forward<Arguments>(arguments)...) {
    type_ = pybind11::detail::get_type_info(typeid(T));
    hold_ = std::exchange(type_->init_instance, Hold);
  }

 private:
  static void Hold(pybind11::detail::instance* object, const void* holder) {
    try {
      hold_(object, holder);
    } catch (...) {
      if (holder != nullptr) object->get_value_and_holder(type_).value_ptr() = nullptr;
      throw;
    }
  }

  static inline pybind11::detail::type_info* type_ = nullptr;
  static inline void (*hold_)(pybind11::detail::instance*, const void*) = nullptr;
};

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_SHARED_CLASS_H_
