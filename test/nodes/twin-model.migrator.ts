import { fork } from "node:child_process";
import path from "node:path";
import type { TwinModel } from "../../engine/contract/model";
import { migrateStored, migratingTwins } from "../../nodes/lib/migrating-twins";
import { openEmbeddedStore } from "../../nodes/twin-store/embedded";

/** Version 2 has the pressure in kPa under another name. */
export const secondVersion: TwinModel = {
  model: "press",
  version: 2,
  staleAfter: 0,
  unknown: "reject",
  properties: new Map(),
  migrations: [
    {
      to: 2,
      rename: new Map([["pressure", "kPa"]]),
      scale: new Map([["kPa", { gain: 100, offset: 0 }]]),
      remove: [],
    },
  ],
};

/** Migrates the twins in that folder in a process of its own, which is killed as soon as it has stored a first part of them. */
export function migrateAndKill(folder: string): Promise<void> {
  const child = fork(path.resolve(__filename), [folder], { stdio: "inherit" });
  return new Promise((resolve, reject) => {
    child.once("message", () => child.kill("SIGKILL"));
    child.once("error", reject);
    child.once("exit", (_code, signal) =>
      signal === "SIGKILL" ? resolve() : reject(new Error("the migration ended before it was killed")),
    );
  });
}

if (require.main === module) {
  const { twins } = openEmbeddedStore({
    folder: process.argv[2] as string,
    durability: "process",
    warn: console.error,
    now: Date.now,
  });
  let stored = 0;
  const migrating = migratingTwins(twins, secondVersion);
  const counted: typeof twins = {
    ...migrating,
    async update(id, change) {
      const document = await migrating.update(id, change);
      if (++stored === 100) process.send?.("begun");
      return document;
    },
  };
  // The rest waits for the kill, so that it falls into the middle on every machine.
  void migrateStored(counted, secondVersion, () => stored >= 300);
  setInterval(() => undefined, 1000);
}
