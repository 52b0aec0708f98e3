import { mountSmallDisk, type SmallDisk } from "../../support/small-disk";
import type { FaultCase, FaultRow } from "../fault-case";
import { onStage } from "../stage";
import { failingFlushes, failingWrites } from "./07-disk-errors";
import { acknowledgeFirst, fullDisk, recordFirst } from "./07-full-disk";
import { nodeRedOnFullDisk } from "./07-node-red";

/** Room for the write-ahead logs of store and history, which keep up to 32 MB each: it shall be full when it is filled. */
const diskMegabytes = 256;

/** Disks that run full, and writes and flushes that fail. */
export const faultCase: FaultCase = {
  number: 7,
  title: "Disk full, and I/O errors on the n-th write",
  async run(scale, log) {
    const [upTo, samples] = scale === "long" ? [45, 2000] : [10, 300];
    const rows: FaultRow[] = [
      failingWrites(upTo, (journal, payload) => journal.append(payload)),
      await failingFlushes(scale === "long" ? 40 : 10),
    ];
    const full = await onSmallDisks([
      (disk) => fullDisk(disk, samples, recordFirst),
      async (disk) => {
        const row = await fullDisk(disk, samples, acknowledgeFirst);
        return { ...row, done: `${row.done}, acknowledged before the record`, isControl: true };
      },
      ...([{ door: "mqtt" }, { door: "http" }, { door: "http", isControl: true }] as const).map(
        (options) => (disk: SmallDisk) => onStage(log, (stage) => nodeRedOnFullDisk(stage, disk, scale, options)),
      ),
    ]);
    if (full) rows.push(...full);
    else log("A small disk cannot be mounted by this user: only failing writes were tried.");
    const careless = failingWrites(upTo, (journal, payload) => {
      try {
        journal.append(payload);
      } catch {
        // Acknowledged before the record.
      }
    });
    return [...rows, { ...careless, done: `${careless.done}, acknowledged before the record`, isControl: true }];
  },
};

/** Each on a disk of its own, at the same time. */
async function onSmallDisks(works: ((disk: SmallDisk) => Promise<FaultRow>)[]): Promise<FaultRow[] | undefined> {
  const disks = works.map(() => mountSmallDisk(diskMegabytes));
  try {
    if (!disks.every((disk) => disk !== undefined)) return undefined;
    return await Promise.all(works.map((work, index) => work(disks[index] as SmallDisk)));
  } finally {
    for (const disk of disks) disk?.remove();
  }
}
