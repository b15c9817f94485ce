// Values that go into a model and come out of it.

export class NeuraError extends Error {
  constructor(message, options) {
    super(message, options);
    this.name = 'NeuraError';
  }
}

export const ARRAYS = {
  bool: Uint8Array,
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  uint32: Uint32Array,
  int32: Int32Array,
  uint64: BigUint64Array,
  int64: BigInt64Array,
  float32: Float32Array,
  float64: Float64Array,
};

const DTYPES = new Map(Object.entries(ARRAYS).map(([dtype, array]) => [array, dtype]));
DTYPES.set(Uint8ClampedArray, 'uint8');

/** A value that does not fit, as messages name it. */
export function shown(value) {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'object' || typeof value === 'function') return value.constructor?.name ?? 'an object';
  return `the ${typeof value} ${typeof value === 'string' ? `"${value}"` : String(value)}`;
}

export function isTypedArray(value) {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

export function count(shape) {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** The dtype of the elements of a typed array. */
export function dtypeOf(data) {
  const dtype = isTypedArray(data) ? DTYPES.get(data.constructor) : undefined;
  if (dtype === undefined) {
    throw new NeuraError(
      `expected a typed array (${Object.values(ARRAYS).map((array) => array.name).filter((name, i, all) =>
        all.indexOf(name) === i).join(', ')}), got ${shown(data)}`);
  }
  return dtype;
}

export class Tensor {
  constructor(data, shape, dtype = dtypeOf(data)) {
    if (!Object.hasOwn(ARRAYS, dtype)) {
      throw new NeuraError(`dtype must be a name such as "float32", got ${shown(dtype)}`);
    }
    if (dtype !== dtypeOf(data) && ARRAYS[dtype] !== data.constructor) {
      throw new NeuraError(`elements of dtype ${dtype} come as ${ARRAYS[dtype].name}, got ${shown(data)}`);
    }
    if (!Array.isArray(shape)) throw new NeuraError(`a shape is an array, got ${shown(shape)}`);
    if (!shape.every((extent) => Number.isInteger(extent) && extent >= 0 && extent < 2 ** 31)) {
      throw new NeuraError(`a shape is an array of non-negative integers, got [${shape.map(String).join(', ')}]`);
    }
    if (count(shape) !== data.length) {
      throw new NeuraError(`the shape [${shape.join(', ')}] has ${count(shape)} elements, got ${data.length}`);
    }
    this.data = data;
    this.shape = [...shape];
    this.dtype = dtype;
  }
}
