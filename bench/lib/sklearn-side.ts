import { writeFileSync } from "node:fs";
import path from "node:path";
import type { LearningTable } from "./learning-tables";
import type { Scope } from "./processes";
import { pythonSide } from "./python-side";

/** A python process with scikit-learn, kept warm. Times are seconds by its own clock. */
export interface SklearnSide {
  version: string;
  take(table: LearningTable): Promise<void>;
  forest(trees: number, jobs: number, seed: number): Promise<number>;
  /** Of each predict of one row. */
  one(times: number): Promise<number[]>;
  /** Of predicting 10,000 rows. */
  many(jobs: number): Promise<number>;
  pickle(): Promise<{ bytes: number; seconds: number }>;
  linear(threads: number): Promise<{ seconds: number; coefficients: number[]; intercept: number }>;
}

/** Undefined where there is no python or no scikit-learn. */
export async function sklearnSide(scope: Scope): Promise<SklearnSide | undefined> {
  const side = await pythonSide("sklearn_side.py", [], scope);
  if (!side) return undefined;
  const folder = scope.folder("learning");
  const ask = async <T>(order: object): Promise<T> => (await side.ask(JSON.stringify(order))) as T;
  const seconds = async (order: object): Promise<number> => (await ask<{ seconds: number }>(order)).seconds;
  let kind = "class";
  return {
    version: `scikit-learn ${side.hello.sklearn}, numpy ${side.hello.numpy}`,
    async take({ name, rows, features, target, labels }) {
      kind = labels ? "class" : "number";
      const file = path.join(folder, `${name}.f64`);
      const columns = [...features.map(({ values }) => values), target];
      writeFileSync(file, Buffer.concat(columns.map(({ buffer }) => Buffer.from(buffer as ArrayBuffer))));
      await ask({ do: "table", file, rows, columns: columns.length });
    },
    forest: (trees, jobs, seed) => seconds({ do: "forest", kind, trees, jobs, seed }),
    one: async (times) => (await ask<{ each: number[] }>({ do: "one", times })).each,
    many: (jobs) => seconds({ do: "many", jobs }),
    pickle: () => ask({ do: "pickle" }),
    linear: (threads) => ask({ do: "linear", threads }),
  };
}
