import type { FlowNode } from "./flows";

/** One training after another: a table of 20,000 rows x 10 that is made once, to twin-train once a second, which queues what comes too soon. */
export const trainingFlow = (): FlowNode[] => [
  { id: "tick", type: "inject", props: [], repeat: "1", once: true, onceDelay: "0.1", wires: [["rows"]] },
  {
    id: "rows",
    type: "function",
    outputs: 1,
    func: `
      context.rows ??= Array.from({ length: 20000 }, (_, i) => {
        const row = {};
        for (let c = 0; c < 10; c++) row["x" + c] = ((i * (7919 + 104729 * c)) % 10007) / 10007;
        row.y = Math.sin(9 * row.x0) + row.x1 * row.x2 + 0.1 * row.x3;
        return row;
      });
      return { payload: context.rows };`,
    wires: [["train"]],
  },
  {
    id: "train",
    type: "twin-train",
    modelName: "beside",
    algorithm: "forest-regressor",
    target: "y",
    trees: 20,
    wires: [[], [], []],
  },
];

/** Beside it a thread that only counts: what an occupied core alone costs. */
export const countingFlow = (): FlowNode[] => [
  { id: "tick", type: "inject", props: [], once: true, onceDelay: "0.1", wires: [["count"]] },
  { id: "count", type: "function", outputs: 0, func: 'global.get("bench").count();', wires: [] },
];
