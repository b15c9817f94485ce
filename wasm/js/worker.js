// What a web worker runs: one thread of the module after another.
import { isNode, nodeModule } from './bytes.js';
import { EAGAIN, createImports } from './imports.js';

let port = globalThis;
let complain = console.error;
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
    const text = `thread: ${error.message}`;
    // Said here also: the program may wait for this thread, and see no message.
    if (message.module === undefined) complain(`neura: ${text}`);
    port.postMessage({ error: text });
  }
}

// Without await at the top level, which bundlers do not know in workers.
async function listen() {
  if (isNode) {
    port = (await nodeModule('worker_threads')).parentPort;
    const { writeSync } = await nodeModule('fs');
    complain = (text) => writeSync(2, `${text}\n`);
    port.on('message', onMessage);  // those that came earlier have waited
  } else {
    port.onmessage = (event) => onMessage(event.data);
  }
}
listen();
