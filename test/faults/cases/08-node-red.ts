import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { FaultRow } from "../fault-case";
import { twinFlow } from "../flows";
import { createNodeRed } from "../node-red";
import { comesTrue, type Stage } from "../stage";
import { namesBelow } from "./08-damage-files";

interface Damage {
  what: string;
  /** What is in the write-ahead log hides what is wrong with the file: only a stop empties it. */
  end: "kill" | "stop";
  act(twin: string): void;
}

const damages: Damage[] = [
  { what: "the head of store.db", end: "stop", act: (twin) => spoil(path.join(twin, "store.db"), 16, 24) },
  { what: "the middle of store.db", end: "stop", act: (twin) => spoil(path.join(twin, "store.db"), 4096, 8192) },
  { what: "the log of store.db", end: "kill", act: (twin) => spoil(path.join(twin, "store.db-wal"), 100, 108) },
  { what: "the log of the twins", end: "kill", act: (twin) => spoilSegments(path.join(twin, "twins")) },
  { what: "the journal", end: "kill", act: (twin) => spoilSegments(path.join(twin, "journal")) },
  { what: "the log of history.db", end: "kill", act: (twin) => spoil(path.join(twin, "history.db-wal"), 100, 108) },
];

/** A real Node-RED ends, its files are damaged, and it is started: it starts, says so, puts aside, and takes samples. */
export async function nodeRedOnDamage(stage: Stage): Promise<FaultRow> {
  const nodeRed = await createNodeRed(stage, twinFlow());
  const twin = path.join(nodeRed.home, "twin");
  const count = { starts: 0, told: 0, putAside: 0, takesSamples: 0 };
  const began = Date.now();
  let sent = 0;
  const takes = async (): Promise<boolean> => {
    const value = ++sent;
    const body = JSON.stringify({ id: "m-000", ts: began + value, seq: value, value });
    const answer = await fetch(`${nodeRed.url}/samples`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    }).catch(() => undefined);
    if (answer?.status !== 200) return false;
    return comesTrue(
      async () => {
        const page = (await (await fetch(`${nodeRed.url}/twins`)).json()) as {
          twins: { reported: { value: number } }[];
        };
        return page.twins.some(({ reported }) => reported.value === value);
      },
      5000,
      5,
    );
  };
  await nodeRed.start();
  for (const { what, end, act } of damages) {
    for (let k = 0; k < 20; k++) await takes();
    await nodeRed[end]();
    const before = asides(twin);
    const said = nodeRed.output().length;
    act(twin);
    await nodeRed.start();
    count.starts++;
    if (await comesTrue(() => /damaged|are lost/.test(nodeRed.output().slice(said)), 5000)) count.told++;
    else stage.log(`${what}: nothing was said\n${nodeRed.output().slice(said)}`);
    if (asides(twin) > before) count.putAside++;
    if (await comesTrue(takes, 10_000)) count.takesSamples++;
    else stage.log(`${what}: no samples are taken\n${nodeRed.output().slice(said)}`);
  }
  const { starts, told, putAside, takesSamples } = count;
  return {
    done: "Node-RED ended, a file damaged, Node-RED started",
    figures: count,
    held: [told, putAside, takesSamples].every((one) => one === starts),
  };
}

const asides = (twin: string): number => namesBelow(twin).filter((name) => name.includes(".damaged-")).length;

function spoil(file: string, from: number, to: number): void {
  const content = readFileSync(file);
  for (let at = from; at < Math.min(to, content.length); at++) content[at] = (content[at] as number) ^ 0x55;
  writeFileSync(file, content);
}

function spoilSegments(folder: string): void {
  for (const name of readdirSync(folder).filter((one) => one.endsWith(".log"))) spoil(path.join(folder, name), 60, 64);
}
