import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import type { TwinDocument } from "../../../engine/contract/document";
import type { Sample } from "../../../engine/contract/messages";
import { desire } from "../../../engine/twin/desired";
import { emptyDocument } from "../../../engine/twin/empty-document";
import { type ReportOptions, reportSample } from "../../../engine/twin/report";

export type Report = typeof reportSample;

export interface Verdict {
  /** Sequences tried. */
  sequences: number;
  /** Samples applied in all of them, repeats included. */
  samples: number;
  /** The smallest sequence that ended in two states, as text. */
  broken?: string;
}

/** What the twin goes by, besides the samples. */
export type World = Pick<ReportOptions, "model" | "maxSkewMs">;

const now = 5;
const far = 4_102_444_800_000;
const samples = fc.array(
  fc.record(
    {
      // Few values each: clashes are what is looked for. The last are of 2100.
      ts: fc.constantFrom(-1, 0, now, 10, 11, 12, far, far + 1),
      seq: fc.nat({ max: 2 }),
      model: fc.constantFrom("press", "pump"),
      values: fc.dictionary(
        fc.constantFrom("a", "b", "valueOf"),
        fc.oneof(
          fc.constantFrom(null, 0, -0, 1, true, false, "", "1"),
          fc.double({ noNaN: true, noDefaultInfinity: true }),
          fc.string(),
        ),
      ),
      quality: fc.dictionary(fc.constantFrom("a", "b"), fc.constantFrom("good", "uncertain", "bad")),
    },
    { requiredKeys: ["ts", "values"] },
  ),
  { minLength: 1, maxLength: 8 },
);
const sequences = fc.record({
  samples,
  hasWish: fc.boolean(),
  /** Which of the samples arrive again. */
  repeats: fc.array(fc.nat(), { maxLength: 8 }),
  dice: fc.array(fc.nat(), { minLength: 16, maxLength: 16 }),
});

/**
 * Sends each sequence of samples (late ones, ones of the future, some without `seq`, quality or model) in its order, and
 * shuffled with repeats through a document that is stored and read again each time. Both must end in the same document but
 * for what counts and announces changes (`rev`, `updatedAt`, `ack`, `loop`, `announced`); after that, all of them again must change nothing at all.
 */
export function checkFinalState(runs: number, report: Report = reportSample, world: World = {}, seed = 1): Verdict {
  const verdict: Verdict = { sequences: 0, samples: 0 };
  const result = fc.check(
    fc.property(sequences, ({ samples: list, hasWish, repeats, dice }) => {
      const inOrder = list.map((one) => ({ id: "press-6", ...one }) as Sample);
      const arriving = [...inOrder, ...repeats.map((k) => inOrder[k % inOrder.length] as Sample)]
        .map((sample, k) => ({ sample, key: dice[k] as number }))
        .sort((a, b) => a.key - b.key)
        .map(({ sample }) => sample);
      const start = hasWish ? wished() : undefined;
      const apply = (doc: TwinDocument | undefined, sample: Sample) => report(doc, sample, { ...world, now }).document;
      const one = inOrder.reduce(apply, start) as TwinDocument;
      const other = arriving.reduce((doc, sample) => stored(apply(doc, sample)), start) as TwinDocument;
      verdict.sequences++;
      verdict.samples += inOrder.length + 2 * arriving.length;
      if (!isDeepStrictEqual(stateOf(one), stateOf(other))) return false;
      const again = arriving.reduce(apply, other);
      return isDeepStrictEqual(again, other);
    }),
    { numRuns: runs, seed },
  );
  if (result.failed) verdict.broken = fc.defaultReportMessage(result) ?? "no report";
  return verdict;
}

function wished(): TwinDocument {
  const result = desire(emptyDocument("press-6", 1), { a: 1, b: "x" }, { now: 1 });
  if ("error" in result) throw new Error(result.error.message);
  return result.document;
}

const stored = (document: TwinDocument): TwinDocument => JSON.parse(JSON.stringify(document)) as TwinDocument;

/** Without what counts and names changes. `stored` drops absent fields, which say nothing. */
function stateOf(document: TwinDocument): unknown {
  const { rev, updatedAt, ack, loop, ...state } = stored(document);
  for (const meta of Object.values(state.meta)) delete meta.announced;
  return state;
}
