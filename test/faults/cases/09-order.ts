import { reportSample } from "../../../engine/twin/report";
import { checkFinalState, type Report } from "../../engine/twin/final-state";
import type { FaultCase, FaultRow } from "../fault-case";

/** Samples that arrive late, twice, out of order or from the future (fast-check makes them up and shrinks what breaks). */
export const faultCase: FaultCase = {
  number: 9,
  title: "Duplicates, shuffles, late and future samples",
  async run(scale, log) {
    const sequences = scale === "long" ? 10_000 : 1000;
    const row = (done: string, report: Report): FaultRow => {
      const { broken, ...figures } = checkFinalState(sequences, report);
      if (broken) log(broken);
      return { done, figures: { ...figures, differentStates: broken ? 1 : 0 }, held: !broken };
    };
    return [
      row("sequences of samples, in order and shuffled with repeats", reportSample),
      { ...row("the same, where the later arrival wins", lastWins), isControl: true },
    ];
  },
};

/** As a flow without times does it: whatever it knows is older than what comes. */
const lastWins: Report = (current, sample, options) => {
  const old = Object.entries(current?.meta ?? {}).map(([name, { quality }]) => [name, { quality, ts: -8.64e15 }]);
  return reportSample(current && { ...current, meta: Object.fromEntries(old) }, sample, options);
};
