import { birthProperties } from "../../engine/sparkplug/birth-properties";
import { allBirths } from "../lib/sparkplug-births";

/** Twins whose Sparkplug birth was heard, each with its metrics as a CSV to import. */
export function bornTwins(): { twin: string; csv: string }[] {
  return [...allBirths()].flatMap(([twin, born]) => {
    const rows = birthProperties(born);
    const lines = rows.map((row) => [row.name, row.type, row.unit, row.min, row.max].map(quoted).join(","));
    return rows.length === 0 ? [] : [{ twin, csv: ["name,type,unit,min,max", ...lines].join("\n") }];
  });
}

const quoted = (cell: string): string => (/[",\s]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
