import type { Scope } from "./processes";
import { pythonSide } from "./python-side";

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

/** A python process with pandas that holds the columns of a file; undefined where there is none. */
export async function pandasSide(file: string, columns: number, scope: Scope): Promise<PandasSide | undefined> {
  const side = await pythonSide("pandas_side.py", [file, `${columns}`], scope);
  if (!side) return undefined;
  return {
    version: `pandas ${side.hello.pandas}, numpy ${side.hello.numpy}`,
    run: async (method) => (await side.ask(method)) as PandasRound,
  };
}
