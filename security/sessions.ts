import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { sessionLimits, whyOver } from "../engine/security/session-life";
import type { User } from "../engine/security/user";
import { putFile } from "./kept-file";
import { type Account, stampOf } from "./users-file";

/** What express-session keeps of a session. */
interface SessionData {
  name?: unknown;
  stamp?: unknown;
  startedMs?: unknown;
  [more: string]: unknown;
}
interface Held {
  name: string;
  stamp: string;
  startedMs: number;
  seenMs: number;
  data: SessionData;
}
type Done<Value = unknown> = (error: unknown, value?: Value) => void;

// express-session ships no types; its Store gives what a store need not write itself.
const { Store } = require("express-session") as { Store: new () => object };

export interface Sessions {
  /** For express-session. */
  store: object;
  /** Who that session is; undefined when there is none or it is over, which ends it. */
  who(id: string): User | undefined;
  /** Somebody did something: the session is not idle. */
  seen(id: string): void;
  /** Ends what is over by now. */
  sweep(): void;
  /** Writes what changed since the last time. */
  flush(): void;
  /** Hears of every session that ends, with the name it has in `keyOf`. */
  onEnd(listener: (key: string, name: string, why: string) => void): void;
}

/** Sessions are kept under a digest of their id: who reads the file cannot be somebody. */
export const keyOf = (id: string): string => createHash("sha256").update(id).digest("base64url");

const maxPerUser = 20;
const maxFileBytes = 32 * 1024 * 1024;

/** The sessions of the pages, kept in a file so that a restart signs nobody out. At most 20 of one user: the oldest goes. */
export function createSessions(options: {
  file: string;
  account(name: string): Account | undefined;
  now(): number;
  complain(text: string): void;
}): Sessions {
  const { file, account, now, complain } = options;
  const held = readSessions(file, complain);
  const listeners: ((key: string, name: string, why: string) => void)[] = [];
  let isChanged = false;
  /** Then many may end, and the file is written once. */
  let isSweeping = false;

  function end(key: string, why: string): void {
    const session = held.get(key);
    if (!session) return;
    held.delete(key);
    if (isSweeping) isChanged = true;
    else save();
    for (const tell of listeners) tell(key, session.name, why);
  }
  function find(key: string): User | undefined {
    const session = held.get(key);
    if (!session) return undefined;
    const { name } = session;
    const present = account(name);
    if (!present || stampOf(present) !== session.stamp) return void end(key, "changed");
    const why = whyOver(session, sessionLimits[present.role], now());
    if (why) return void end(key, why);
    return { name, role: present.role };
  }
  function save(): void {
    isChanged = false;
    try {
      putFile(file, JSON.stringify([...held]));
    } catch (error) {
      // Nobody is kept out by a full disk; a restart signs them out, that is all.
      complain(`${file} cannot be written to: ${(error as Error).message}`);
    }
  }
  const seen = (key: string): void => {
    const session = held.get(key);
    if (!session) return;
    session.seenMs = now();
    isChanged = true;
  };

  class KeptSessions extends Store {
    get(id: string, done: Done<SessionData>): void {
      const key = keyOf(id);
      done(null, find(key) && copyOf(held.get(key)?.data ?? {}));
    }
    set(id: string, data: SessionData, done: Done): void {
      const { name, stamp, startedMs } = data;
      if (typeof name === "string" && typeof stamp === "string" && typeof startedMs === "number") {
        const others = [...held].filter(([key, session]) => session.name === name && key !== keyOf(id));
        for (const [key] of others.slice(0, Math.max(0, others.length + 1 - maxPerUser))) end(key, "too many");
        held.set(keyOf(id), { name, stamp, startedMs, seenMs: now(), data: copyOf(data) });
        save();
      }
      done(null);
    }
    touch(id: string, _data: SessionData, done: Done): void {
      seen(keyOf(id));
      done(null);
    }
    destroy(id: string, done: Done): void {
      end(keyOf(id), "signed out");
      done(null);
    }
  }

  return {
    store: new KeptSessions(),
    who: (id) => find(keyOf(id)),
    seen: (id) => seen(keyOf(id)),
    sweep() {
      const before = held.size;
      isSweeping = true;
      for (const key of [...held.keys()]) find(key);
      isSweeping = false;
      if (held.size < before) save();
    },
    flush() {
      if (isChanged) save();
    },
    onEnd: (listener) => void listeners.push(listener),
  };
}

/** As express-session's own store has it: its cookie knows how to become JSON. */
const copyOf = (data: SessionData): SessionData => JSON.parse(JSON.stringify(data));

function readSessions(file: string, complain: (text: string) => void): Map<string, Held> {
  try {
    if ((statSync(file, { throwIfNoEntry: false })?.size ?? maxFileBytes + 1) > maxFileBytes) return new Map();
    const entries = JSON.parse(readFileSync(file, "utf8")) as [string, Held][];
    return new Map(
      entries.filter(
        ([key, { name, stamp, startedMs, seenMs, data }]) =>
          typeof key === "string" &&
          typeof name === "string" &&
          typeof stamp === "string" &&
          Number.isFinite(startedMs) &&
          Number.isFinite(seenMs) &&
          typeof data === "object",
      ),
    );
  } catch (error) {
    complain(`${file} cannot be read, so everybody has to sign in again: ${(error as Error).message}`);
    return new Map();
  }
}
