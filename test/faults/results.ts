import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { projectRoot } from "../flows/project";
import type { FaultRow, Scale } from "./fault-case";

/** What one case came to, as it stands in a file of the results folder: the long form can be run case by case. */
export interface CaseResult {
  number: number;
  title: string;
  scale: Scale;
  /** ISO 8601, UTC. */
  finishedAt: string;
  commit: string;
  seconds: number;
  rows: FaultRow[];
  /** Why it ended without rows. */
  error?: string;
}

const fileOf = (folder: string, number: number): string =>
  path.join(folder, `case-${String(number).padStart(2, "0")}.json`);

export function saveResult(folder: string, result: CaseResult): void {
  mkdirSync(folder, { recursive: true });
  const file = fileOf(folder, result.number);
  writeFileSync(`${file}.tmp`, `${JSON.stringify(result, null, 2)}\n`);
  renameSync(`${file}.tmp`, file);
}

export function readResult(folder: string, number: number): CaseResult | undefined {
  const file = fileOf(folder, number);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as CaseResult) : undefined;
}

/** A promise that did not hold, a control that did, or a case that broke off. */
export const isAsPromised = ({ rows, error }: Pick<CaseResult, "rows" | "error">): boolean =>
  error === undefined &&
  rows.length > 0 &&
  rows.every(({ held, isControl, isBeyond }) => isBeyond === true || held !== (isControl === true));

/** With `+` where the working tree differs from the commit. */
export function commitOf(): string {
  const git = (...args: string[]): string => execFileSync("git", args, { cwd: projectRoot }).toString().trim();
  try {
    return git("rev-parse", "--short", "HEAD") + (git("status", "--porcelain") === "" ? "" : "+");
  } catch {
    return "unknown";
  }
}

/** The machine and the versions, in one line. */
export function machine(): string {
  const [cpu] = os.cpus();
  const gib = Math.round(os.totalmem() / 2 ** 30);
  const { version } = JSON.parse(
    readFileSync(path.join(projectRoot, "node_modules/node-red/package.json"), "utf8"),
  ) as { version: string };
  return [
    `${os.cpus().length} cores${cpu?.model && cpu.model !== "unknown" ? ` (${cpu.model.trim()})` : ""}, ${gib} GiB`,
    `Node.js ${process.versions.node}`,
    `Node-RED ${version}`,
    versionOf("mosquitto", ["-h"], /mosquitto version (\S+)/),
    versionOf("influxd", ["version"], /InfluxDB v?(\S+)/),
  ].join(", ");
}

function versionOf(program: string, args: string[], pattern: RegExp): string {
  const PATH = `${process.env.PATH}:/usr/sbin:/usr/local/sbin`;
  try {
    const text = execFileSync(program, args, { env: { PATH }, stdio: ["ignore", "pipe", "ignore"] }).toString();
    return `${program} ${pattern.exec(text)?.[1] ?? "?"}`;
  } catch (error) {
    // mosquitto -h ends with 3.
    const text = String((error as { stdout?: Buffer }).stdout ?? "");
    return `${program} ${pattern.exec(text)?.[1] ?? "not installed"}`;
  }
}
