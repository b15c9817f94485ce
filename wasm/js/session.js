// One loaded model.
import { Instance } from './instance.js';
import { ARRAYS, NeuraError, Tensor, count, dtypeOf, isTypedArray, shown } from './tensor.js';

const INPUTS = 0;
const OUTPUTS = 1;
const SIDES = ['input', 'output'];

const describe = ({ dtype, shape }) => `${dtype} [${shape.join(', ')}]`;

// Its prototype, if it has one, has none itself: so in every realm, which Object.prototype is not.
function isPlainObject(value) {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

const isValue = (value) => value instanceof Tensor || isTypedArray(value);

// The shape of as many elements as `length`, if only one is possible.
function inferShape(info, length) {
  const open = info.shape.flatMap((extent, dim) => (typeof extent === 'string' ? [dim] : []));
  const known = count(info.shape.filter((extent) => typeof extent === 'number'));
  if (open.length > 1) {
    throw new NeuraError(`input "${info.name}": ${describe(info)} leaves ${open.length} extents open; ` +
                         'pass new Tensor(data, shape)');
  }
  const shape = [...info.shape];
  if (open.length === 1) shape[open[0]] = known === 0 ? 0 : length / known;
  if (!shape.every(Number.isInteger) || count(shape) !== length) {
    throw new NeuraError(`input "${info.name}": ${length} elements do not make ${describe(info)}`);
  }
  return shape;
}

function checkShape(info, shape) {
  const fits = shape.length === info.shape.length &&
               info.shape.every((extent, dim) => typeof extent === 'string' || extent === shape[dim]);
  if (!fits) throw new NeuraError(`input "${info.name}" must be ${describe(info)}, got shape [${shape.join(', ')}]`);
}

// The value as a tensor that fits what the input says of itself.
function toTensor(info, value) {
  if (Array.isArray(value)) {
    throw new NeuraError(`input "${info.name}": an Array is not accepted; pass a typed array such as ` +
                         `${ARRAYS[info.dtype].name}.from(...), or a Tensor`);
  }
  if (!isValue(value)) {
    throw new NeuraError(`input "${info.name}" must be a Tensor or a typed array, got ${shown(value)}`);
  }
  const data = value instanceof Tensor ? value.data : value;
  const dtype = value instanceof Tensor ? value.dtype : dtypeOf(value);
  // Truth values come as bytes.
  const isBytes = info.dtype === 'bool' && dtype === 'uint8' && !(value instanceof Tensor);
  if (dtype !== info.dtype && !isBytes) {
    throw new NeuraError(`input "${info.name}" must be ${describe(info)}, got ${dtype}`);
  }
  if (value instanceof Tensor) checkShape(info, value.shape);
  return new Tensor(data, value instanceof Tensor ? value.shape : inferShape(info, data.length), info.dtype);
}

export class Session {
  #instance;
  #handle;

  constructor(instance, handle, threads) {
    if (!(instance instanceof Instance)) throw new NeuraError('sessions are not made with new; use load()');
    this.#instance = instance;
    this.#handle = handle;
    this.threads = threads;
    this.backend = instance.backend;
    this.inputs = this.#describe(INPUTS);
    this.outputs = this.#describe(OUTPUTS);
  }

  /** Bytes of memory that this session shares with others of the same build. */
  get memory() {
    return this.#live().memoryBytes;
  }

  async run(inputs) {
    const instance = this.#live();
    const tensors = this.#arrange(inputs);
    instance.call('neura_set_threads', this.threads);
    try {
      tensors.forEach((tensor, index) => {
        const shape = instance.write(Int32Array.from(tensor.shape));
        try {
          const data = instance.call('neura_set_input', this.#handle, index, shape, tensor.shape.length) >>> 0;
          instance.view(ARRAYS[tensor.dtype], data, tensor.data.length).set(tensor.data);
        } finally {
          instance.free(shape);
        }
      });
      instance.call('neura_run', this.#handle);
      return Object.fromEntries(this.outputs.map((info, index) => [info.name, this.#result(info, index)]));
    } finally {
      if (instance.usable) instance.exports.neura_clear(this.#handle);
    }
  }

  dispose() {
    if (this.#handle === 0) return;
    const handle = this.#handle;
    this.#handle = 0;
    this.#instance.release(handle);
    this.#instance = null;
  }

  #live() {
    if (this.#handle === 0) throw new NeuraError('this session was disposed of');
    return this.#instance;
  }

  // The tensors in the order of the model's inputs.
  #arrange(given) {
    const alone = this.inputs.length === 1;
    if (alone && (isValue(given) || Array.isArray(given))) return [toTensor(this.inputs[0], given)];
    const names = this.inputs.map(({ name }) => `"${name}"`).join(', ') || 'no inputs';
    if (!isPlainObject(given)) {
      throw new NeuraError(`run() takes ${alone ? 'a Tensor, a typed array or ' : ''}an object with ${names}, ` +
                           `got ${shown(given)}`);
    }
    for (const name of Object.keys(given)) {
      if (!this.inputs.some((info) => info.name === name)) {
        throw new NeuraError(`the model has no input "${name}"; it has ${names}`);
      }
    }
    return this.inputs.map((info) => {
      if (!Object.hasOwn(given, info.name)) throw new NeuraError(`input "${info.name}" is missing`);
      return toTensor(info, given[info.name]);
    });
  }

  #result({ dtype }, index) {
    const instance = this.#instance;
    const { exports } = instance;
    const rank = exports.neura_result_rank(this.#handle, index);
    const shape = Array.from({ length: rank }, (_, dim) => exports.neura_result_extent(this.#handle, index, dim));
    const data = new ARRAYS[dtype](count(shape));
    data.set(instance.view(ARRAYS[dtype], exports.neura_result_data(this.#handle, index) >>> 0, data.length));
    return new Tensor(data, shape, dtype);
  }

  #describe(side) {
    const { exports } = this.#instance;
    const text = (pointer) => this.#instance.text(pointer);
    return Array.from({ length: exports.neura_num_values(this.#handle, side) }, (_, index) => {
      const place = [this.#handle, side, index];
      const name = text(exports.neura_value_name(...place));
      const dtype = text(exports.neura_value_dtype(...place));
      if (!Object.hasOwn(ARRAYS, dtype)) {
        throw new NeuraError(`${SIDES[side]} "${name}" is ${dtype}, which has no typed array; export it as float32`);
      }
      const shape = Array.from({ length: exports.neura_value_rank(...place) }, (_, dim) => {
        const extent = text(exports.neura_value_extent(...place, dim));
        return /^\d+$/.test(extent) ? Number(extent) : extent;
      });
      return Object.freeze({ name, dtype, shape: Object.freeze(shape) });
    });
  }
}
