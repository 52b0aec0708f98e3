import { readdirSync, rmSync } from "node:fs";
import path from "node:path";

/** Damaged files that are kept in a folder: beyond that the oldest go, or a failing disk would fill itself with them. */
export const maxPutAside = 30;

const pattern = /\.damaged-(\d+)(-wal|-shm)?$/;
const stampOf = (name: string): number => Number(pattern.exec(name)?.[1]);

/** The name under which a damaged file is to be put aside. Deletes the oldest such files of its folder where there are too many. */
export function asideFor(file: string): string {
  const folder = path.dirname(file);
  const names = readdirSync(folder).filter((name) => pattern.test(name));
  const stamp = Math.max(Date.now(), ...names.map((name) => stampOf(name) + 1));
  names.sort((a, b) => stampOf(a) - stampOf(b));
  for (const name of names.slice(0, Math.max(0, names.length + 3 - maxPutAside)))
    rmSync(path.join(folder, name), { force: true });
  return `${file}.damaged-${stamp}`;
}
