// Bytes of models and modules, wherever they are.
import { NeuraError, shown } from './tensor.js';

export const isNode = typeof process === 'object' && typeof process.versions?.node === 'string';

const nodeModule = (name) => import(/* webpackIgnore: true */ /* @vite-ignore */ `node:${name}`);

async function readStream(reader, total, onProgress) {
  const chunks = [];
  let loaded = 0;
  onProgress?.({ loaded, total });
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    loaded += value.length;
    onProgress?.({ loaded, total });
  }
  const bytes = new Uint8Array(loaded);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

async function readFile(path, onProgress) {
  const { open } = await nodeModule('fs/promises');
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const bytes = new Uint8Array(size);
    let loaded = 0;
    onProgress?.({ loaded, total: size });
    while (loaded < size) {
      const { bytesRead } = await file.read(bytes, loaded, Math.min(size - loaded, 1 << 20), loaded);
      if (bytesRead === 0) break;
      loaded += bytesRead;
      onProgress?.({ loaded, total: size });
    }
    return bytes.subarray(0, loaded);
  } finally {
    await file.close();
  }
}

async function readUrl(url, onProgress) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`the server answered ${response.status} ${response.statusText}`.trim());
  // What is counted is unpacked, and so the length of packed bytes says nothing.
  const length = response.headers.get('content-encoding') === null ? response.headers.get('content-length') : null;
  return readStream(response.body.getReader(), length === null ? undefined : Number(length), onProgress);
}

/** The bytes at a URL or, in Node, in a file. */
export async function read(source, onProgress) {
  const text = String(source);
  try {
    if (isNode && !/^(https?|data|blob):/.test(text)) {
      const { fileURLToPath } = await nodeModule('url');
      return await readFile(text.startsWith('file:') ? fileURLToPath(text) : text, onProgress);
    }
    return await readUrl(text, onProgress);
  } catch (error) {
    // fetch() itself says only that it failed; of several attempts there is but a code.
    const why = [error.message, error.cause?.message || error.cause?.code].filter(Boolean).join(': ');
    throw new NeuraError(`cannot read "${text}": ${why}`, { cause: error });
  }
}

/** The bytes that `source` is or that it names. */
export async function modelBytes(source, onProgress) {
  if (typeof source === 'string' || source instanceof URL) return read(source, onProgress);
  let bytes;
  if (ArrayBuffer.isView(source)) {
    bytes = new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  } else if (source instanceof ArrayBuffer ||
             (typeof SharedArrayBuffer !== 'undefined' && source instanceof SharedArrayBuffer)) {
    bytes = new Uint8Array(source);
  } else {
    throw new NeuraError('a model is loaded from a URL or from bytes (an ArrayBuffer or a typed array), ' +
                         `got ${shown(source)}`);
  }
  onProgress?.({ loaded: bytes.length, total: bytes.length });
  return bytes;
}

function compileBytes(bytes, url) {
  const magic = [0x00, 0x61, 0x73, 0x6d];  // \0asm
  if (!magic.every((byte, i) => bytes[i] === byte)) {
    // Servers of development answer with a page of HTML.
    throw new NeuraError(`the server sent something that is not WebAssembly for "${url}": the bundler did not put ` +
                         'this file beside the JavaScript');
  }
  return WebAssembly.compile(bytes);
}

/** A compiled module beside this file. */
export async function compile(url) {
  if (isNode) return WebAssembly.compile(await read(url));
  const response = await fetch(url);
  if (!response.ok) throw new NeuraError(`cannot read "${url}": the server answered ${response.status}`);
  // Compiling while it loads asks for the media type of WebAssembly, which not every server knows.
  if (response.headers.get('content-type')?.startsWith('application/wasm')) {
    return WebAssembly.compileStreaming(response);
  }
  return compileBytes(new Uint8Array(await response.arrayBuffer()), url);
}

export { nodeModule };
