import assert from "node:assert/strict";
import type { TwinDocument } from "../../engine/contract/document";
import { emptyDocument } from "../../engine/twin/empty-document";
import { check, type Evidence, isWhole } from "./checker";
import type { HistoryRow } from "./history";
import { bodyOf, twinOf, twins } from "./sample";

const ts = 1_700_000_000_000;

/** Four samples each of two twins, as they should be found. */
function sound(): Evidence {
  const numbers = [0, 1].flatMap((twin) => [0, 1, 2, 3].map((round) => twin + round * twins));
  const rows = numbers.map((n) => ({ id: twinOf(n), ...bodyOf(n, ts + n) }));
  const documents = [0, 1].map((twin) => {
    const { n, value, seq } = bodyOf(twin + 3 * twins, ts);
    const meta = { n: { ts, quality: "good" as const, seq } };
    return { ...emptyDocument(twinOf(twin), ts), rev: 4, reported: { n, value }, meta };
  });
  const changes = numbers.map((n) => [twinOf(n), n] as [string, number]);
  return { acknowledged: numbers, rows, refused: [], twins: documents, changes };
}

describe("the checker of npm run faults", () => {
  it("finds nothing where nothing is wrong, samples that were not acknowledged included", () => {
    const evidence = sound();
    assert.equal(isWhole(check(evidence)), true);
    assert.equal(isWhole(check({ ...evidence, acknowledged: evidence.acknowledged.slice(2) })), true);
  });

  it("finds what is lost, unless it was refused", () => {
    const evidence = sound();
    const rows = evidence.rows.filter(({ n }) => n !== 100);
    assert.equal(check({ ...evidence, rows }).lost, 1);
    assert.equal(isWhole(check({ ...evidence, rows })), false);
    assert.equal(check({ ...evidence, rows, refused: [100] }).lost, 0);
    assert.equal(isWhole(check({ ...evidence, rows, refused: [100] })), true);
  });

  it("finds what was applied twice: in the history, as a change, and by the revision", () => {
    const evidence = sound();
    const again = { ...evidence.rows[0], ts: ts + 999 } as HistoryRow;
    assert.equal(check({ ...evidence, rows: [...evidence.rows, again] }).appliedTwice, 1);
    assert.equal(check({ ...evidence, changes: [...evidence.changes, [twinOf(100), 100]] }).appliedTwice, 1);
    const changed = evidence.twins.map((twin) => ({ ...twin, rev: 5 }));
    assert.equal(check({ ...evidence, twins: changed }).appliedTwice, 2);
  });

  it("finds rows that hold something else, and twins that stand elsewhere", () => {
    const evidence = sound();
    const bent = evidence.rows.map((row) => (row.n === 101 ? { ...row, value: -1 } : row));
    assert.equal(check({ ...evidence, rows: bent }).damaged, 1);
    const strayed = evidence.rows.map((row) => (row.n === 101 ? { ...row, id: twinOf(0) } : row));
    assert.equal(check({ ...evidence, rows: strayed }).damaged, 1);
    const behind = evidence.twins.map((twin) => ({ ...twin, reported: { ...twin.reported, n: 200 } }));
    assert.equal(check({ ...evidence, twins: behind }).wrongTwins, 2);
    assert.equal(check({ ...evidence, twins: [] }).wrongTwins, 2);
  });

  it("does not take silence for a proof", () => {
    assert.equal(
      isWhole(check({ acknowledged: [], rows: [], refused: [], twins: [], changes: [] })),
      false,
      "nothing was acknowledged",
    );
  });

  it("takes what arrived last for the newest where samples bring no time, and asks for no seq where they bring none", () => {
    const evidence = sound();
    // The first sample of the first twin was sent again, and arrived after the others.
    const rows = evidence.rows.map((row) => (row.n === 0 ? { ...row, ts: ts + 9999 } : row));
    assert.equal(check({ ...evidence, rows, byArrival: true }).wrongTwins, 1);
    const [first, second] = evidence.twins as [TwinDocument, TwinDocument];
    const { n, value, seq } = bodyOf(0, ts);
    const meta = { n: { ts: ts + 9999, quality: "good" as const, seq } };
    const late = { ...evidence, rows, twins: [{ ...first, reported: { n, value }, meta }, second] };
    assert.equal(check({ ...late, byArrival: true }).wrongTwins, 0);
    assert.equal(check(late).wrongTwins, 1);
    assert.equal(check({ ...late, byArrival: true, withoutSeq: true }).wrongTwins, 2);
  });
});
