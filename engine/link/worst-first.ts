import type { LinkFigures } from "./link-meter";

/** Order of links: those that are out, then those that lose most, were available least, and delay longest. */
export function worstFirst(a: LinkFigures, b: LinkFigures): number {
  const by = (name: string, fallback: number): number => number(b, name, fallback) - number(a, name, fallback);
  return (
    by("out", 0) ||
    -by("delivery", 1) ||
    -by("availability", 1) ||
    by("latency.p95", 0) ||
    (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
  );
}

function number({ values }: LinkFigures, name: string, fallback: number): number {
  const value = values[name];
  return typeof value === "number" ? value : fallback;
}
