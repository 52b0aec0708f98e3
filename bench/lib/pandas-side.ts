import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { endChild, root, type Scope } from "./processes";

export interface PandasRound {
  /** Seconds that `describe` and `corr` took, as the process measured them. */
  describe: number;
  corr: number;
  /** By column: count, mean, std, min, 25 %, 50 %, 75 %, max. */
  described: number[][];
  correlation: number[][];
}

export interface PandasSide {
  version: string;
  run(method: "pearson" | "spearman"): Promise<PandasRound>;
}

const python = process.env.PYTHON ?? "/usr/bin/python3";

/** A python process with pandas that holds the columns of a file; undefined where there is none. */
export async function pandasSide(file: string, columns: number, scope: Scope): Promise<PandasSide | undefined> {
  if (!existsSync(python)) return undefined;
  const child = spawn(python, [path.join(root, "bench/lib/pandas_side.py"), file, `${columns}`], {
    stdio: ["pipe", "pipe", "pipe"],
  });
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
  const hello = (await next()) as { pandas: string; numpy: string } | undefined;
  if (!hello) {
    if (complaint.includes("ModuleNotFoundError")) return undefined;
    throw new Error(`${python} ended: ${complaint}`);
  }
  return {
    version: `pandas ${hello.pandas}, numpy ${hello.numpy}`,
    async run(method) {
      child.stdin.write(`${method}\n`);
      const answer = (await next()) as PandasRound | undefined;
      if (!answer) throw new Error(`${python} ended: ${complaint}`);
      return answer;
    },
  };
}
