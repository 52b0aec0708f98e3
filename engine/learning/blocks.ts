/** Fit into a processor's nearest cache, with room for others. */
const blockLength = 2048;

/**
 * A long column as short views of it, in order. Sums over a column are taken block by block: a function that is called often is compiled
 * so that its numbers stay in registers; one that loops a million times in a single call keeps each of them in an object (V8's
 * on-stack replacement), which takes five times as long.
 */
export function blocksOf(values: Float64Array): Float64Array[] {
  return Array.from({ length: Math.ceil(values.length / blockLength) }, (_, i) =>
    values.subarray(i * blockLength, (i + 1) * blockLength),
  );
}
