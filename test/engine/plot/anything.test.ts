import assert from "node:assert/strict";
import fc from "fast-check";
import type { Page } from "playwright-core";
import { Refusal } from "../../../engine/contract/errors";
import { draw, type PlotRequest, plotKinds } from "../../../engine/plot/draw";
import { useChromium } from "../../support/chromium";

const number = fc.oneof(
  { weight: 4, arbitrary: fc.double({ min: -1e3, max: 1e3, noNaN: true }) },
  { weight: 2, arbitrary: fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 7) },
  { weight: 1, arbitrary: fc.constantFrom(Number.MAX_VALUE, -Number.MAX_VALUE, 1e300, -1e300, 5e-324, 1e-300, 1e17) },
  { weight: 1, arbitrary: fc.double() },
);
const text = fc.oneof(
  fc.string({ maxLength: 60, unit: "binary" }),
  fc.constantFrom(
    "",
    "a",
    "<b>&\"'",
    "]]>",
    "\ud800",
    "\u0000\u0007\ufffe",
    "名称",
    "x".repeat(60),
    "\u202eevil",
    "__proto__",
  ),
);
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const rowsOf = (rows: number) => ({ minLength: rows, maxLength: rows });

/** Any request at all: few rows or none, anything for a value, a name, a group, a limit or a time. */
const anyRequest = fc.integer({ min: 0, max: 40 }).chain((rows): fc.Arbitrary<PlotRequest> => {
  const values = fc.oneof(
    fc.array(number, rowsOf(rows)).map((all) => Float64Array.from(all)),
    number.map((one) => new Float64Array(rows).fill(one)),
  );
  const column = fc.record({
    name: text,
    label: maybe(text),
    unit: maybe(text),
    values,
    lsl: maybe(number),
    target: maybe(number),
    usl: maybe(number),
  });
  return fc.record({
    kind: fc.constantFrom(...plotKinds),
    columns: fc.array(column, { minLength: 0, maxLength: 5 }),
    group: maybe(fc.record({ name: text, values: fc.array(fc.option(text), rowsOf(rows)) })),
    time: maybe(
      fc.oneof(
        values,
        fc.array(fc.integer({ min: 0, max: 4e12 }), rowsOf(rows)).map((all) => Float64Array.from(all)),
      ),
    ),
    rows: fc.constant(rows),
    maxPoints: fc.constantFrom(0, 1, 5, 2000),
    language: fc.constantFrom("en-US" as const, "zh-CN" as const),
    theme: maybe(fc.constantFrom("auto" as const, "light" as const, "dark" as const)),
    title: maybe(text),
  });
});

/** The picture, or what it was refused with; every other end is a fault. */
function drawn(request: PlotRequest): string | undefined {
  try {
    return draw(request);
  } catch (error) {
    if (error instanceof Refusal && error.code === "too-few-rows") return undefined;
    throw error;
  }
}

/** Markup without what a reader has named. */
const markup = (svg: string): string => svg.replace(/<(text|title|desc)([^>]*)>[^<]*/g, "<$1$2>");

describe("any columns at all", () => {
  const browser = useChromium();

  it("give a picture without NaN, or are refused", () => {
    fc.assert(
      fc.property(anyRequest, (request) => {
        const svg = drawn(request);
        if (svg === undefined) return;
        assert.doesNotMatch(markup(svg), /NaN|Infinity|undefined|null|e[+-]\d/);
        const canDraw = request.columns.some(({ values }) => values.some((value) => Math.abs(value) <= 1e300));
        assert.ok(canDraw);
      }),
      { numRuns: 1500 },
    );
  });

  it("give XML that a real parser takes, of a few harmless elements, with every text within the picture", async function () {
    this.timeout(120_000);
    const page = await browser().newPage();
    try {
      await page.setContent("<main></main>");
      const pictures: string[] = [];
      for (const request of fc.sample(anyRequest, { numRuns: 400, seed: 5 })) {
        const svg = drawn(request);
        if (svg !== undefined) pictures.push(svg);
      }
      assert.ok(pictures.length > 200);
      for (const svg of pictures) assert.deepEqual(await faultsOf(page, svg), [], svg.slice(0, 2000));
      // The parser and the check do find what is wrong.
      assert.deepEqual(await faultsOf(page, `${pictures[0]!.replace("</svg>", "")}<b></svg>`), ["not well-formed"]);
      assert.deepEqual(await faultsOf(page, pictures[0]!.replace("</svg>", `<script href="x"/></svg>`)), [
        "element script",
        "attribute href",
      ]);
    } finally {
      await page.close();
    }
  });
});

/** What Chromium's XML parser says of a picture, elements and attributes that it should not have, and texts that reach out of it. */
const faultsOf = (page: Page, svg: string): Promise<string[]> =>
  page.evaluate(`((svg) => {
    const parsed = new DOMParser().parseFromString(svg, "image/svg+xml");
    if (parsed.querySelector("parsererror") || parsed.documentElement.nodeName !== "svg") return ["not well-formed"];
    const elements = ["svg", "title", "desc", "style", "g", "path", "rect", "text"];
    const attributes = ["xmlns", "class", "viewBox", "width", "height", "role", "lang", "aria-labelledby", "id", "x", "y", "d", "transform", "text-anchor", "font-size"];
    const faults = [];
    for (const element of parsed.querySelectorAll("*")) {
      if (!elements.includes(element.nodeName)) faults.push("element " + element.nodeName);
      for (const { name } of element.attributes) if (!attributes.includes(name)) faults.push("attribute " + name);
    }
    const main = document.querySelector("main");
    const root = document.importNode(parsed.documentElement, true);
    main.replaceChildren(root);
    const frame = root.getBoundingClientRect();
    for (const text of root.querySelectorAll("text")) {
      const box = text.getBoundingClientRect();
      if (box.left < frame.left - 2 || box.right > frame.right + 2 || box.top < frame.top - 2 || box.bottom > frame.bottom + 2)
        faults.push("outside: " + text.textContent.slice(0, 60) + " " + [box.left, box.right, box.top, box.bottom, frame.right, frame.bottom].map(Math.round));
    }
    return faults;
  })(${JSON.stringify(svg)})`);
