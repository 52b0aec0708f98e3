const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const values = new Uint8Array(128).fill(255);
for (let i = 0; i < 64; i++) values[alphabet.charCodeAt(i)] = i;

const padding = 61; // "="
/** The two letters of twelve bits, as they stand in memory (every platform that Node.js runs on is little-endian). */
const pairs = Uint16Array.from(
  { length: 4096 },
  (_, bits) => alphabet.charCodeAt(bits >>> 6) | (alphabet.charCodeAt(bits & 63) << 8),
);

/** Bytes as base64 (RFC 4648, with padding). Here because `engine/` knows neither Node's Buffer nor the browser's btoa. */
export function toBase64(bytes: Uint8Array): string {
  const parts: string[] = [];
  // Pieces of a multiple of three bytes join without padding in between; their letters fit an argument list.
  const piece = 3 * 2048;
  const codes = new Uint16Array((piece / 3) * 2);
  const letters = new Uint8Array(codes.buffer);
  for (let start = 0; start < bytes.length; start += piece) {
    const end = Math.min(bytes.length, start + piece);
    let at = 0;
    for (let i = start; i < end; i += 3) {
      const bits = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
      codes[at++] = pairs[bits >>> 12]!;
      codes[at++] = pairs[bits & 4095]!;
    }
    for (let spare = (3 - ((end - start) % 3)) % 3; spare > 0; spare--) letters[2 * at - spare] = padding;
    // apply, because spreading a typed array goes through its iterator: ten times slower
    parts.push(String.fromCharCode.apply(null, letters.subarray(0, 2 * at) as unknown as number[]));
  }
  return parts.join("");
}

/** The bytes of a base64 text. Throws a RangeError for anything else. */
export function fromBase64(text: string): Uint8Array {
  const missing = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  if (text.length % 4 !== 0) throw new RangeError("not base64: the length is not a multiple of 4");
  const bytes = new Uint8Array((text.length / 4) * 3 - missing);
  const digits = text.length - missing;
  let at = 0;
  for (let i = 0; i < text.length; i += 4) {
    let bits = 0;
    for (let k = 0; k < 4; k++) {
      const code = i + k < digits ? (values[text.charCodeAt(i + k)] ?? 255) : 0;
      if (code === 255) throw new RangeError(`not base64: character ${i + k}`);
      bits = (bits << 6) | code;
    }
    bytes[at++] = bits >>> 16;
    if (at < bytes.length) bytes[at++] = (bits >>> 8) & 255;
    if (at < bytes.length) bytes[at++] = bits & 255;
  }
  return bytes;
}

/** A typed array as base64 of its little-endian bytes. */
export const packed = (array: Float64Array | Float32Array | Int32Array | Uint16Array | Uint8Array): string =>
  toBase64(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
