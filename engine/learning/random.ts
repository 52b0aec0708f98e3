/** A source of repeatable random numbers: the same seed gives the same numbers on every machine. */
export interface Random {
  /** A whole number from 0 to 2^32 - 1. */
  next(): number;
  /** A whole number from 0 to `n` - 1. `n` up to 2^32. */
  below(n: number): number;
}

/**
 * xoshiro128** by D. Blackman and S. Vigna (https://prng.di.unimi.it/xoshiro128starstar.c), its state filled by
 * splitmix32. Only 32-bit integer operations and one exact multiplication, so nothing depends on the platform.
 *
 * @param seed any number; it counts modulo 2^32
 * @param stream independent sequences of one seed, such as one per tree, so that trees can be grown in any order
 */
export function randomOf(seed: number, stream = 0): Random {
  const mix = splitMix(splitMix(seed >>> 0)() ^ Math.imul(stream + 1, 0x9e3779b1));
  return xoshiro128([mix(), mix(), mix(), mix() | 1]); // never all zeros, the one state that it cannot leave
}

/** The generator itself, from a given state. */
export function xoshiro128(state: readonly [number, number, number, number]): Random {
  let [a, b, c, d] = state;

  function next(): number {
    const five = Math.imul(b, 5);
    const result = Math.imul((five << 7) | (five >>> 25), 9) >>> 0;
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = (d << 11) | (d >>> 21);
    return result;
  }
  // Multiplying by n / 2^32 favours some numbers by at most n / 2^32: nothing that a forest or a split could notice.
  return { next, below: (n) => Math.floor(next() * (n / 4294967296)) };
}

/** Puts `items` in random order, in place (Fisher and Yates). */
export function shuffle<T extends Int32Array | unknown[]>(items: T, random: Random): T {
  for (let i = items.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const kept = items[i];
    items[i] = items[j] as never;
    items[j] = kept as never;
  }
  return items;
}

/** splitmix32, the 32-bit finaliser of MurmurHash3 over a Weyl sequence. */
function splitMix(start: number): () => number {
  let state = start | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let z = state ^ (state >>> 16);
    z = Math.imul(z, 0x85ebca6b);
    z ^= z >>> 13;
    z = Math.imul(z, 0xc2b2ae35);
    return z ^ (z >>> 16);
  };
}
