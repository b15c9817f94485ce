// A program as its author writes it: its types are checked, and bundlers take it in.
//
// usage: node app.mjs MODEL
import neura, { NeuraError, Session, Tensor, backend, load, operations } from 'neura';

declare const process: { argv: string[] };

const progress: number[] = [];
const session: Session = await load(process.argv[2], { threads: 2, onProgress: ({ loaded }) => progress.push(loaded) });
const given = new Tensor(new Float32Array(36), [1, 1, 6, 6]);
const { output } = await session.run({ input: given });
const shape: readonly number[] = output.shape;
const names: string[] = await operations();
let refused = '';
try {
  await session.run(new Int32Array(36));
} catch (error: unknown) {
  if (error instanceof NeuraError) refused = error.message;
}
session.dispose();
console.log(JSON.stringify({
  backend: backend.name,
  threads: session.threads,
  shape,
  same: neura.load === load,
  operations: names.includes('conv'),
  progress: progress.length > 0,
  refused: refused !== '',
}));
