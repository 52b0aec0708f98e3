import assert from "node:assert/strict";
import fc from "fast-check";
import { readColumn } from "../../../engine/plot/column";
import { domainOf, largestDrawable, niceTicks } from "../../../engine/plot/nice-ticks";
import { fixed, significant } from "../../../engine/plot/number-text";
import { escapeXml, shorten, textWidth, wrap } from "../../../engine/plot/text";
import { timeTicks } from "../../../engine/plot/time-ticks";
import { valueAxis } from "../../../engine/plot/value-axis";
import { columnOf } from "./requests";

const axisOf = (values: number[], language: "en-US" | "zh-CN" = "en-US", unit = "") =>
  valueAxis(readColumn(columnOf("x", values, { unit })), 300, true, language);
const labels = (values: number[], language: "en-US" | "zh-CN" = "en-US"): string[] =>
  axisOf(values, language).ticks.map(({ label }) => label);

describe("axes", () => {
  it("have ticks on round numbers", () => {
    assert.deepEqual(niceTicks(0, 1, 5).values, [0, 0.2, 0.4, 0.6, 0.8, 1]);
    assert.deepEqual(niceTicks(-7, 13, 4).values, [-5, 0, 5, 10]);
    assert.deepEqual(niceTicks(0.1, 0.34, 5).values, [0.1, 0.15, 0.2, 0.25, 0.3]);
    assert.deepEqual(niceTicks(1e9, 4e9, 3).values, [1e9, 2e9, 3e9, 4e9]);
  });

  it("hold all values, with finite ticks within, ascending, whatever the values are", () => {
    const value = fc.oneof(
      fc.double({ min: -largestDrawable, max: largestDrawable, noNaN: true }),
      fc.double({ min: -1000, max: 1000, noNaN: true }),
      fc.constantFrom(0, -0, 1e-300, 5e-324, 1e300, -1e300, 1e17, 1e17 + 64),
    );
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 6 }), (values) => {
        const axis = axisOf(values);
        assert.ok(axis.lo < axis.hi);
        for (const one of values) assert.ok(axis.at(one) >= 0 && axis.at(one) <= 1, `${one} in ${axis.lo}, ${axis.hi}`);
        assert.ok(axis.ticks.length < 50);
        axis.ticks.forEach((tick, i) => {
          assert.ok(
            tick.value >= axis.lo - 1e-9 * (axis.hi - axis.lo) && tick.value <= axis.hi + 1e-9 * (axis.hi - axis.lo),
          );
          if (i > 0) assert.ok(tick.value > axis.ticks[i - 1]!.value);
          assert.doesNotMatch(tick.label, /NaN|∞|undefined/);
        });
        assert.equal(
          new Set(axis.ticks.map(({ label }) => label)).size,
          axis.ticks.length,
          "every tick has its own label",
        );
      }),
      { numRuns: 500 },
    );
  });

  it("make room around one value, and around values that differ in their last digits only", () => {
    assert.deepEqual(domainOf(0, 0), { lo: -1, hi: 1 });
    assert.deepEqual(domainOf(20, 20), { lo: 19, hi: 21 });
    assert.deepEqual(domainOf(-1e300, -1e300), { lo: -1.05e300, hi: -0.95e300 });
    const { lo, hi } = domainOf(1, 1 + 2 ** -52);
    assert.ok(hi - lo > 0.09);
  });

  it("share a power of ten, and what is common to close values, in the caption", () => {
    assert.deepEqual(labels([0, 4e9]).slice(0, 3), ["0.0", "0.5", "1.0"]);
    assert.equal(axisOf([0, 4e9], "en-US", "Pa").caption, "x (×10⁹ Pa)");
    assert.equal(axisOf([0, 4e-7], "zh-CN", "m").caption, "x（×10⁻⁷ m）");
    assert.deepEqual(labels([0, 40_000]).slice(0, 2), ["0", "10,000"]);
    const close = axisOf([1e9, 1e9 + 2]);
    assert.equal(close.caption, "x (from 1×10⁹)");
    assert.ok(
      close.ticks.every(({ label }, i) => (i === 0 ? label === "0.0" : /^\+\d\.\d$/.test(label))),
      "offsets",
    );
  });

  it("of time have ticks on round instants, in the words of the language", () => {
    const at = (text: string): number => Date.parse(`${text}Z`);
    const shown = (from: string, to: string, language: "en-US" | "zh-CN" = "en-US") =>
      timeTicks(at(from), at(to), 600, language).map(({ label, context }) => (context ? `${label}|${context}` : label));
    assert.deepEqual(shown("2013-12-31T21:00:00", "2014-01-01T03:30:00").slice(0, 5), [
      "21:00|Dec 31, 2013",
      "22:00",
      "23:00",
      "00:00|Jan 1, 2014",
      "01:00",
    ]);
    assert.deepEqual(shown("2013-11-20T00:00:00", "2014-04-05T00:00:00"), [
      "Dec|2013",
      "Jan|2014",
      "Feb",
      "Mar",
      "Apr",
    ]);
    assert.deepEqual(shown("2013-11-20T00:00:00", "2014-04-05T00:00:00", "zh-CN").slice(0, 2), [
      "12月|2013年",
      "1月|2014年",
    ]);
    assert.deepEqual(shown("2024-02-27T00:00:00", "2024-03-04T00:00:00").slice(2, 5), ["Feb 29", "Mar 1", "Mar 2"]);
    assert.deepEqual(shown("2024-01-01T00:00:00.100", "2024-01-01T00:00:00.160")[0], "00:00:00.100|Jan 1, 2024");
    assert.equal(shown("1900-01-01T00:00:00", "2024-01-01T00:00:00")[1], "1920");
  });

  it("of time have ticks for any two instants", () => {
    const instant = fc.double({ min: -8.64e15, max: 8.64e15, noNaN: true });
    fc.assert(
      fc.property(instant, instant, fc.constantFrom("en-US", "zh-CN"), (a, b, language) => {
        const { lo, hi } = domainOf(Math.min(a, b), Math.max(a, b), 0.01);
        const [from, to] = [Math.max(lo, -8.64e15), Math.min(hi, 8.64e15)];
        const ticks = timeTicks(from, to, 800, language);
        assert.ok(ticks.length <= 100);
        for (const { value, label } of ticks)
          assert.ok(value >= from && value <= to && label !== "" && !label.includes("Invalid"));
      }),
    );
  });

  it("write numbers as the language does", () => {
    assert.equal(fixed(-0.04, 1, "en-US"), "0.0");
    assert.equal(fixed(-1234.5, 1, "en-US"), "−1,234.5");
    assert.equal(significant(0.000012345, 3, "en-US"), "1.23×10⁻⁵");
    assert.equal(significant(-123456789, 4, "zh-CN"), "−1.235×10⁸");
    assert.equal(significant(0, 4, "en-US"), "0");
  });
});

describe("texts in pictures", () => {
  it("are escaped, without what XML cannot hold or what turns the direction of writing", () => {
    assert.equal(escapeXml(`<script>"&'`), "&lt;script&gt;&quot;&amp;&#39;");
    assert.equal(escapeXml("a\u0000b\ud800c\ufffe\u202e"), "a\ufffdb\ufffdc\ufffd\ufffd");
    assert.equal(escapeXml("硬度 💊 µm²"), "硬度 💊 µm²");
  });

  it("are broken and cut to a width", () => {
    assert.deepEqual(wrap("tbl_max_hardness (N)", 90, 11, 2), ["tbl_max_", "hardness (N)"]);
    fc.assert(
      fc.property(fc.string({ maxLength: 80, unit: "grapheme" }), fc.integer({ min: 30, max: 300 }), (text, width) => {
        assert.ok(textWidth(shorten(text, width, 11), 11) <= width + 1e-9);
        const lines = wrap(text, width, 11, 3);
        assert.ok(lines.length <= 3);
        for (const one of lines) assert.ok(textWidth(one, 11) <= width + 1e-9, one);
      }),
    );
  });
});
