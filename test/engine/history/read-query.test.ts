import assert from "node:assert/strict";
import fc from "fast-check";
import { readDuration } from "../../../engine/history/duration";
import { type RawQuery, readHistoryQuery } from "../../../engine/history/history-query";
import { readInstant } from "../../../engine/history/instant";

const now = Date.UTC(2026, 2, 2, 8, 0, 0, 123);

describe("readDuration", () => {
  for (const [text, ms] of [
    ["1ms", 1],
    ["30s", 30_000],
    ["1m", 60_000],
    ["2h", 7_200_000],
    ["7d", 604_800_000],
    ["1w", 604_800_000],
    ["1h30m", 5_400_000],
    ["1h 30m", 5_400_000],
    ["1.5h", 5_400_000],
    ["0.1s", 100],
    ["250", 250],
    [60_000, 60_000],
    [0, 0],
  ] as [unknown, number][])
    it(`${JSON.stringify(text)} is ${ms} ms`, () => assert.equal(readDuration(text), ms));

  for (const value of [
    "",
    "m",
    "-1m",
    "1x",
    "1M",
    "1m;",
    "1 minute",
    "0.5ms",
    1.5,
    -1,
    Number.NaN,
    null,
    [],
    {},
    "1e3s",
  ])
    it(`${JSON.stringify(value)} is none`, () => assert.equal(readDuration(value), undefined));

  it("takes time linear in the text's length", () => assert.equal(readDuration(`${"1".repeat(50_000)}x`), undefined));
});

describe("readInstant", () => {
  for (const [value, ms] of [
    [1_700_000_000_000, 1_700_000_000_000],
    ["1700000000000", 1_700_000_000_000],
    [" -5 ", -5],
    [0, 0],
    ["now", now],
    ["now()", now],
    ["-1h", now - 3_600_000],
    ["-30m", now - 1_800_000],
    ["-7d", now - 604_800_000],
    ["now-1h", now - 3_600_000],
    ["now() - 1h30m", now - 5_400_000],
    ["+10s", now + 10_000],
    ["2026-03-01", Date.UTC(2026, 2, 1)],
    ["2026-03-01T08:00:00Z", Date.UTC(2026, 2, 1, 8)],
    ["2026-03-01T08:00:00.5Z", Date.UTC(2026, 2, 1, 8, 0, 0, 500)],
    ["2026-03-01T08:00:00.123456789Z", Date.UTC(2026, 2, 1, 8, 0, 0, 123)],
    ["2026-03-01T08:00:00+02:00", Date.UTC(2026, 2, 1, 6)],
    ["2026-03-01T08:00:00-0530", Date.UTC(2026, 2, 1, 13, 30)],
    ["2026-03-01T08:00+08", Date.UTC(2026, 2, 1, 0)],
    ["2026-03-01 08:00:00", Date.UTC(2026, 2, 1, 8)],
    ["2026-03-01T08:00", Date.UTC(2026, 2, 1, 8)],
    [new Date(now), now],
  ] as [unknown, number][])
    it(`${String(value)} is ${new Date(ms).toISOString()}`, () => assert.equal(readInstant(value, now), ms));

  it("reads what Date writes", () => {
    fc.assert(
      fc.property(fc.date({ noInvalidDate: true, min: new Date(0), max: new Date("9999-12-31") }), (date) => {
        assert.equal(readInstant(date.toISOString(), now), date.getTime());
        assert.equal(readInstant(String(date.getTime()), now), date.getTime());
      }),
    );
  });

  for (const value of [
    "",
    "yesterday",
    "1h",
    "- 1 hour",
    "2026-13-01",
    "2026-02-30T25:00Z",
    "Nov 24",
    "2026-3-1",
    1.5,
    9e15,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    new Date(Number.NaN),
    true,
    null,
    {},
    "-1h; DROP",
    "now-",
  ])
    it(`${String(value)} is none`, () => assert.equal(readInstant(value, now), undefined));

  it("is the same whatever the machine's time zone", () => {
    const before = process.env.TZ;
    try {
      for (const zone of ["Asia/Shanghai", "America/New_York"]) {
        process.env.TZ = zone;
        assert.equal(readInstant("2026-03-01T08:00", now), Date.UTC(2026, 2, 1, 8));
      }
    } finally {
      if (before === undefined) delete process.env.TZ;
      else process.env.TZ = before;
    }
  });
});

