// Which MediTwin is at work on a home folder: <home>/running.json.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Stop } from "./install.mjs";

const fileOf = (home) => path.join(home, "running.json");

function read(home) {
  try {
    return JSON.parse(readFileSync(fileOf(home), "utf8"));
  } catch {
    // Absent or torn: nobody is there.
    return undefined;
  }
}

/** After kill -9 the number may be another program's by now. */
function isMeditwin(pid) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error.code === "EPERM";
  }
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("start.mjs");
  } catch {
    return true;
  }
}

/** `{ pid, port }` of another MediTwin at work on that folder. */
export function otherOn(home) {
  const other = read(home);
  return other && other.pid !== process.pid && isMeditwin(other.pid) ? other : undefined;
}

/** True when the last start on that folder did not end in good order; its Node-RED may still be closing. */
export function wasKilled(home) {
  const last = read(home);
  return last !== undefined && !isMeditwin(last.pid);
}

/** Two of them on one home folder would write over each other's data. Gives what to call at the end. */
export function takeHome(home, port) {
  const other = otherOn(home);
  if (other)
    throw new Stop(
      `Another MediTwin (process ${other.pid}, port ${other.port}) is at work on ${home}: stop it, or choose another folder with TWIN_HOME.`,
    );
  writeFileSync(fileOf(home), JSON.stringify({ pid: process.pid, port }));
  return () => rmSync(fileOf(home), { force: true });
}
