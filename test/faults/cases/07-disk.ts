import { mountSmallDisk } from "../../support/small-disk";
import type { FaultCase, FaultRow } from "../fault-case";
import { failingFlushes, failingWrites } from "./07-disk-errors";
import { type Accept, acknowledgeFirst, fullDisk, recordFirst } from "./07-full-disk";

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
    const onSmallDisk = async (accept: Accept): Promise<FaultRow | undefined> => {
      const disk = mountSmallDisk(40);
      if (!disk) return undefined;
      try {
        return await fullDisk(disk, samples, accept);
      } finally {
        disk.remove();
      }
    };
    const full = await onSmallDisk(recordFirst);
    const control = await onSmallDisk(acknowledgeFirst);
    if (full && control)
      rows.push(full, { ...control, done: `${control.done}, acknowledged before the record`, isControl: true });
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
