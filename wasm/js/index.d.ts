/** Runs ONNX models on WebAssembly. */

export type DType = 'bool' | 'uint8' | 'int8' | 'uint16' | 'int16' | 'uint32' | 'int32' | 'uint64' | 'int64' | 'float32' | 'float64';

export type TypedArray =
  | Uint8Array
  | Uint8ClampedArray
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Float32Array
  | Float64Array;

/** Every error that this package throws. */
export class NeuraError extends Error {}

/** Elements in row-major order, with a shape. */
export class Tensor {
  /**
   * @param data the elements; they are not copied
   * @param shape extents whose product is the number of elements
   * @param dtype what a typed array does not say: `'bool'` for truth values in a `Uint8Array`
   */
  constructor(data: TypedArray, shape: readonly number[], dtype?: DType);
  readonly data: TypedArray;
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** What a model takes or gives. */
export interface ValueInfo {
  readonly name: string;
  readonly dtype: DType;
  /** Numbers; extents that the model leaves open by their name, such as `'batch'` or `'4*batch'`. */
  readonly shape: readonly (number | string)[];
}

export interface Progress {
  /** Bytes of the model that are there. */
  loaded: number;
  /** Bytes in all, if that is known. */
  total: number | undefined;
}

export interface LoadOptions {
  /** How many threads compute; one for each core, up to 4, by default, and 1 where threads cannot be had. */
  threads?: number;
  onProgress?: (progress: Progress) => void;
}

export type BackendName = 'threads' | 'single-threaded';

/** Which build this surrounding can run, and, if that is the single-threaded one, why. */
export const backend: { readonly name: BackendName; readonly reason: string | null };

/** What a run takes: for each input a tensor, or a typed array if its shape follows from its length. */
export type Inputs = Record<string, Tensor | TypedArray> | Tensor | TypedArray;

/** A loaded model. Sessions are independent of each other. */
export class Session {
  private constructor();
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  /** How many threads compute. */
  readonly threads: number;
  /** The build that runs: `'single-threaded'` also where one thread was asked for. */
  readonly backend: BackendName;
  /** Bytes of WebAssembly memory, shared with the other sessions of the same build. */
  readonly memory: number;
  /**
   * Computes the outputs by name. A model of one input takes its value alone.
   * @throws NeuraError for names, shapes and dtypes that do not fit, naming what was expected, and where memory ends
   */
  run(inputs: Inputs): Promise<Record<string, Tensor>>;
  /** Frees the model's memory. Any use afterwards is an error. */
  dispose(): void;
}

/**
 * Loads an ONNX model.
 * @param source a URL, in Node also a path, or the bytes themselves
 * @throws NeuraError if it cannot be read, is no model, has an operation that this bundle was built without, or takes
 *   or gives a dtype without typed arrays, such as float16
 */
export function load(source: string | URL | ArrayBufferLike | ArrayBufferView, options?: LoadOptions): Promise<Session>;

/** The names of the operations that this bundle holds. */
export function operations(): Promise<string[]>;

declare const neura: {
  NeuraError: typeof NeuraError;
  Session: typeof Session;
  Tensor: typeof Tensor;
  backend: typeof backend;
  load: typeof load;
  operations: typeof operations;
};
export default neura;
