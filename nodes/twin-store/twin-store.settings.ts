import { Failure } from "../../engine/contract/errors";
import { readerOf } from "../lib/settings";

export interface TwinStoreSettings {
  backend: "embedded";
  /** Folder, absolute or below the home folder. "" means `twin`. */
  path: string;
  durability: "process" | "power";
  /** How long the store keeps what twins were, days. */
  keepDays: number;
  /** How much of it, MiB. 0: nothing. */
  keepMb: number;
}

export function readTwinStoreSettings(def: Record<string, unknown>): TwinStoreSettings {
  const read = readerOf(def);
  if (read.choice("backend", ["embedded", "nats"], "embedded") === "nats")
    throw new Failure("not-yet", 'backend "nats" is not there yet:', 'use "embedded" for now.');
  return {
    backend: "embedded",
    path: read.text("path", "twin"),
    durability: read.choice("durability", ["process", "power"], "process"),
    keepDays: read.number("keepDays", 30, { min: 0 }),
    keepMb: read.number("keepMb", 256, { min: 0, max: 1_000_000 }),
  };
}
