// A module in memory, shared by the sessions of one build.
import { compile, isNode } from './bytes.js';
import { EAGAIN, MAX_BYTES, PAGE_BYTES, createImports } from './imports.js';
import { NeuraError } from './tensor.js';
import { WorkerPool } from './workers.js';

/** As the modules declare it. */
const INITIAL_BYTES = 16 * 1024 * 1024;
const BUILDS = {
  'single-threaded': { url: new URL('./neura.wasm', import.meta.url) },
  threads: {
    url: new URL('./neura-threads.wasm', import.meta.url),
    memory: { initial: INITIAL_BYTES / PAGE_BYTES, maximum: MAX_BYTES / PAGE_BYTES, shared: true },
  },
};

export class Instance {
  #users = 0;
  #broken = null;
  #forgotten = false;

  static async create(backend) {
    const build = BUILDS[backend];
    const instance = new Instance();
    try {
      build.module ??= compile(build.url);
      await instance.#start(backend, await build.module, build.memory);
      return instance;
    } catch (error) {
      build.module = undefined;
      if (error instanceof NeuraError) throw error;
      throw new NeuraError(`cannot start "${build.url}": ${error.message}`, { cause: error });
    }
  }

  async #start(backend, module, memory) {
    this.backend = backend;
    let threads;
    if (memory !== undefined) {
      this.memory = new WebAssembly.Memory(memory);
      this.workers = new WorkerPool(module, this.memory, (error) => this.#fail(error));
      threads = this.#threadImports();
    }
    const imports = createImports(module, () => this.memory, threads);
    this.exports = (await WebAssembly.instantiate(module, imports)).exports;
    this.memory ??= this.exports.memory;
    this.exports.__wasm_call_ctors();
  }

  #threadImports() {
    const mayBlock = isNode || typeof window === 'undefined';
    return {
      memory: this.memory,
      __emscripten_init_main_thread_js: (thread) => {
        this.exports._emscripten_thread_init(thread, mayBlock ? 0 : 1, 1, mayBlock ? 1 : 0);
        this.exports.emscripten_tls_init();
      },
      __pthread_create_js: (thread, attributes, start, argument) => {
        const stack = this.exports.neura_thread_stack(thread);
        const onExit = () => this.exports._emscripten_thread_free_data(thread);
        return this.workers.run({ thread, stack, start, argument }, onExit) ? 0 : EAGAIN;
      },
      __emscripten_thread_cleanup: () => {},
    };
  }

  /** Makes ready for so many threads. */
  reserve(threads) {
    return this.workers?.reserve(threads - 1);
  }

  get usable() {
    return this.#broken === null;
  }
  get memoryBytes() {
    return this.memory.buffer.byteLength;
  }

  /** Calls a function that returns 0 when it fails. */
  call(name, ...args) {
    if (this.#broken !== null) {
      throw new NeuraError('an earlier failure has left memory in disorder; load the model anew', { cause: this.#broken });
    }
    let result;
    try {
      result = this.exports[name](...args);
    } catch (error) {
      this.#fail(error);
      throw new NeuraError(`${name} failed: ${error.message}`, { cause: error });
    }
    if (result === 0) throw new NeuraError(this.text(this.exports.neura_error()));
    return result;
  }

  load(bytes) {
    const copy = this.write(bytes);
    try {
      return this.call('neura_load', copy, bytes.byteLength);
    } finally {
      this.free(copy);
    }
  }

  /** A copy of a typed array in the module's memory. */
  write(array) {
    const pointer = this.call('neura_allocate', Math.max(array.byteLength, 1)) >>> 0;
    this.view(array.constructor, pointer, array.length).set(array);
    return pointer;
  }

  free(pointer) {
    if (this.usable) this.exports.neura_free(pointer);
  }

  /** Elements in the module's memory, good until it grows. */
  view(array, pointer, length) {
    return new array(this.memory.buffer, pointer, length);
  }

  text(pointer) {
    const bytes = new Uint8Array(this.memory.buffer);
    const end = bytes.indexOf(0, pointer >>> 0);
    return new TextDecoder().decode(bytes.slice(pointer >>> 0, end));
  }

  /** Counts one user more; false when the last one has let it go meanwhile. */
  acquire() {
    if (this.#forgotten) return false;
    ++this.#users;
    return true;
  }

  /** Frees a session, if it is not 0, and with the last user all memory. */
  release(session) {
    if (session !== 0 && this.usable) this.exports.neura_dispose(session);
    if (--this.#users > 0) return;
    this.#forget();
    this.workers?.terminate();
  }

  #fail(error) {
    this.#broken ??= error;
    this.#forget();
  }

  // Whoever comes next gets a new one.
  #forget() {
    if (this.#forgotten) return;
    this.#forgotten = true;
    instances.delete(this.backend);
  }
}

const instances = new Map();

// The instance of a build, with one user more: release() it.
async function acquire(backend) {
  for (;;) {
    if (!instances.has(backend)) {
      const created = Instance.create(backend);
      instances.set(backend, created);
      created.catch(() => instances.delete(backend));
    }
    const instance = await instances.get(backend);
    if (instance.acquire()) return instance;
  }
}

/**
 * The instance of the build for so many threads; the single-threaded one where threads cannot be had after all. Every
 * call is followed by one of release().
 */
export async function openInstance(threads) {
  if (threads > 1) {
    let instance;
    try {
      instance = await acquire('threads');
      await instance.reserve(threads);
      return instance;
    } catch (error) {
      instance?.release(0);
      console.warn(`neura: threads are not to be had (${error.message}); going on with one`);
    }
  }
  return acquire('single-threaded');
}
