// What threads keep for themselves, without the allocation that a thread_local with a destructor
// makes and whose failure ends the program.
#ifndef NEURA_TENSOR_CORE_THREAD_EXIT_H_
#define NEURA_TENSOR_CORE_THREAD_EXIT_H_

namespace neura::internal {

// A link in the calling thread's list of what is done when it ends; its memory must stay until
// then.
struct ThreadExit {
  void (*run)(ThreadExit* self) = nullptr;
  ThreadExit* next = nullptr;
};

// Has `exit->run` called when the calling thread ends, unless that is the end of the program: what
// was announced last is run first. May be called again from within.
void AtThreadExit(ThreadExit* exit) noexcept;

// The calling thread's own T, made when it is first asked for and destroyed when the thread ends.
// Whoever asks after that gets another. Throws std::bad_alloc.
template <typename T>
T& ThreadOwned() {
  struct Holder : ThreadExit {
    T value;
  };
  static thread_local Holder* holder = nullptr;
  if (holder == nullptr) {
    holder = new Holder;
    holder->run = [](ThreadExit*) {
      delete holder;
      holder = nullptr;
    };
    AtThreadExit(holder);
  }
  return holder->value;
}

}  // namespace neura::internal

#endif  // NEURA_TENSOR_CORE_THREAD_EXIT_H_
