// Neura: runs ONNX models on WebAssembly. The types in index.d.ts say what everything does.
import { isNode, modelBytes, nodeModule } from './bytes.js';
import { openInstance } from './instance.js';
import { Session } from './session.js';
import { NeuraError, Tensor, shown } from './tensor.js';

export { NeuraError, Session, Tensor };

const MAX_THREADS = 64;

function whyNoThreads() {
  if (typeof SharedArrayBuffer === 'undefined') {
    return 'there is no SharedArrayBuffer' +
           (isNode ? '' : ': the page must be cross-origin isolated (headers COOP and COEP)');
  }
  if (globalThis.crossOriginIsolated === false) {
    return 'the page is not cross-origin isolated (headers COOP and COEP)';
  }
  return null;
}

const reason = whyNoThreads();

export const backend = Object.freeze({ name: reason === null ? 'threads' : 'single-threaded', reason });

// More threads than cores would wait for each other.
async function defaultThreads() {
  const cores = globalThis.navigator?.hardwareConcurrency ?? (isNode ? (await nodeModule('os')).cpus().length : 4);
  return Math.max(1, Math.min(cores, 4));
}

async function wantedThreads(threads) {
  if (threads === undefined) return backend.name === 'threads' ? defaultThreads() : 1;
  if (!Number.isInteger(threads) || threads < 1 || threads > MAX_THREADS) {
    throw new NeuraError(`threads must be an integer from 1 to ${MAX_THREADS}, got ${shown(threads)}`);
  }
  return backend.name === 'threads' ? threads : 1;
}

export async function load(source, options = {}) {
  if (typeof options !== 'object' || options === null) {
    throw new NeuraError(`the options of load() are an object, got ${shown(options)}`);
  }
  const { threads, onProgress } = options;
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw new NeuraError(`onProgress must be a function, got ${shown(onProgress)}`);
  }
  const wanted = await wantedThreads(threads);
  const opening = openInstance(wanted);
  opening.catch(() => {});  // looked at below, or the model cannot be read either
  let bytes;
  try {
    bytes = await modelBytes(source, onProgress);
  } catch (error) {
    opening.then((instance) => instance.release(0), () => {});
    throw error;
  }
  const instance = await opening;
  let handle = 0;
  try {
    handle = instance.load(bytes);
    return new Session(instance, handle, instance.backend === 'threads' ? wanted : 1);
  } catch (error) {
    instance.release(handle);
    throw error;
  }
}

/** The names of the operations that this bundle holds. */
export async function operations() {
  const instance = await openInstance(1);
  try {
    return instance.text(instance.exports.neura_operations()).trim().split(' ');
  } finally {
    instance.release(0);
  }
}

export default { NeuraError, Session, Tensor, backend, load, operations };
