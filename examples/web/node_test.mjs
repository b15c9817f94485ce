// Every test image gets the class that it gets natively, on any number of threads; the bundle of the model has its
// operations and no others.
//
// usage: node node_test.mjs NEURA_PACKAGE IMAGES CLASSES
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { PIXELS, argmax, toInput } from './fashion_mnist.mjs';

const [folder, imagesPath, classesPath] = process.argv.slice(2);
const neura = await import(pathToFileURL(resolve(folder, 'index.js')));
const model = resolve(folder, 'fashion_mnist.onnx');
const images = await readFile(imagesPath);
const expected = await readFile(classesPath);
assert.equal(expected.length, 10000);
assert.equal(images.length, 10000 * PIXELS);

const BATCH = 500;
for (const threads of [1, 2, 3]) {
  const session = await neura.load(model, { threads });
  assert.equal(session.backend, threads === 1 ? 'single-threaded' : 'threads');
  assert.equal(session.threads, threads);
  let different = 0;
  for (let begin = 0; begin < expected.length; begin += BATCH) {
    const { output } = await session.run({
      input: toInput(neura, images.subarray(begin * PIXELS, (begin + BATCH) * PIXELS)),
    });
    argmax(output.data).forEach((found, i) => (different += found !== expected[begin + i]));
  }
  assert.equal(different, 0, `${different} images have another class with ${threads} threads`);
  console.log(`${threads} threads: the classes of all ${expected.length} images are the native ones`);
  session.dispose();
}

const operations = await neura.operations();
console.log(`operations: ${operations.join(', ')}`);
for (const name of ['conv', 'relu', 'max_pool', 'linear']) assert(operations.includes(name), name);
for (const name of ['softmax', 'tanh', 'fused_update', 'layer_norm']) assert(!operations.includes(name), name);
