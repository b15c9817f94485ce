// The page: draws, picks, and shows what the network says.
import { CLASSES, PIXELS, SIDE, softmax, toInput } from './fashion_mnist.mjs';
import * as neura from './neura/index.js';

const element = (id) => document.getElementById(id);
const canvas = element('canvas');
const drawing = canvas.getContext('2d', { willReadFrequently: true });

function showStatus(text, isError = false) {
  element('status').textContent = text;
  element('status').classList.toggle('error', isError);
}

// ---- probabilities

const bars = CLASSES.map((name) => {
  const row = document.createElement('li');
  const label = document.createElement('span');
  label.textContent = name;
  const track = document.createElement('div');
  track.className = 'track';
  const fill = document.createElement('div');
  fill.className = 'fill';
  track.append(fill);
  const value = document.createElement('span');
  value.className = 'value';
  row.append(label, track, value);
  element('bars').append(row);
  return { row, fill, value };
});

function showProbabilities(probabilities) {
  const best = probabilities.indexOf(Math.max(...probabilities));
  bars.forEach(({ row, fill, value }, i) => {
    fill.style.width = `${100 * probabilities[i]}%`;
    value.textContent = `${(100 * probabilities[i]).toFixed(1)}%`;
    row.classList.toggle('best', i === best);
  });
}

function showNothing() {
  for (const { row, fill, value } of bars) {
    fill.style.width = '0';
    value.textContent = '';
    row.classList.remove('best');
  }
  element('time').textContent = '';
}

// ---- the image

function pixels() {
  const { data } = drawing.getImageData(0, 0, SIDE, SIDE);
  return Uint8Array.from({ length: PIXELS }, (_, i) => data[4 * i]);
}

function paint(context, bytes) {
  const image = new ImageData(SIDE, SIDE);
  bytes.forEach((byte, i) => image.data.set([byte, byte, byte, 255], 4 * i));
  context.putImageData(image, 0, 0);
}

function clear() {
  drawing.fillStyle = '#000';
  drawing.fillRect(0, 0, SIDE, SIDE);
}

function press(pressed) {
  for (const button of element('samples').children) button.setAttribute('aria-pressed', String(button === pressed));
}

function setUpDrawing(changed) {
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * SIDE, ((event.clientY - box.top) / box.height) * SIDE];
  };
  let last = null;
  const drawTo = (next) => {
    drawing.strokeStyle = '#fff';
    drawing.lineCap = 'round';
    drawing.lineWidth = Number(element('brush').value);
    drawing.beginPath();
    drawing.moveTo(...last);
    drawing.lineTo(next[0] + 1e-3, next[1]);  // a line of no length draws nothing, not even its ends
    drawing.stroke();
    last = next;
    changed();
  };
  canvas.addEventListener('pointerdown', (event) => {
    canvas.setPointerCapture(event.pointerId);
    press(null);
    last = at(event);
    drawTo(last);  // a dot
  });
  canvas.addEventListener('pointermove', (event) => {
    if (last !== null) drawTo(at(event));
  });
  for (const end of ['pointerup', 'pointercancel']) {
    canvas.addEventListener(end, () => {
      last = null;
    });
  }
  element('clear').addEventListener('click', () => {
    clear();
    press(null);
    changed();
  });
}

async function setUpSamples(changed) {
  const response = await fetch('samples.bin');
  if (!response.ok) throw new Error(`samples.bin: the server answered ${response.status}`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  for (let begin = 0; begin < bytes.length; begin += PIXELS) {
    const image = bytes.subarray(begin, begin + PIXELS);
    const button = document.createElement('button');
    button.type = 'button';
    button.setAttribute('aria-label', `Test image ${begin / PIXELS + 1}`);
    const thumbnail = document.createElement('canvas');
    thumbnail.width = thumbnail.height = SIDE;
    paint(thumbnail.getContext('2d'), image);
    button.append(thumbnail);
    button.addEventListener('click', () => {
      paint(drawing, image);
      press(button);
      changed();
    });
    element('samples').append(button);
  }
}

// ---- all together

async function start() {
  clear();
  const session = await neura.load(new URL('./neura/fashion_mnist.onnx', import.meta.url), {
    onProgress: ({ loaded, total }) => {
      if (total) element('progress').value = loaded / total;
      showStatus(`Loading the model: ${(loaded / 1024).toFixed(0)} KB`);
    },
  });
  // The first run also compiles, which is not what the page measures.
  await session.run(toInput(neura, new Uint8Array(PIXELS)));
  element('progress').hidden = true;
  const why = neura.backend.reason === null ? '' : ` (${neura.backend.reason})`;
  showStatus(`Ready: ${session.threads === 1 ? 'one thread' : `${session.threads} threads`}${why}`);

  const classify = async () => {
    const image = pixels();
    if (image.every((byte) => byte === 0)) return showNothing();
    try {
      const input = toInput(neura, image);
      const begin = performance.now();
      const { output } = await session.run({ input });
      const milliseconds = performance.now() - begin;
      showProbabilities(softmax(output.data));
      element('time').textContent = `${milliseconds.toFixed(2)} ms per inference`;
    } catch (error) {
      showStatus(error.message, true);
    }
  };
  setUpDrawing(classify);
  await setUpSamples(classify);
  element('samples').firstElementChild.click();
}

start().catch((error) => {
  element('progress').hidden = true;
  showStatus(error.message, true);
});
