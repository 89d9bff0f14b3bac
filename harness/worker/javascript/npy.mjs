// Arrays as files of numpy: {data, shape, dtype} with the elements in C order.
//
// 64-bit integers are kept in a Float64Array, since every step computes with numbers; those that it cannot
// hold exactly are refused. Booleans are kept as 0 and 1.

import { readFileSync, writeFileSync } from "node:fs";

import { FilesError } from "./errors.mjs";

const MAGIC = "\x93NUMPY";
const HEADER = /'descr': '([<>|=])([biuf]\d)', 'fortran_order': (True|False), 'shape': \(([\d, ]*)\)/;
const DTYPES = {
  b1: ["bool", Uint8Array],
  u1: ["uint8", Uint8Array],
  i1: ["int8", Int8Array],
  u2: ["uint16", Uint16Array],
  i2: ["int16", Int16Array],
  u4: ["uint32", Uint32Array],
  i4: ["int32", Int32Array],
  u8: ["uint64", BigUint64Array],
  i8: ["int64", BigInt64Array],
  f4: ["float32", Float32Array],
  f8: ["float64", Float64Array],
};
const CODES = Object.fromEntries(Object.entries(DTYPES).map(([code, [dtype]]) => [dtype, code]));

export const count = (shape) => shape.reduce((product, size) => product * size, 1);

// An array of so many numbers that holds this dtype.
export function numbers(dtype, length) {
  return dtype.endsWith("int64") ? new Float64Array(length) : new DTYPES[CODES[dtype]][1](length);
}

export function readArray(path) {
  let bytes;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new FilesError(`an input cannot be read: ${error.message}`);
  }
  const { code, shape, start } = header(bytes, path);
  const [dtype, Kind] = DTYPES[code];
  const stored = bytes.buffer.slice(bytes.byteOffset + start, bytes.byteOffset + bytes.byteLength);
  if (stored.byteLength !== count(shape) * Kind.BYTES_PER_ELEMENT) {
    throw new FilesError(`${path}: does not hold as many elements as its header says`);
  }
  const data = new Kind(stored);
  return { data: dtype.endsWith("int64") ? asNumbers(data) : data, shape, dtype };
}

function header(bytes, path) {
  const long = bytes[6] > 1; // the version of the format
  const start = long ? 12 : 10;
  const length = bytes.length < start ? 0 : long ? bytes.readUInt32LE(8) : bytes.readUInt16LE(8);
  const found = HEADER.exec(bytes.toString("latin1", start, start + length));
  if (bytes.toString("latin1", 0, 6) !== MAGIC || found === null) {
    throw new FilesError(`${path}: is no array of numbers in numpy's format`);
  }
  const [, order, code, fortran, sizes] = found;
  const shape = sizes.split(",").filter((size) => size.trim()).map(Number);
  if (order === ">" || !(code in DTYPES) || (fortran === "True" && shape.length > 1)) {
    throw new FilesError(`${path}: elements ${order}${code}, fortran_order ${fortran} are not read here`);
  }
  return { code, shape, start: start + length };
}

export function asNumbers(integers) {
  const data = Float64Array.from(integers, Number);
  if (!data.every(Number.isSafeInteger)) {
    throw new FilesError("64-bit integers beyond 2^53 cannot be held exactly");
  }
  return data;
}

export function asIntegers(data, dtype) {
  return (dtype === "uint64" ? BigUint64Array : BigInt64Array).from(data, (value) => BigInt(Math.trunc(value)));
}

export function writeArray(path, { data, shape, dtype }) {
  const code = CODES[dtype];
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const order = code.endsWith("1") ? "|" : "<";
  const text = `{'descr': '${order}${code}', 'fortran_order': False, 'shape': (${sizes}), }`;
  const padded = `${text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11)}\n`;
  const head = Buffer.alloc(10);
  head.write(MAGIC, "latin1");
  head[6] = 1;
  head.writeUInt16LE(padded.length, 8);
  const stored = dtype.endsWith("int64") ? asIntegers(data, dtype) : data;
  const body = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
  try {
    writeFileSync(path, Buffer.concat([head, Buffer.from(padded, "latin1"), body]));
  } catch (error) {
    throw new FilesError(`an output cannot be written: ${error.message}`);
  }
}