describe("readHistoryQuery", () => {
  const defaults = {
    twin: "*",
    properties: [],
    start: now - 3_600_000,
    end: now,
    aggregate: "none",
    windowMs: 0,
    fill: "none",
    limit: 0,
  };

  it("gives every absent key its default", () => {
    assert.deepEqual(readHistoryQuery({}, now), defaults);
    const blank = {
      twin: "",
      properties: "",
      start: null,
      end: " ",
      window: "",
      aggregate: "",
      fill: undefined,
      limit: "",
    };
    assert.deepEqual(readHistoryQuery(blank as RawQuery, now), defaults);
  });

  it("reads every key", () => {
    const raw: RawQuery = {
      twin: " press-* ",
      properties: ["a", " b c ", "a"],
      start: "-2h",
      end: "-1h",
      window: "5m",
      aggregate: "mean",
      fill: "0.5",
      limit: "10",
    };
    assert.deepEqual(readHistoryQuery(raw, now), {
      twin: "press-*",
      properties: ["a", "b c"],
      start: now - 7_200_000,
      end: now - 3_600_000,
      aggregate: "mean",
      windowMs: 300_000,
      fill: 0.5,
      limit: 10,
    });
  });

  it("ignores what the chosen aggregate does not use, whatever its value", () => {
    assert.deepEqual(readHistoryQuery({ window: "nonsense", fill: "nonsense" }, now), defaults);
    assert.equal(readHistoryQuery({ aggregate: "mean", fill: "nonsense" }, now).fill, "none");
  });

  for (const [raw, code, text] of [
    [{ start: "yesterday" }, "bad-time", /^start is "yesterday"\.$/],
    [{ end: {} }, "bad-time", /^end is/],
    [{ start: "now", end: "-1h" }, "bad-time", /^start \(2026-03-02T08:00:00.123Z\) is after end/],
    [{ twin: "a b" }, "bad-id", /^twin is "a b"/],
    [{ twin: "constructor" }, "bad-id", /^twin/],
    [{ twin: ["a"] }, "bad-id", /^twin is an array/],
    [{ twin: `${"a".repeat(200)}*` }, "bad-id", /^twin/],
    [{ properties: ["ok", "__proto__"] }, "bad-name", /^properties is "__proto__"/],
    [{ properties: "time" }, "bad-name", /^properties is "time"/],
    [{ properties: "id" }, "bad-name", /^properties is "id"/],
    [{ properties: [{}] }, "bad-name", /^properties/],
    [{ properties: 'a,"b' }, "bad-name", /^properties/],
    [{ properties: Array.from({ length: 1001 }, (_, i) => `p${i}`) }, "too-large", /^properties is an array of 1001/],
    [{ aggregate: "average" }, "bad-request", /^aggregate is "average"/],
    [{ aggregate: "mean", window: "1 month" }, "bad-request", /^window is "1 month"/],
    [{ aggregate: "mean", window: "1m", fill: "zero" }, "bad-request", /^fill is "zero"/],
    [{ aggregate: "mean", window: "1m", fill: [1] }, "bad-request", /^fill/],
    [{ limit: -1 }, "bad-request", /^limit is -1/],
    [{ limit: "1.5" }, "bad-request", /^limit is "1.5"/],
    [{ limit: "ten" }, "bad-request", /^limit/],
  ] as [RawQuery, string, RegExp][])
    it(`refuses ${JSON.stringify(raw).slice(0, 60)} as ${code}, with the fix`, () => {
      assert.throws(
        () => readHistoryQuery(raw, now),
        (error: { name: string; code: string; info: { message: string; hint: string } }) => {
          assert.equal(error.name, "Refusal");
          assert.equal(error.code, code);
          assert.match(error.info.message, text);
          assert.ok(error.info.hint.length > 10);
          return true;
        },
      );
    });

  it("calls fields as they are called where they came from", () => {
    assert.throws(() => readHistoryQuery({ limit: -1 }, now, (key) => `msg.query.${key}`), /msg\.query\.limit is -1/);
  });

  it("refuses or reads anything, and never fails otherwise", () => {
    const keys = ["twin", "properties", "start", "end", "window", "aggregate", "fill", "limit"];
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...keys), fc.anything()), (raw) => {
        try {
          readHistoryQuery({ aggregate: "mean", ...raw } as RawQuery, now);
        } catch (error) {
          assert.equal((error as Error).name, "Refusal");
        }
      }),
    );
  });
});
