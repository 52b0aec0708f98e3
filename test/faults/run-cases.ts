import { readdirSync } from "node:fs";
import path from "node:path";
import type { FaultCase } from "./fault-case";

/** The cases of the folder, by number. */
export function loadCases(): FaultCase[] {
  const folder = path.join(__dirname, "cases");
  return readdirSync(folder)
    .filter((name) => /^\d\d.*(?<!\.test)\.js$/.test(name))
    .map((name) => (require(path.join(folder, name)) as { faultCase?: FaultCase }).faultCase)
    .filter((one) => one !== undefined)
    .sort((a, b) => a.number - b.number);
}
