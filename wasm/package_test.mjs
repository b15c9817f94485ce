// What the package promises, and what it says of input that does not fit.
//
// usage: node package_test.mjs PACKAGE MODELS MODEL_PACKAGE SOURCES
//   MODELS         a folder with small .onnx files
//   MODEL_PACKAGE  a package with the operations of one model alone
//   SOURCES        the JavaScript that packages are made of
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { Worker } from 'node:worker_threads';

const [packageFolder, models, modelPackage, sources] = process.argv.slice(2).map((folder) => resolve(folder));
const open = (folder) => import(pathToFileURL(join(folder, 'index.js')));
const neura = await open(packageFolder);
const CONV = join(models, 'model-conv.onnx');

// What no package exports is tested as it stands in the sources, whose errors are another class.
const { NeuraError: SourceError } = await import(pathToFileURL(join(sources, 'tensor.js')));

const fails = (promise, pattern, ErrorClass = neura.NeuraError) => assert.rejects(promise, (error) => {
  assert(error instanceof ErrorClass, `${error?.stack ?? error}`);
  assert.match(error.message, pattern);
  return true;
});

for (const threads of [1, 2]) {
  test(`${threads} threads: describes, runs, refuses, lets go`, async () => {
    const session = await neura.load(CONV, { threads });
    assert.equal(session.threads, threads);
    assert.equal(session.backend, threads === 1 ? 'single-threaded' : 'threads');
    assert.deepEqual(session.inputs, [{ name: 'input', dtype: 'float32', shape: ['batch', 1, 6, 6] }]);
    assert.deepEqual(session.outputs, [{ name: 'output', dtype: 'float32', shape: ['batch', 3] }]);

    const data = Float32Array.from({ length: 72 }, (_, i) => Math.sin(i));
    const { output } = await session.run({ input: data });
    assert.deepEqual(output.shape, [2, 3]);
    assert.equal(output.dtype, 'float32');
    assert(output.data instanceof Float32Array);
    const alone = await session.run(new neura.Tensor(data.subarray(36), [1, 1, 6, 6]));
    assert.deepEqual([...alone.output.data], [...output.data.subarray(3)]);
    assert.equal((await session.run(new Float32Array(0))).output.data.length, 0);

    await fails(session.run({ x: data }), /no input "x"; it has "input"/);
    await fails(session.run({}), /input "input" is missing/);
    await fails(session.run(new Int32Array(36)), /must be float32 \[batch, 1, 6, 6\], got int32/);
    await fails(session.run(data.subarray(1)), /71 elements do not make float32 \[batch, 1, 6, 6\]/);
    await fails(session.run(new neura.Tensor(data, [2, 6, 6])), /must be .*, got shape \[2, 6, 6\]/);
    for (const array of [[1, 2], { input: [1, 2] }]) {
      await fails(session.run(array), /input "input": an Array is not accepted; .*Float32Array\.from\(.*or a Tensor/);
    }
    await fails(session.run({ input: 'x' }), /"input" must be a Tensor or a typed array, got the string "x"/);
    for (const [value, name] of [[undefined, 'undefined'], [null, 'null'], [3, 'the number 3'], [new Map(), 'Map'],
                                 [data.buffer, 'ArrayBuffer'], [session, 'Session']]) {
      const expected = new RegExp(`takes a Tensor, a typed array or an object with "input", got ${name}$`);
      await fails(session.run(value), expected);
    }
    const bare = Object.assign(Object.create(null), { input: data });
    assert.deepEqual((await session.run(bare)).output.shape, [2, 3]);
    assert.throws(() => new neura.Tensor(data, [3, 3]), /9 elements, got 72/);
    assert.throws(() => new neura.Tensor(data, [-1, 3]), /non-negative integers, got \[-1, 3\]/);
    assert.throws(() => new neura.Tensor(data, [72], 'toString'), /got the string "toString"/);
    assert.throws(() => new neura.Tensor(data, [72], 'int32'), /dtype int32 come as Int32Array, got Float32Array/);

    for (const bytes of ['', 'no model', '\x08\x07'.repeat(50)]) {
      await fails(neura.load(new TextEncoder().encode(bytes), { threads }), /model/);
    }
    const whole = await readFile(CONV);
    for (let length = 0; length < whole.length; length += 97) {
      await fails(neura.load(whole.subarray(0, length), { threads }), /./);
    }
    session.dispose();
    session.dispose();
    await fails(session.run(data), /disposed/);
    assert.throws(() => session.memory, /disposed/);
  });

  test(`${threads} threads: a session that opens while the last one ends`, async () => {
    const old = await neura.load(CONV, { threads });
    const opening = neura.load(CONV, { threads });
    old.dispose();
    const session = await opening;
    const other = await neura.load(CONV, { threads });  // shares its memory, and so sees it grow
    const before = other.memory;
    await session.run(new Float32Array(36 * 20000));
    assert(other.memory > before);
    session.dispose();
    other.dispose();
  });

  test(`${threads} threads: memory comes back`, async () => {
    const kept = await neura.load(CONV, { threads });  // with it the memory they share
    const cycle = async () => {
      const session = await neura.load(CONV, { threads });
      await session.run(new Float32Array(36 * 20000));  // some 30 MB
      session.dispose();
    };
    for (let i = 0; i < 3; ++i) await cycle();
    const before = kept.memory;
    for (let i = 0; i < 20; ++i) await cycle();
    assert.equal(kept.memory, before);
    kept.dispose();
  });

  test(`${threads} threads: where memory ends`, async () => {
    const session = await neura.load(CONV, { threads });
    const batch = 4_000_000;  // 576 MB of input alone
    await fails(session.run(new Float32Array(36 * batch)), /memory/);
    assert.deepEqual((await session.run(new Float32Array(36))).output.shape, [1, 3]);
    session.dispose();
  });
}

test('a model of two inputs takes them by name alone', async () => {
  const session = await neura.load(join(models, 'matmul-batch.onnx'), { threads: 1 });
  const names = session.inputs.map(({ name }) => `"${name}"`).join(', ');
  const value = new Float32Array(4);
  for (const [given, type] of [[value, 'Float32Array'], [new neura.Tensor(value, [4]), 'Tensor'], [[1], 'Array']]) {
    await fails(session.run(given), new RegExp(`takes an object with ${names}, got ${type}$`));
  }
  session.dispose();
});

test('sources of models', async () => {
  const bytes = await readFile(CONV);
  const seen = [];
  for (const source of [CONV, pathToFileURL(CONV), bytes, bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)]) {
    (await neura.load(source, { threads: 1, onProgress: (progress) => seen.push(progress) })).dispose();
    assert.deepEqual(seen.at(-1), { loaded: bytes.length, total: bytes.length });
  }
  const server = createServer((request, response) => {
    if (request.url === '/model') response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
    else response.writeHead(404).end();
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  const url = `http://127.0.0.1:${server.address().port}`;
  (await neura.load(`${url}/model`, { onProgress: (progress) => seen.push(progress) })).dispose();
  assert.deepEqual(seen.at(-1), { loaded: bytes.length, total: bytes.length });
  await fails(neura.load(`${url}/nothing`), /answered 404/);
  server.close();
  server.closeAllConnections();
  // A place where nobody listens, and to which no connection was kept.
  const gone = createServer();
  await new Promise((listening) => gone.listen(0, '127.0.0.1', listening));
  const nobody = `http://127.0.0.1:${gone.address().port}`;
  await new Promise((closed) => gone.close(closed));
  await fails(neura.load(`${nobody}/model`), /cannot read "http.*\/model": fetch failed: .*ECONNREFUSED/);
  await fails(neura.load('/there/is/no/such.onnx'), /cannot read ".*such\.onnx": ENOENT/);
  await fails(neura.load(''), /cannot read "": ENOENT/);
  await fails(neura.load(7), /got the number 7/);
});

test('what a server sends in place of a module', async () => {
  // As browsers see it: they have no process.
  const { process } = globalThis;
  delete globalThis.process;
  let compile;
  try {
    ({ compile } = await import(`${pathToFileURL(join(sources, 'bytes.js'))}?browser`));
  } finally {
    globalThis.process = process;
  }
  const module = await readFile(join(packageFolder, 'neura.wasm'));
  const server = createServer((request, response) => {
    if (request.url === '/page') response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html>');
    else response.writeHead(200, request.url === '/typed' ? { 'content-type': 'application/wasm' } : {}).end(module);
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  const url = `http://127.0.0.1:${server.address().port}`;
  for (const path of ['typed', 'untyped']) assert(await compile(`${url}/${path}`) instanceof WebAssembly.Module);
  const page = /not WebAssembly for ".*page": the bundler did not put .* beside the JavaScript/;
  await fails(compile(`${url}/page`), page, SourceError);
  server.close();
  server.closeAllConnections();
});

test('options of load(), and sessions without it', async () => {
  for (const options of [null, 3, '2']) await fails(neura.load(CONV, options), /load\(\) are an object, got/);
  await fails(neura.load(CONV, { threads: 0 }), /threads must be .*, got the number 0/);
  await fails(neura.load(CONV, { threads: '2' }), /threads must be an integer .*, got the string "2"/);
  await fails(neura.load(CONV, { onProgress: 1 }), /onProgress must be a function, got the number 1/);
  await fails((async () => new neura.Session(CONV))(), /use load\(\)/);
});

test('a model of a dtype without typed arrays is refused and freed', async () => {
  const model = await readFile(join(models, 'relu-empty.onnx'));
  const kept = await neura.load(model, { threads: 1 });  // with it the memory they share
  const before = kept.memory;
  for (const name of ['input', 'output']) {
    const dtype = model.lastIndexOf(name) + name.length + 5;  // in its type
    assert.equal(model[dtype], 1);
    model[dtype] = 10;  // float16
  }
  // So many would not find room beside each other.
  for (let i = 0; i < 30000; ++i) {
    await fails(neura.load(model, { threads: 1 }), /^input "input" is float16, .*; export it as float32$/);
  }
  assert.equal(kept.memory, before);
  kept.dispose();
});

test('the error of a thread is told', async () => {
  const { WorkerPool } = await import(pathToFileURL(join(sources, 'workers.js')));
  const module = await WebAssembly.compile(await readFile(join(packageFolder, 'neura-threads.wasm')));
  const memory = new WebAssembly.Memory({ initial: 256, maximum: 32768, shared: true });
  const error = await new Promise((resolve, reject) => {
    // Workers do not keep the program alive.
    const patience = setTimeout(() => reject(new Error('nothing was told')), 60000);
    const workers = new WorkerPool(module, memory, (failure) => {
      clearTimeout(patience);
      workers.terminate();
      resolve(failure);
    });
    // No function is there.
    workers.reserve(1).then(() => workers.run({ thread: 1024, stack: 65536, start: 2 ** 30, argument: 0 }), reject);
  });
  assert(error instanceof SourceError);
  assert.match(error.message, /thread: /);
});

test('several sessions at once', async () => {
  const sessions = await Promise.all([1, 2, 2, 1].map((threads) => neura.load(CONV, { threads })));
  const input = Float32Array.from({ length: 36 }, (_, i) => Math.cos(i));
  const results = await Promise.all(sessions.map((session) => session.run(input)));
  sessions[0].dispose();
  for (const { output } of results) assert.deepEqual([...output.data], [...results[0].output.data]);
  assert.equal((await sessions[3].run(input)).output.data.length, 3);
  sessions.slice(1).forEach((session) => session.dispose());
});

test('a program ends although a session is left', async () => {
  const script = `
    const neura = await import(${JSON.stringify(String(pathToFileURL(join(packageFolder, 'index.js'))))});
    const session = await neura.load(${JSON.stringify(CONV)}, { threads: 2 });
    await session.run(new Float32Array(36 * 1000));
    console.log(session.threads);`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], { timeout: 60000 });
  assert.equal(stdout, '2\n');
});

test('without SharedArrayBuffer there is one thread, and why', async () => {
  const script = `
    delete globalThis.SharedArrayBuffer;
    import(${JSON.stringify(String(pathToFileURL(join(packageFolder, 'index.js'))))}).then(async (neura) => {
      const session = await neura.load(${JSON.stringify(CONV)}, { threads: 4 });
      const { output } = await session.run(new Float32Array(36));
      process.stdout.write(JSON.stringify([neura.backend, session.backend, session.threads, output.shape]));
    });`;
  const worker = new Worker(script, { eval: true, stdout: true });
  let text = '';
  worker.stdout.on('data', (data) => (text += data));
  await new Promise((ended) => worker.on('exit', ended));
  const [backend, name, threads, shape] = JSON.parse(text);
  assert.equal(backend.name, 'single-threaded');
  assert.match(backend.reason, /SharedArrayBuffer/);
  assert.deepEqual([name, threads, shape], ['single-threaded', 1, [1, 3]]);
});

test('a bundle of one model names what it was built without', async () => {
  const small = await open(modelPackage);
  await assert.rejects(small.load(join(models, 'softmax-empty.onnx'), { threads: 1 }), (error) => {
    assert.equal(error.name, 'NeuraError');
    assert.match(error.message, /Softmax.*built without/);
    return true;
  });
});

test('sizes', async () => {
  const sizeOf = async (folder, names) => {
    let bytes = 0;
    for (const name of names) bytes += gzipSync(await readFile(join(folder, name)), { level: 9 }).length;
    return bytes;
  };
  const budgets = [
    [packageFolder, 'neura.wasm', 800_000],
    [packageFolder, 'neura-threads.wasm', 800_000],
    [modelPackage, 'neura.wasm', 236_000],
    [modelPackage, 'neura-threads.wasm', 242_000],
  ];
  for (const [folder, module, budget] of budgets) {
    const bytes = await sizeOf(folder, [module, 'index.js', 'worker.js']);
    console.log(`${folder}: ${module} and JavaScript take ${bytes} bytes gzipped`);
    assert(bytes <= budget);
  }
});
