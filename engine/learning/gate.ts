import { quote, Refusal, refuse } from "../contract/errors";
import type { ClassMetrics, RegressionMetrics } from "./metrics";

/** Conditions that a model must meet, said before it is trained. */
export interface Gate {
  text: string;
  conditions: { text: string; metric: GateMetric; relation: Relation; bound: number }[];
}

/** What became of a gate. Without conditions it is passed. */
export interface GateResult {
  text: string;
  passed: boolean;
  /** The conditions that were not met, each with the value that there was: `f1>=0.7 (0.62)`. */
  failed: string[];
}

export const regressionGateMetrics = ["mse", "rmse", "mae", "r2", "mape"] as const;
export const classGateMetrics = [
  "accuracy",
  "precision",
  "recall",
  "f1",
  "precisionMacro",
  "recallMacro",
  "f1Macro",
  "precisionWeighted",
  "recallWeighted",
  "f1Weighted",
  "mcc",
  "rocAuc",
  "averagePrecision",
  "brier",
  "cost",
] as const;
export type GateMetric = (typeof regressionGateMetrics)[number] | (typeof classGateMetrics)[number];
type Relation = ">=" | "<=" | ">" | "<";

const metrics: readonly string[] = [...regressionGateMetrics, ...classGateMetrics];
const pattern = /^([A-Za-z0-9]+)\s*(>=|<=|>|<)\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)$/i;

/** Reads `f1>=0.7`, or several conditions joined by `&&`, `and` or commas. Throws a Refusal that says how to write one. */
export function parseGate(text: string): Gate {
  const parts = text.split(/&&|,|;|\band\b/i).map((part) => part.trim());
  if (text.trim() === "") return { text: "", conditions: [] };
  const conditions = parts.map((part) => {
    const [, name = "", relation, bound] = pattern.exec(part) ?? [];
    const metric = metrics.find((known) => known.toLowerCase() === name.toLowerCase());
    if (!relation || !metric)
      throw new Refusal(
        refuse(
          "bad-request",
          relation
            ? `The gate speaks of ${quote(name)}, which is no metric.`
            : `The gate has ${quote(part)}, which is no condition.`,
          `Write conditions such as f1>=0.7 or rmse<2.5, joined by &&; the metrics are ${metrics.join(", ")}.`,
          { property: "gate" },
        ),
      );
    return { text: part, metric: metric as GateMetric, relation: relation as Relation, bound: Number(bound) };
  });
  return { text: text.trim(), conditions };
}

/** Judges a model by its metrics. A metric that could not be computed meets no condition. */
export function judgeGate(gate: Gate, found: RegressionMetrics | ClassMetrics): GateResult {
  const failed: string[] = [];
  for (const { text, metric, relation, bound } of gate.conditions) {
    const value = (found as Partial<Record<GateMetric, number | null>>)[metric];
    if (value === undefined || value === null || !holds(value, relation, bound))
      failed.push(`${text} (${value === undefined || value === null ? "none" : Number(value.toPrecision(4))})`);
  }
  return { text: gate.text, passed: failed.length === 0, failed };
}

/** Refuses conditions on metrics that this kind of model does not have. */
export function checkGate(gate: Gate, task: "regression" | "classification", hasCosts: boolean): void {
  if (task === "classification" && !hasCosts && gate.conditions.some(({ metric }) => metric === "cost"))
    throw new Refusal(
      refuse("bad-request", "The gate speaks of cost, and there is none.", "Set costMissed and costFalseAlarm.", {
        property: "gate",
      }),
    );
  const own: readonly string[] = task === "regression" ? regressionGateMetrics : classGateMetrics;
  const wrong = gate.conditions.find((condition) => !own.includes(condition.metric));
  if (wrong)
    throw new Refusal(
      refuse(
        "bad-request",
        `The gate speaks of ${wrong.metric}, which a ${task} does not have.`,
        `Its metrics are ${own.join(", ")}.`,
        { property: "gate" },
      ),
    );
}

function holds(value: number, relation: Relation, bound: number): boolean {
  if (relation === ">=") return value >= bound;
  if (relation === "<=") return value <= bound;
  return relation === ">" ? value > bound : value < bound;
}
