import type { Scope } from "../lib/processes";
import type { Measured } from "../lib/rounds";
import { spreadOf } from "../lib/statistics";

export interface BenchCase {
  name: string;
  title: string;
  run(options: RunOptions): Promise<Row[]>;
}

export interface RunOptions {
  scope: Scope;
  /** @default 5 */
  rounds: number;
  /** Of the large table of the case learning. @default 20 */
  trees: number;
  log(text: string): void;
}

/** A line of the table. */
export interface Row {
  what: string;
  /** With its unit, such as "12,300/s (11,900 to 12,700)". */
  value: string;
  /** Compared with what. */
  ratio?: string;
  goal?: string;
  /** Whether the goal was met. */
  met?: boolean;
}

const round = (n: number): string => Math.round(n).toLocaleString("en");

export const perSecond = ({ median, min, max }: { median: number; min: number; max: number }): string =>
  `${round(median)}/s (${round(min)} to ${round(max)})`;

export const rateAndCpu = ({ rates, cpu }: Measured): string => {
  const { median } = spreadOf(cpu);
  return perSecond(spreadOf(rates)) + (Number.isNaN(median) ? "" : `, ${median.toFixed(1)} us of CPU`);
};
