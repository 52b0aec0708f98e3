import { appendFileSync, chmodSync, renameSync, statSync } from "node:fs";
import path from "node:path";

/** What is recorded about people: who came, who was turned away, who tried what they may not. */
export interface PeopleEvent {
  event:
    | "sign-in"
    | "sign-in failed"
    | "sign-in slowed"
    | "sign-out"
    | "session over"
    | "not allowed"
    | "user added"
    | "user removed"
    | "role changed"
    | "password changed";
  /** Only names that exist: people type passwords into the wrong box. */
  name?: string;
  role?: string;
  address?: string;
  [more: string]: string | number | undefined;
}

export interface PeopleLog {
  record(event: PeopleEvent): void;
}

export const peopleLogFile = (home: string): string => path.join(home, "people.jsonl");

/**
 * One JSON object a line, with the time first. `maxBytes` and one file before it (people.1.jsonl) is all there ever is.
 * A disk that cannot be written to keeps nobody out: the loss is told once to `complain`.
 */
export function openPeopleLog(
  home: string,
  { now, complain, maxBytes = 4 * 1024 * 1024 }: { now(): number; complain(text: string): void; maxBytes?: number },
): PeopleLog {
  const file = peopleLogFile(home);
  let isBroken = false;
  return {
    record(event) {
      const line = `${JSON.stringify({ time: new Date(now()).toISOString(), ...event })}\n`;
      try {
        const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
        if (size > 0 && size + Buffer.byteLength(line) > maxBytes) renameSync(file, path.join(home, "people.1.jsonl"));
        appendFileSync(file, line, { mode: 0o600 });
        if (size === 0) chmodSync(file, 0o600);
        isBroken = false;
      } catch (error) {
        if (!isBroken) complain(`${file} cannot be written to: ${(error as Error).message}`);
        isBroken = true;
      }
    },
  };
}
