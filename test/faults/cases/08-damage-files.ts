import { cpSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import path from "node:path";
import { Failure } from "../../../engine/contract/errors";
import { readHistoryQuery } from "../../../engine/history/history-query";
import { reportSample } from "../../../engine/twin/report";
import { openEmbeddedFile } from "../../../nodes/twin-history/embedded";
import { openEmbeddedStore } from "../../../nodes/twin-store/embedded";
import type { Journal, ModelRegistry, TwinCollection } from "../../../nodes/twin-store/store";

/** What was put into the files, and everything that they may rightly give back. */
export interface Ledger {
  /** Every document that a twin ever had, oldest first, as text. */
  twins: Map<string, string[]>;
  /** By version. */
  models: Map<number, string>;
  /** The versions that `champion` pointed to, oldest first. */
  champions: number[];
  unreleased: Map<number, string>;
  released: Map<number, string>;
  /** Rows of the history by time, as text. */
  rows: Map<number, string>;
}

export interface Verdict {
  /** A value that was never stored, or one that is missing or old without a word about it. */
  wrong: string[];
  /** What was said about damage. */
  told: string[];
  /** Files and rows that were put aside. */
  putAside: number;
}

const source = "door";

/** Fills a store with its journal and a history; copies the files as kill -9 would leave them, and closed ones. */
export async function makeFiles(folder: string): Promise<{ ledger: Ledger; killed: string; closed: string }> {
  const live = path.join(folder, "live");
  const copyTo = (name: string): string => {
    const copy = path.join(folder, name);
    cpSync(live, copy, { recursive: true });
    return copy;
  };
  const ledger: Ledger = {
    twins: new Map(),
    models: new Map(),
    champions: [],
    unreleased: new Map(),
    released: new Map(),
    rows: new Map(),
  };
  mkdirSync(live);
  const warn = (text: string): void => {
    throw new Error(text);
  };
  const store = openEmbeddedStore({ folder: live, durability: "process", warn });
  const history = openEmbeddedFile(path.join(live, "history.db"), warn);
  const view = history.open({ database: "twin", measurement: "twin", keepMs: Number.POSITIVE_INFINITY });
  for (let ts = 1; ts <= 12; ts++) {
    const samples = Array.from({ length: 40 }, (_, k) => ({
      id: `press-${k}`,
      ts,
      seq: ts,
      model: "press",
      values: { force: ts * 1000 + k, text: `état ${ts}`, on: ts % 2 === 0 },
    }));
    await Promise.all(
      samples.map((sample) =>
        store.twins.update(sample.id, (current) => {
          const { document, changed } = reportSample(current, sample, { now: ts });
          const all = ledger.twins.get(sample.id) ?? [];
          ledger.twins.set(sample.id, [...all, JSON.stringify(document)]);
          return { document, changed, notify: false, staleAfter: 3600 };
        }),
      ),
    );
    await view.history.write(samples.slice(0, 10).map((one, k) => ({ ...one, ts: ts * 1000 + k })));
    for (const [k, one] of samples.slice(0, 10).entries()) ledger.rows.set(ts * 1000 + k, rowText(one.id, one.values));
    for (const sample of samples) {
      const data = JSON.stringify(sample);
      const number = store.journal.append(source, data);
      (sample.seq % 3 === 0 ? ledger.unreleased : ledger.released).set(number, data);
      if (sample.seq % 3 !== 0) store.journal.release(number);
    }
    if (ts % 4 === 0) {
      const added = await store.models.add("hardness", (version) => ({
        report: { version, r2: 0.9 },
        model: JSON.stringify({ coefficients: Array.from({ length: 400 }, (_, k) => k / version) }),
      }));
      ledger.models.set(added.version, added.model);
      await store.models.promote("hardness", added.version);
      ledger.champions.push(added.version);
    }
  }
  // Notes of what was released are written five times a second.
  await new Promise((resolve) => setTimeout(resolve, 300));
  const killed = copyTo("killed");
  store.close();
  await history.close();
  return { ledger, killed, closed: copyTo("closed") };
}

/** Opens store, journal and history as a start does, reads everything, and judges it. What it throws is a crash. */
export async function examine(folder: string, ledger: Ledger): Promise<Verdict> {
  const verdict: Verdict = { wrong: [], told: [], putAside: 0 };
  const missing: string[] = [];
  const warn = (text: string): void => void verdict.told.push(text);
  // One that may not be opened says why, as a node shows it.
  await unlessRefused(verdict, async () => {
    const store = openEmbeddedStore({ folder, durability: "process", warn });
    try {
      await examineTwins(store.twins, ledger, verdict, missing);
      await examineModels(store.models, ledger, verdict, missing);
      examineJournal(store.journal, ledger, verdict, missing);
      await new Promise((resolve) => setImmediate(resolve));
    } finally {
      store.close();
    }
  });
  await unlessRefused(verdict, async () => {
    const history = openEmbeddedFile(path.join(folder, "history.db"), warn);
    try {
      await examineHistory(history, ledger, verdict, missing);
    } finally {
      await history.close();
    }
  });
  if (missing.length > 0 && verdict.told.length === 0)
    verdict.wrong.push(...missing.map((what) => `${what}, silently`));
  verdict.putAside = namesBelow(folder).filter((name) => name.includes(".damaged-")).length;
  return verdict;
}

async function unlessRefused(verdict: Verdict, read: () => Promise<void>): Promise<void> {
  try {
    await read();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    verdict.told.push(error.message);
  }
}

async function examineTwins(twins: TwinCollection, ledger: Ledger, verdict: Verdict, missing: string[]): Promise<void> {
  for (const [id, stored] of ledger.twins) {
    const document = await twins.get(id);
    const found = document && JSON.stringify(document);
    if (found === stored.at(-1)) continue;
    if (found !== undefined && !stored.includes(found)) verdict.wrong.push(`twin ${id}`);
    else missing.push(`twin ${id}`);
  }
  for (const [id, stored] of ledger.twins)
    for (let rev = 1; rev <= stored.length; rev += 5) {
      const past = await twins.at(id, { rev });
      if (past?.document && !stored.includes(JSON.stringify(past.document)))
        verdict.wrong.push(`the past of twin ${id}`);
    }
  for (const { id } of (await twins.list({}, "", 1000)).twins)
    if (!ledger.twins.has(id)) verdict.wrong.push(`a twin ${id} from nowhere`);
}

function examineJournal(journal: Journal, ledger: Ledger, verdict: Verdict, missing: string[]): void {
  const found = new Map([...journal.unreleased(source)].map(({ number, data }) => [number, data.toString()]));
  for (const [number, data] of ledger.unreleased) {
    if (!found.has(number)) missing.push(`entry ${number}`);
    else if (found.get(number) !== data) verdict.wrong.push(`entry ${number}`);
    found.delete(number);
  }
  // What was released may come again, as it was.
  for (const [number, data] of found)
    if (ledger.released.get(number) !== data) verdict.wrong.push(`an entry ${number} from nowhere`);
}

async function examineModels(
  models: ModelRegistry,
  ledger: Ledger,
  verdict: Verdict,
  missing: string[],
): Promise<void> {
  for (const use of ["champion", ...ledger.models.keys()]) {
    try {
      const found = await models.get("hardness", use);
      if (!found) missing.push(`model ${use}`);
      else if (found.model !== ledger.models.get(found.version)) verdict.wrong.push(`model ${use}`);
      else if (use !== "champion" && found.version !== use) verdict.wrong.push(`model ${use}`);
      else if (use === "champion" && found.version !== ledger.champions.at(-1)) missing.push("the champion");
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      verdict.told.push(error.message);
    }
  }
  const listed = (await models.list()).map(({ name, version }) => `${name} ${version}`);
  for (const version of ledger.models.keys())
    if (!listed.includes(`hardness ${version}`)) missing.push(`model ${version} of the list`);
  if (listed.length > ledger.models.size) verdict.wrong.push("a model from nowhere");
}

type HistoryFile = ReturnType<typeof openEmbeddedFile>;

async function examineHistory(file: HistoryFile, ledger: Ledger, verdict: Verdict, missing: string[]): Promise<void> {
  const { history } = file.open({ database: "twin", measurement: "twin", keepMs: Number.POSITIVE_INFINITY });
  const rows = new Map<number, string>();
  await unlessRefused(verdict, async () => {
    for (const { time, id, ...values } of await history.query(readHistoryQuery({ twin: "*", start: 0, end: 1e9 }, 0)))
      rows.set(time as number, rowText(id, values));
  });
  for (const [time, text] of ledger.rows) {
    if (!rows.has(time)) missing.push(`the sample at ${time}`);
    else if (rows.get(time) !== text) verdict.wrong.push(`the sample at ${time}`);
    rows.delete(time);
  }
  if (rows.size > 0) verdict.wrong.push("a sample from nowhere");
}

const rowText = (id: unknown, values: Record<string, unknown>): string =>
  JSON.stringify([id, Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1))]);

/** Files below a folder, as paths relative to it. */
export function namesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return (readdirSync(folder, { recursive: true, withFileTypes: true }) as import("node:fs").Dirent[])
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort();
}
