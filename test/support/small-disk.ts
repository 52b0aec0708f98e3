import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** A file system of its own in memory that can run full. */
export interface SmallDisk {
  folder: string;
  /** Takes all that is free, to the last byte. */
  fill(): void;
  /** Gives it back. */
  free(): void;
  remove(): void;
}

/** Undefined where this user may not mount (Linux and root only). */
export function mountSmallDisk(megabytes: number): SmallDisk | undefined {
  const folder = mkdtempSync(path.join(tmpdir(), "meditwin-small-disk-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "meditwin", folder], { stdio: "ignore" });
  } catch {
    rmSync(folder, { recursive: true });
    return undefined;
  }
  const ballast = path.join(folder, "ballast");
  return {
    folder,
    fill() {
      const fd = openSync(ballast, "a");
      try {
        for (const bytes of [65536, 4096, 512, 1]) {
          try {
            while (writeSync(fd, Buffer.alloc(bytes)) === bytes);
          } catch {
            // Full for pieces of that size.
          }
        }
      } finally {
        closeSync(fd);
      }
    },
    free: () => rmSync(ballast, { force: true }),
    remove() {
      execFileSync("umount", ["-l", folder]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
