import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { endChild, root, type Scope } from "./processes";

/** A python process that answers each line with a line of JSON. */
export interface PythonSide {
  /** What it said when it was ready. */
  hello: Record<string, unknown>;
  ask(line: string): Promise<unknown>;
}

const python = process.env.PYTHON ?? "/usr/bin/python3";

/** Starts a script of bench/lib; undefined where there is no python, or a module is missing. */
export async function pythonSide(script: string, args: string[], scope: Scope): Promise<PythonSide | undefined> {
  if (!existsSync(python)) return undefined;
  const child = spawn(python, [path.join(root, "bench/lib", script), ...args], { stdio: ["pipe", "pipe", "pipe"] });
  scope.onEnd(() => endChild(child));
  let complaint = "";
  child.stderr.on("data", (chunk: Buffer) => {
    complaint += String(chunk);
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => {
    const { value, done } = await lines.next();
    return done ? undefined : JSON.parse(value as string);
  };
  const hello = (await next()) as Record<string, unknown> | undefined;
  if (!hello) {
    if (complaint.includes("ModuleNotFoundError")) return undefined;
    throw new Error(`${python} ended: ${complaint}`);
  }
  return {
    hello,
    async ask(line) {
      child.stdin.write(`${line}\n`);
      const answer = await next();
      if (!answer) throw new Error(`${python} ended: ${complaint}`);
      return answer;
    },
  };
}
