import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { draw, type PlotRequest, plotKinds } from "../../../engine/plot/draw";
import { useChromium } from "../../support/chromium";
import { columnOf, normalColumns, requestOf, someTablets, tabletCodes, tablets } from "./requests";

const white = "rgb(255, 255, 255)";
const black = "rgb(23, 25, 29)";
const histogram = (theme: PlotRequest["theme"]): string =>
  draw(requestOf({ kind: "histogram", columns: tablets(["tbl_av_hardness"]), theme }));

describe("pictures in a real browser", () => {
  const browser = useChromium();
  let page: Page;
  beforeEach(async function () {
    this.timeout(20_000);
    page = await browser().newPage();
  });
  afterEach(() => page?.close());

  const backgrounds = (): Promise<string[]> =>
    page.evaluate(`[...document.querySelectorAll("svg .bg")].map((one) => getComputedStyle(one).fill)`);

  it("follow the reader's colour scheme, or their own theme, and each its own on one page", async () => {
    await page.setContent([histogram("auto"), histogram("dark"), histogram("light"), histogram("auto")].join(""));
    await page.emulateMedia({ colorScheme: "light" });
    assert.deepEqual(await backgrounds(), [white, black, white, white]);
    await page.emulateMedia({ colorScheme: "dark" });
    assert.deepEqual(await backgrounds(), [black, black, white, black]);
  });

  it("are light on paper, whatever the screen is", async () => {
    await page.setContent(histogram("auto") + histogram("dark"));
    await page.emulateMedia({ colorScheme: "dark", media: "print" });
    assert.deepEqual(await backgrounds(), [white, white]);
  });

  it("change nothing on the page around them", async () => {
    const text = `<p class="t m bar bg lim" style="all: revert-layer">words</p><svg><text class="t">x</text></svg>`;
    const look = `[...document.querySelectorAll("p, svg:not(.mt-plot) text")].map((one) => { const { fill, stroke, font, color } = getComputedStyle(one); return [fill, stroke, font, color]; })`;
    await page.setContent(text);
    const before = await page.evaluate(look);
    await page.setContent(text + histogram("dark"));
    assert.deepEqual(await page.evaluate(look), before);
  });

  it("follow the colour scheme as the data of an <img>, too, as dashboards show them", async () => {
    const corner = async (colorScheme: "light" | "dark"): Promise<number[]> => {
      await page.emulateMedia({ colorScheme });
      await page.setContent(
        `<img src="data:image/svg+xml;base64,${Buffer.from(histogram("auto")).toString("base64")}">`,
      );
      return page.evaluate(`(async () => {
        const image = document.querySelector("img");
        await image.decode();
        const canvas = document.createElement("canvas");
        const context = canvas.getContext("2d");
        context.drawImage(image, 0, 0);
        return [...context.getImageData(3, 3, 1, 1).data];
      })()`);
    };
    assert.deepEqual(await corner("light"), [255, 255, 255, 255]);
    assert.deepEqual(await corner("dark"), [23, 25, 29, 255]);
  });

  const limits = { unit: "N", lsl: 40, target: 52, usl: 60 };
  const sixty = "a_name_of_sixty_characters_with_underscores_in_between_words";
  for (const kind of plotKinds)
    for (const language of ["en-US", "zh-CN"] as const)
      it(`${kind} in ${language}: no two texts lie on each other, and none leaves the picture`, async () => {
        const time = Float64Array.from({ length: 318 }, (_, i) => Date.UTC(2024, 0, 28) + i * 3_600_000);
        const requests = [
          requestOf({ kind, language, columns: tablets(someTablets, limits), group: tabletCodes(), title: "A title" }),
          requestOf({ kind, language, columns: tablets(someTablets.slice(0, 1), limits), time }),
          requestOf({
            kind,
            language,
            columns: tablets(someTablets.slice(0, 3), { label: sixty, unit: "kN/mm²" }),
            group: { name: sixty, values: tabletCodes().values.map((code) => sixty + code) },
          }),
          requestOf({
            kind,
            language,
            columns: normalColumns(4, 3000).map((column, i) => ({
              ...column,
              values: column.values.map((value) => value * 10 ** (i * 4 - 4)),
            })),
          }),
          requestOf({ kind, language, columns: [columnOf("a", [5, 5]), columnOf("b", [1e9, 1e9 + 1])] }),
        ];
        for (const request of requests) {
          await page.setContent(`<body style="margin:0">${draw(request)}</body>`);
          const faults = await page.evaluate(`(() => {
            const frame = document.querySelector("svg").getBoundingClientRect();
            const boxes = [...document.querySelectorAll("svg text")].map((one) => {
              const { left, right, top, bottom } = one.getBoundingClientRect();
              const shown = [...one.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data).join("");
              return { text: shown, left, right, top, bottom };
            });
            const faults = [];
            boxes.forEach((a, i) => {
              if (a.left < frame.left - 1 || a.right > frame.right + 1 || a.top < frame.top - 1 || a.bottom > frame.bottom + 1) faults.push("outside: " + a.text);
              for (const b of boxes.slice(i + 1)) {
                // A box is higher than its letters.
                const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
                const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
                if (across > 1 && down > 4) faults.push(a.text + " on " + b.text);
              }
            });
            return faults;
          })()`);
          assert.deepEqual(faults, []);
        }
      });
});
