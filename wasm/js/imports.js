// What a module asks of its surroundings. It has no files, no environment, and a clock that counts from its start.

export const PAGE_BYTES = 65536;
/** As the modules declare it. */
export const MAX_BYTES = 2048 * 1024 * 1024;
export const EAGAIN = 6;
const EBADF = 8;
/** Bytes of a thread's stack. */
const STACK_BYTES = 1024 * 1024;

const ignore = () => 0;
const noFile = () => EBADF;

/**
 * @param {WebAssembly.Module} module
 * @param {() => WebAssembly.Memory} memoryOf
 * @param {object} own what differs between builds, and between the main thread and the others
 */
export function createImports(module, memoryOf, own = {}) {
  const clock = (_, time) => {
    const now = performance.now();
    const view = new DataView(memoryOf().buffer);
    view.setInt32(time, now / 1000, true);
    view.setInt32(time + 4, (now % 1000) * 1e6, true);
    return 0;
  };
  const known = {
    emscripten_get_heap_max: () => MAX_BYTES,
    emscripten_resize_heap: (bytes) => {
      const memory = memoryOf();
      try {
        memory.grow(Math.ceil(((bytes >>> 0) - memory.buffer.byteLength) / PAGE_BYTES));
        return 1;
      } catch {
        return 0;  // malloc finds no memory, which is an error with a message
      }
    },
    emscripten_memcpy_big: (to, from, bytes) => {
      new Uint8Array(memoryOf().buffer).copyWithin(to >>> 0, from >>> 0, (from >>> 0) + (bytes >>> 0));
    },
    emscripten_get_now: () => performance.now(),
    clock_gettime: clock,
    __clock_gettime: clock,
    environ_sizes_get: (number, bytes) => {
      const view = new DataView(memoryOf().buffer);
      view.setUint32(number, 0, true);
      view.setUint32(bytes, 0, true);
      return 0;
    },
    environ_get: ignore,
    fd_close: noFile,
    fd_seek: noFile,
    fd_write: noFile,
    // Traces of the stack, which only crashes ask for.
    emscripten_asm_const_int: ignore,
    emscripten_stack_snapshot: ignore,
    emscripten_stack_unwind_buffer: ignore,
    // Threads send each other no calls, and wait where they must.
    _emscripten_default_pthread_stack_size: () => STACK_BYTES,
    _emscripten_notify_thread_queue: ignore,
    emscripten_check_blocking_allowed: ignore,
    emscripten_num_logical_cores: () => 1,
    setTempRet0: ignore,
    ...own,
  };
  const imports = {};
  for (const { module: group, name } of WebAssembly.Module.imports(module)) {
    imports[group] ??= {};
    // What remains is asked for by parts of the C library that nothing here uses.
    imports[group][name] = known[name] ?? (() => {
      throw new WebAssembly.RuntimeError(`the program called ${name}`);
    });
  }
  return imports;
}
