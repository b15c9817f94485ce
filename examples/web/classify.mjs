// Classifies images of Fashion-MNIST in Node.
//
// usage: node classify.mjs NEURA_PACKAGE MODEL.onnx IMAGES
//   NEURA_PACKAGE  the folder that //examples/web:neura makes
//   IMAGES         28 x 28 bytes each, one after another; the first ten are shown
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { CLASSES, PIXELS, softmax, toInput } from './fashion_mnist.mjs';

if (process.argv.length !== 5) {
  console.error('usage: node classify.mjs NEURA_PACKAGE MODEL.onnx IMAGES');
  process.exit(2);
}
const [packageFolder, model, imagesPath] = process.argv.slice(2);
const neura = await import(pathToFileURL(resolve(packageFolder, 'index.js')));

const session = await neura.load(model);
console.log(`${session.backend}, ${session.threads} threads`);
const images = (await readFile(imagesPath)).subarray(0, 10 * PIXELS);
const { output } = await session.run({ input: toInput(neura, images) });
for (let i = 0; i < images.length / PIXELS; ++i) {
  const probabilities = softmax(output.data.subarray(i * CLASSES.length, (i + 1) * CLASSES.length));
  const best = probabilities.indexOf(Math.max(...probabilities));
  console.log(`image ${i}: ${CLASSES[best]} (${(100 * probabilities[best]).toFixed(1)}%)`);
}
session.dispose();
