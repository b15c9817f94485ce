// Web workers as the threads of a module: each has an instance of its own on the same memory.
import { isNode, nodeModule } from './bytes.js';
import { NeuraError } from './tensor.js';

async function start() {
  if (!isNode) return new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
  const { Worker: NodeWorker } = await nodeModule('worker_threads');
  // Options of the program's own source, such as --input-type, are not for workers.
  return new NodeWorker(new URL('./worker.js', import.meta.url), { execArgv: [] });
}

function listen(worker, onMessage, onError) {
  if (isNode) {
    worker.on('message', onMessage).on('error', onError);
  } else {
    worker.onmessage = (event) => onMessage(event.data);
    worker.onerror = (event) => onError(new NeuraError(event.message ?? 'a worker did not load'));
  }
}

export class WorkerPool {
  #module;
  #memory;
  #workers = [];
  #idle = [];
  #onFailure;

  /** `onFailure` gets the error of a worker that was ready; the memory may be in disorder then. */
  constructor(module, memory, onFailure) {
    this.#module = module;
    this.#memory = memory;
    this.#onFailure = onFailure;
  }

  /** Resolves when there are so many workers, ready to run. */
  async reserve(count) {
    while (this.#workers.length < count) this.#add();
    await Promise.all(this.#workers.map((worker) => worker.ready));
  }

  #add() {
    const worker = { onExit: null, handle: null, ready: null };
    this.#workers.push(worker);
    worker.ready = this.#open(worker).catch((error) => {
      this.#workers.splice(this.#workers.indexOf(worker), 1);
      worker.handle?.terminate();
      throw error;
    });
  }

  async #open(worker) {
    worker.handle = await start();
    let ready = false;
    await new Promise((resolve, reject) => {
      const onError = (error) => (ready ? this.#onFailure(error) : reject(error));
      const onMessage = (message) => {
        if (message === 'ready') {
          ready = true;
          resolve();
        } else if (message === 'exit') {
          worker.onExit?.();
          this.#idle.push(worker);
        } else {
          onError(new NeuraError(message.error));
        }
      };
      listen(worker.handle, onMessage, onError);
      worker.handle.postMessage({ module: this.#module, memory: this.#memory });
    });
    if (isNode) worker.handle.unref();  // a program ends although threads wait for work
    this.#idle.push(worker);
  }

  /** Begins a thread on an idle worker; false if there is none. */
  run(thread, onExit) {
    const worker = this.#idle.pop();
    if (worker === undefined) return false;
    worker.onExit = onExit;
    worker.handle.postMessage(thread);
    return true;
  }

  terminate() {
    for (const { handle } of this.#workers) handle?.terminate();
    this.#workers = [];
    this.#idle = [];
  }
}
