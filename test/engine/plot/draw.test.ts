import assert from "node:assert/strict";
import { Refusal } from "../../../engine/contract/errors";
import { randomOf } from "../../../engine/learning/random";
import { draw, type PlotKind, type PlotRequest, plotKinds } from "../../../engine/plot/draw";
import { columnOf, normalColumns, requestOf, someTablets, tabletCodes, tablets, textsIn } from "./requests";

const bytes = (svg: string): number => Buffer.byteLength(svg);
const refusalOf = (request: PlotRequest): string => {
  try {
    draw(request);
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
  return "drawn";
};
const hardness = (more = {}) => tablets(["tbl_av_hardness"], { unit: "N", lsl: 40, target: 52, usl: 60, ...more });

describe("pictures", () => {
  for (const kind of plotKinds) {
    it(`${kind}: the same request gives the same text, self-contained, with a name and a description`, () => {
      const request = requestOf({ kind, columns: tablets(someTablets), group: tabletCodes(), title: "Batches" });
      const svg = draw(request);
      assert.equal(draw(request), svg);
      assert.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" class="mt-plot mt-auto" viewBox="0 0 \d+ \d+"/);
      const [, title, description] = svg.match(/role="img" lang="en-US" aria-labelledby="(\S+) (\S+)"/)!;
      assert.match(
        svg,
        new RegExp(
          `<title id="${title}">Batches – [^<]*tbl_av_hardness[^<]*</title><desc id="${description}">[^<]{30,}`,
        ),
      );
      assert.doesNotMatch(
        svg.replace("http://www.w3.org/2000/svg", ""),
        /<script|<image|<use|href|url\(|@import|https?:|\son[a-z]+=/i,
      );
    });

    it(`${kind}: nothing to draw is refused, and so are columns of unequal length`, () => {
      assert.equal(refusalOf(requestOf({ kind, columns: [] })), "too-few-rows");
      assert.equal(refusalOf(requestOf({ kind, columns: [columnOf("a", [])] })), "too-few-rows");
      assert.equal(
        refusalOf(requestOf({ kind, columns: [columnOf("a", [Number.NaN, Number.POSITIVE_INFINITY])] })),
        "too-few-rows",
      );
      assert.equal(refusalOf(requestOf({ kind, columns: [columnOf("a", [1, 2])], rows: 3 })), "bad-request");
      assert.equal(
        refusalOf(requestOf({ kind, columns: [columnOf("a", [1])], group: { name: "g", values: [] } })),
        "bad-request",
      );
      assert.equal(
        refusalOf(requestOf({ kind, columns: [columnOf("a", [1])], time: Float64Array.of() })),
        "bad-request",
      );
    });

    it(`${kind}: tells of missing and infinite values, of empty columns and of those that are left out`, () => {
      const part = columnOf("part", [1, Number.NaN, 3, Number.POSITIVE_INFINITY]);
      const texts = textsIn(
        draw(requestOf({ kind, columns: [part, columnOf("void", [Number.NaN, Number.NaN, Number.NaN, Number.NaN])] })),
      );
      assert.ok(texts.includes("Missing: part 1."));
      assert.ok(texts.includes("Infinite, not shown: part 1."));
      assert.ok(texts.includes("Without any number: void."));
      const many = Array.from({ length: 60 }, (_, i) => columnOf(`c${i}`, [i, i + 1, i + 4]));
      const note = textsIn(draw(requestOf({ kind, columns: many }))).find((text) => text.startsWith("The first"));
      assert.match(note ?? "", /^The first (12|40) of 60 columns are shown\.$/);
    });

    it(`${kind}: hostile names are text and nothing else`, () => {
      const evil = `"><script>alert(1)</script><image href='http://x'/>&amp;\u0000${"x".repeat(40)}`;
      const svg = draw(
        requestOf({
          kind,
          columns: [columnOf(evil, [1, 2, 4], { label: evil, unit: evil, lsl: 0, usl: 3 }), columnOf("b", [2, 1, 5])],
          group: { name: evil, values: [evil, "</svg>", null] },
          title: evil,
        }),
      );
      assert.doesNotMatch(svg, /<script|<image|\0/);
      assert.equal(svg.match(/<\/svg>/g)?.length, 1);
      assert.match(svg, /&lt;script&gt;/);
    });

    it(`${kind}: every word is in the page's language`, () => {
      const request = requestOf({
        kind,
        columns: hardness({ label: "硬度" }),
        group: { ...tabletCodes(), name: "代码" },
        language: "zh-CN",
      });
      const words = [...draw(request).matchAll(/<(?:text|title|desc)[^>]*>([^<]*)</g)].flatMap(
        (match) => match[1]!.match(/[A-Za-z]{2,}/g) ?? [],
      );
      const names = ["Freedman", "Diaconis", "Sturges", "Tukey", "numpy", "auto", "UTC", "Pearson", "quot"];
      assert.deepEqual(
        words.filter((word) => !names.includes(word)),
        [],
      );
    });
  }

  it("in a theme of one's own bring only its colours, and paper is always light", () => {
    const of = (theme: PlotRequest["theme"]): string =>
      draw(requestOf({ kind: "histogram", columns: hardness(), theme }));
    assert.match(of(undefined), /@media screen and \(prefers-color-scheme:dark\)/);
    assert.doesNotMatch(of("light"), /@media/);
    assert.match(of("dark"), /@media screen\{\.mt-plot\.mt-dark /);
    const selectors = [
      ...of("auto")
        .match(/<style>(.*)<\/style>/s)![1]!
        .matchAll(/([^{}]+)\{/g),
    ].map((match) => match[1]!);
    for (const selector of selectors)
      assert.match(selector, /^(\.mt-plot|@media)/, "no rule may touch the page around it");
  });
});

describe("the pair plot", () => {
  it("has a panel for every two columns, coefficients as R's with stars, and n where rows are missing", () => {
    const texts = textsIn(draw(requestOf({ kind: "pair", columns: tablets(someTablets), group: tabletCodes() })));
    // cor.test(tbl_tensile, api_water): 0.5416, p < 2e-16, 304 rows.
    assert.ok(texts.includes("0.54***") && texts.includes("n = 304"));
    assert.ok(
      texts.includes("13 0.97***") && texts.includes("23 0.98***"),
      "of hardness and tensile strength in each group",
    );
    assert.ok(texts.includes("13 (131)") && texts.includes("23 (187)"), "legend");
    assert.ok(texts.includes("All rows are shown: 318."));
  });

  it("takes coefficients that are given, and tells which they are", () => {
    const columns = tablets(["tbl_tensile", "api_water"]);
    const correlation = {
      method: "spearman" as const,
      use: "complete" as const,
      columns: ["api_water", "tbl_tensile"],
      matrix: [
        [1, -0.77],
        [-0.77, 1],
      ],
      p: [
        [null, 0.02],
        [0.02, null],
      ],
    };
    const texts = textsIn(draw(requestOf({ kind: "pair", columns, correlation, group: tabletCodes() })));
    assert.ok(texts.includes("−0.77*"));
    assert.ok(texts.some((text) => text === "Correlation: Spearman, of the rows in which all columns have a value."));
    assert.ok(!texts.some((text) => /^13 -?0/.test(text)), "Pearson's of the groups would not fit to it");
  });

  const columns = normalColumns(6, 10_000);
  const lines = (groups: number) => ({
    name: "line",
    values: Array.from({ length: 10_000 }, (_, i) => `line ${i % groups}`),
  });

  it("counts more than maxPoints rows in hexagons, all of them", () => {
    const svg = draw(requestOf({ kind: "pair", columns }));
    assert.match(svg, /All 10,000 rows are counted in hexagons; the strongest colour stands for \d+/);
    assert.doesNotMatch(svg, /class="dot/);
    const twoPlaces = Float64Array.from({ length: 10_000 }, (_, i) => (i < 9000 ? 1 : 2));
    const heaps = draw(
      requestOf({ kind: "pair", columns: [columnOf("a", twoPlaces), columnOf("b", twoPlaces)], maxPoints: 10 }),
    );
    assert.match(heaps, /All 10,000 rows are counted in hexagons; the strongest colour stands for 9,000/);
  });

  it("samples more than maxPoints rows of groups, and always shows the extremes of every column", () => {
    const spike = columns.map((column, i) => ({
      ...column,
      values: column.values.map((value, row) => (row === 7777 && i === 0 ? 500 : value)),
    }));
    const svg = draw(requestOf({ kind: "pair", columns: spike, group: lines(3), maxPoints: 50 }));
    const [, shown] = svg.match(/Shown as points: (\d+) of 10,000 rows/)!;
    assert.ok(Number(shown) >= 50 && Number(shown) <= 62);
    // 96 % of a panel's width, in half pixels: where the axis has its greatest value.
    const points = [...svg.matchAll(/<path class="(?:dot|sq|tri)b? pt [^"]*" transform="scale\(\.5\)" d="M(\d+) /g)];
    assert.ok(points.length >= 45);
    const isShown = [...svg.matchAll(/ pt [^"]*" transform="scale\(\.5\)" d="([^"]*)"/g)].some((match) => {
      let x = 0;
      let right = 0;
      for (const [, dx] of match[1]!.matchAll(/[Mm](-?\d+)/g)) {
        x += Number(dx);
        right = Math.max(right, x);
      }
      return right > 220;
    });
    assert.ok(isShown);
  });

  for (const groups of [0, 3, 40])
    for (const maxPoints of [2000, 10_000])
      it(`stays under 400 kB with 6 columns of 10,000 rows, ${groups} groups, maxPoints ${maxPoints}`, () => {
        const svg = draw(
          requestOf({ kind: "pair", columns, maxPoints, ...(groups > 0 ? { group: lines(groups) } : {}) }),
        );
        assert.ok(bytes(svg) < 400_000, `${bytes(svg)}`);
        assert.ok(bytes(svg) > 50_000);
      });

  it("stays under 400 kB also with all the columns it can have, full of points everywhere", () => {
    const random = randomOf(9);
    const even = Array.from({ length: 12 }, (_, i) =>
      columnOf(
        `c${i}`,
        Array.from({ length: 10_000 }, () => random.next()),
      ),
    );
    for (const group of [undefined, lines(7)]) {
      const svg = draw(requestOf({ kind: "pair", columns: even, group, maxPoints: 10_000 - 1 }));
      assert.ok(bytes(svg) < 400_000, `${bytes(svg)}`);
    }
  });

  it("puts all further groups together, with how many these are", () => {
    const texts = textsIn(draw(requestOf({ kind: "pair", columns, group: lines(200) })));
    assert.ok(texts.includes("others (193) (9,650)"));
    assert.ok(texts.includes("line 0 (50)"));
  });
});

describe("a histogram", () => {
  it("shows limits and target, n, mean, sd and what lies outside, and names its rule", () => {
    const texts = textsIn(draw(requestOf({ kind: "histogram", columns: hardness() })));
    for (const text of ["LSL 40", "Target 52", "USL 60", "tbl_av_hardness (N)", "Count"])
      assert.ok(texts.includes(text), text);
    assert.ok(texts.includes("n = 318 · mean 51.38 · sd 4.5 · outside 4 (1.3%)"), texts.join("|"));
    assert.ok(texts.some((text) => text.includes("Freedman–Diaconis") && text.includes("11 bins")));
  });

  it("points to limits that are far away instead of shrinking to a line", () => {
    const texts = textsIn(draw(requestOf({ kind: "histogram", columns: hardness({ lsl: -9000, usl: 40_000 }) })));
    assert.ok(texts.includes("◂ LSL −9,000") && texts.includes("USL 40,000 ▸"));
  });
});

describe("box plots", () => {
  it("are one for each group, with its rows and its numbers", () => {
    const svg = draw(requestOf({ kind: "box", columns: hardness(), group: tabletCodes() }));
    assert.equal(svg.match(/class="bx /g)?.length, 2);
    assert.ok(textsIn(svg).includes("n 131") && textsIn(svg).includes("n 187"));
    assert.match(svg, /<title>40 \| 46 \| 49 \| 54 \| 61<\/title>/);
  });

  it("of 200 groups show the 40 largest, in natural order, and say so", () => {
    const values = Float64Array.from({ length: 2000 }, (_, i) => (i * 37) % 101);
    const group = {
      name: "batch",
      values: Array.from(values, (_, i) => (i % 20 === 0 ? "batch 9" : `batch ${i % 200}`)),
    };
    const texts = textsIn(draw(requestOf({ kind: "box", columns: [columnOf("x", values)], group })));
    assert.ok(texts.some((text) => /^The 40 largest of \d+ groups of batch are shown\.$/.test(text)));
    const batches = texts.filter((text) => text.startsWith("batch ")).map((text) => Number(text.slice(6)));
    assert.deepEqual(
      batches,
      [...batches].sort((a, b) => a - b),
    );
    assert.ok(batches.includes(9));
  });
});

describe("the correlation heat map", () => {
  it("has a number in every cell, and crosses out what has none", () => {
    const columns = [...tablets(["tbl_tensile", "api_water"]), columnOf("constant", new Float64Array(318).fill(2))];
    const svg = draw(requestOf({ kind: "correlation", columns }));
    assert.equal(textsIn(svg).filter((text) => text === "0.54").length, 2);
    assert.equal(svg.match(/class="no"/g)?.length, 5);
    assert.ok(textsIn(svg).some((text) => text.startsWith("A crossed cell")));
    assert.match(svg, /tbl_tensile – api_water: r = 0.5\d+, n = 304, p = [\d.]+×10⁻/);
  });
});

describe("a time series", () => {
  const start = Date.UTC(2024, 2, 30);
  const values = Float64Array.from({ length: 500 }, (_, i) => Math.sin(i / 20));
  const series = (more: Partial<PlotRequest>, column = values) =>
    draw(
      requestOf({
        kind: "series",
        columns: [columnOf("x", column, { usl: 0.9 })],
        time: values.map((_, i) => start + i * 60_000),
        ...more,
      }),
    );

  it("shows gaps, limits and time", () => {
    const svg = series(
      {},
      values.map((value, i) => (i > 100 && i < 150 ? Number.NaN : value)),
    );
    assert.equal(svg.match(/class="gap"/g)?.length, 1);
    const texts = textsIn(svg);
    assert.ok(texts.some((text) => text.startsWith("Gaps, shaded: 1.")));
    for (const text of ["USL 0.9", "Time (UTC)", "Mar 30, 2024"]) assert.ok(texts.includes(text), text);
  });

  it("stays small with a million rows, and draws a spike of one row", () => {
    const many = Float64Array.from({ length: 1_000_000 }, (_, i) => (i === 654_321 ? 40 : Math.sin(i / 1e4)));
    const svg = draw(requestOf({ kind: "series", columns: [columnOf("x", many)] }));
    assert.ok(bytes(svg) < 100_000, `${bytes(svg)}`);
    assert.match(svg, /the first, last, least and greatest of each pixel/);
    // The panel is 300 px, 600 half pixels high; the spike reaches 1/1.08 of it, everything else stays at its foot.
    const steps = [...svg.matchAll(/l-?\d+[ -](\d+)/g)].map((match) => Number(match[1]));
    assert.ok(Math.max(...steps) > 500);
  });

  it("tells of rows out of order and without time", () => {
    const time = values.map((_, i) => (i === 7 ? Number.NaN : start + (i === 9 ? 0 : i) * 60_000));
    const texts = textsIn(series({ time }));
    assert.ok(texts.includes("Rows earlier than the one above them, drawn in order of time: 1."));
    assert.ok(texts.includes("Rows without a time, not shown: 1."));
  });

  it("whose rows all have no time is refused", () => {
    assert.throws(() => series({ time: values.map(() => Number.NaN) }), { code: "too-few-rows" });
  });
});

describe("every kind", () => {
  it("is drawn by draw", () => {
    const kinds: PlotKind[] = [...plotKinds];
    assert.deepEqual(kinds, ["pair", "histogram", "correlation", "box", "series"]);
  });
});
