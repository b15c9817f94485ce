// What the module asks of its surroundings. It has no files, no environment, and a clock that counts from its start.

export const PAGE_BYTES = 65536;
/** As the modules declare it. */
export const MAX_BYTES = 2048 * 1024 * 1024;
export const EAGAIN = 6;
const EBADF = 8;

/** Bytes of a thread's stack. */
const STACK_BYTES = 1024 * 1024;

const abort = () => {
  throw new WebAssembly.RuntimeError('the program aborted');
};

/** What the threaded build asks for besides; `own` differs between the main thread and the others. */
export function threadImports(memory, own) {
  return {
    memory,
    _emscripten_default_pthread_stack_size: () => STACK_BYTES,
    emscripten_get_now: () => performance.now(),
    emscripten_num_logical_cores: () => 1,
    // Threads send each other no calls, and wait where they must.
    _emscripten_notify_thread_queue: () => {},
    emscripten_check_blocking_allowed: () => {},
    emscripten_receive_on_main_thread_js: abort,
    emscripten_unwind_to_js_event_loop: abort,
    emscripten_set_canvas_element_size: abort,
    emscripten_webgl_create_context: abort,
    exit: abort,
    setTempRet0: () => {},
    ...own,
  };
}

/**
 * @param {{memory: () => WebAssembly.Memory, exports: () => WebAssembly.Exports}} instance
 * @param {object} threads what only the threaded build asks for
 */
export function createImports(instance, threads = {}) {
  const view = () => new DataView(instance.memory().buffer);
  const grow = (bytes) => {
    const memory = instance.memory();
    try {
      memory.grow(Math.ceil((bytes - memory.buffer.byteLength) / PAGE_BYTES));
      return 1;
    } catch {
      return 0;  // malloc finds no memory, which is an error with a message
    }
  };
  const env = {
    abort,
    emscripten_get_heap_max: () => MAX_BYTES,
    emscripten_resize_heap: (bytes) => grow(bytes >>> 0),
    emscripten_memcpy_big: (to, from, bytes) => {
      new Uint8Array(instance.memory().buffer).copyWithin(to >>> 0, from >>> 0, (from >>> 0) + (bytes >>> 0));
    },
    clock_gettime: (clock, time) => {
      const now = performance.now();
      view().setInt32(time, now / 1000, true);
      view().setInt32(time + 4, (now % 1000) * 1e6, true);
      return 0;
    },
    __call_sighandler: abort,  // nothing here sends signals
    ...threads,
  };
  const wasi_snapshot_preview1 = {
    environ_sizes_get: (number, bytes) => {
      view().setUint32(number, 0, true);
      view().setUint32(bytes, 0, true);
      return 0;
    },
    environ_get: () => 0,
    fd_close: () => EBADF,
    fd_seek: () => EBADF,
    fd_write: () => EBADF,
  };
  return { env, wasi_snapshot_preview1 };
}
