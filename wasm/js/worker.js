// What a web worker runs: one thread of the module after another.
import { isNode, nodeModule } from './bytes.js';
import { EAGAIN, createImports } from './imports.js';

const port = isNode ? (await nodeModule('worker_threads')).parentPort : globalThis;

let memory;
let exports;

function open(message) {
  memory = message.memory;
  const imports = createImports(message.module, () => memory, {
    memory,
    __emscripten_init_main_thread_js: () => {},
    __emscripten_thread_cleanup: () => {},
    __pthread_create_js: () => EAGAIN,
  });
  exports = new WebAssembly.Instance(message.module, imports).exports;
  port.postMessage('ready');
}

function run({ thread, stack, start, argument }) {
  exports.stackRestore(stack);
  exports._emscripten_thread_init(thread, 0, 0, 1);
  exports.emscripten_tls_init();
  const result = exports.__indirect_function_table.get(start)(argument);
  exports._emscripten_thread_exit(result);
  port.postMessage('exit');
}

function onMessage(message) {
  try {
    if (message.module !== undefined) {
      open(message);
    } else {
      run(message);
    }
  } catch (error) {
    port.postMessage({ error: `thread: ${error.message}` });
  }
}

if (isNode) {
  port.on('message', onMessage);
} else {
  port.onmessage = (event) => onMessage(event.data);
}
