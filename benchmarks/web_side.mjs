// A side of the suite `wasm`: serves the commands of worker.cc on Neura's package or on ONNX Runtime Web.
//
// usage: node web_side.mjs neura|onnxruntime-web PACKAGE THREADS MODELS
//   PACKAGE  the folder of Neura's package, or of onnxruntime-web
//   MODELS   the folder with the .onnx files
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const [library, folder, threadsText, models] = process.argv.slice(2);
const threads = Number(threadsText);
const open = (...path) => import(pathToFileURL(join(folder, ...path)));
const wave = (length) => Float32Array.from({ length }, (_, i) => Math.sin(0.1 * i));

async function neuraLoader() {
  const neura = await open('index.js');
  return async (bytes) => {
    const session = await neura.load(bytes, { threads });
    const { name } = session.inputs[0];
    return {
      run: async (data, shape) => Object.values(await session.run({ [name]: new neura.Tensor(data, shape) }))[0].data,
      dispose: () => session.dispose(),
    };
  };
}

async function peerLoader() {
  const ort = await open('dist', 'ort.wasm.min.mjs');
  ort.env.wasm.numThreads = threads;
  return async (bytes) => {
    const session = await ort.InferenceSession.create(bytes, { executionProviders: ['wasm'] });
    return {
      run: async (data, shape) => {
        const results = await session.run({ [session.inputNames[0]]: new ort.Tensor('float32', data, shape) });
        return results[session.outputNames[0]].data;
      },
      dispose: () => session.release(),
    };
  };
}

const load = await (library === 'neura' ? neuraLoader() : peerLoader());

async function inference(model, shape) {
  const session = await load(await readFile(join(models, model)));
  const data = wave(shape.reduce((product, extent) => product * extent, 1));
  return { run: () => session.run(data, shape), value: () => session.run(data, shape) };
}

async function loading(model, shape) {
  const bytes = await readFile(join(models, model));
  await load(bytes);  // the module itself is there
  return {
    run: async () => (await load(bytes)).dispose(),
    value: async () => (await load(bytes)).run(wave(shape.reduce((a, b) => a * b, 1)), shape),
  };
}

const MAKERS = {
  matmul_512: () => inference('matmul_512.onnx', [512, 512]),
  conv2d_64x56x56_3x3: () => inference('conv2d_64x56x56_3x3.onnx', [1, 64, 56, 56]),
  fashion_mnist_cnn_b1: () => inference('fashion_mnist.onnx', [1, 1, 28, 28]),
  fashion_mnist_cnn_b64: () => inference('fashion_mnist.onnx', [64, 1, 28, 28]),
  load_5mb: () => loading('load_5mb.onnx', [1, 512]),
};

const cases = new Map();
for await (const line of createInterface({ input: process.stdin })) {
  const [command, name, count] = line.split(' ');
  if (command === 'version') {
    const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
    console.log(`${library} ${version}`);
    continue;
  }
  if (!cases.has(name)) cases.set(name, await MAKERS[name]());
  const work = cases.get(name);
  if (command === 'value') {
    console.log(Array.from(await work.value(), (x) => x.toPrecision(6)).join(' '));
  } else {
    const start = process.hrtime.bigint();
    for (let i = 0; i < Number(count); ++i) await work.run();
    console.log(String(process.hrtime.bigint() - start));
  }
}
process.exit(0);
