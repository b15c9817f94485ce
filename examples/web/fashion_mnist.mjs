// What the example's network takes and gives, for the page and for Node.

export const CLASSES = [
  'T-shirt/top', 'Trouser', 'Pullover', 'Dress', 'Coat', 'Sandal', 'Shirt', 'Sneaker', 'Bag', 'Ankle boot',
];
export const SIDE = 28;
export const PIXELS = SIDE * SIDE;

const MEAN = 0.286;
const DEVIATION = 0.353;

/** Bytes of images, 0 for black, as the network was trained on them: float32 [n, 1, 28, 28]. */
export function toInput(neura, bytes) {
  const scale = 1 / 255;
  const data = Float32Array.from(bytes, (byte) => (Math.fround(byte * scale) - MEAN) / DEVIATION);
  return new neura.Tensor(data, [bytes.length / PIXELS, 1, SIDE, SIDE]);
}

/** Scores to probabilities. */
export function softmax(scores) {
  const max = Math.max(...scores);
  const powers = Array.from(scores, (score) => Math.exp(score - max));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

/** The class of each row of scores [n, 10]. */
export function argmax(scores) {
  const classes = new Uint8Array(scores.length / CLASSES.length);
  for (let row = 0; row < classes.length; ++row) {
    const begin = row * CLASSES.length;
    for (let i = 1; i < CLASSES.length; ++i) {
      if (scores[begin + i] > scores[begin + classes[row]]) classes[row] = i;
    }
  }
  return classes;
}
