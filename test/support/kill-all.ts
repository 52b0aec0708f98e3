import { execFileSync } from "node:child_process";

/** kill -9 of the start script and of all below it: nobody gets to say goodbye. Returns how many there were. */
export function killAll(root: number): number {
  const table = execFileSync("ps", ["-eo", "pid=,ppid="], { encoding: "utf8" })
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number));
  const below = (pid: number): number[] => [
    pid,
    ...table.filter(([, parent]) => parent === pid).flatMap(([child]) => below(child as number)),
  ];
  const pids = below(root);
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // Already gone with its parent.
    }
  }
  return pids.length;
}
