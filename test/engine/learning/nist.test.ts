import assert from "node:assert/strict";
import type { Dataset } from "../../../engine/learning/dataset";
import { trainLinear } from "../../../engine/learning/linear/train-linear";
import { digits, readFixture } from "./references";

interface Certified {
  difficulty: "lower" | "average" | "higher";
  degree: number;
  intercept: boolean;
  estimates: number[];
  sd: number[];
  residualSd: number;
  r2: number;
  data: Record<string, number[]> & { y: number[] };
}

/** ml-regression as it comes, without types. */
const { MultivariateLinearRegression } = require("ml-regression") as {
  MultivariateLinearRegression: new (x: number[][], y: number[][]) => { weights: number[][] };
};

/** Fewest right digits of estimates, standard errors, residual sd and R2 (log relative error): docs/statistics.md has the table. */
const least: Record<string, [number, number, number, number]> = {
  Norris: [12, 12, 12, 15],
  Pontius: [12, 13, 13, 15],
  NoInt1: [14, 15, 15, 15],
  NoInt2: [15, 15, 15, 15],
  Filip: [13, 13, 14, 15],
  Longley: [13, 14, 15, 15],
  // Certified to be 0, the residuals' digits are decimals; the values go up to 3e6.
  Wampler1: [9, 9, 9, 15],
  Wampler2: [14, 14, 14, 15],
  Wampler3: [10, 13, 14, 15],
  Wampler4: [10, 14, 14, 15],
  Wampler5: [8, 14, 14, 13],
};

describe("linear regression against NIST's eleven sets", () => {
  const { sets } = readFixture<{ sets: Record<string, Certified> }>("nist-linear.json");

  function fitOf({ data, degree, intercept }: Certified) {
    const features = Object.keys(data)
      .filter((name) => name !== "y")
      .map((name) => ({ name, kind: "number" as const, values: Float64Array.from(data[name]!), missing: 0 }));
    const target = { name: "y", values: Float64Array.from(data.y) };
    const dataset: Dataset = { rows: data.y.length, features, target, dropped: 0, warnings: [] };
    return trainLinear(dataset, { degree, intercept, alpha: 0 });
  }

  it("are all there", () => {
    assert.deepEqual(
      Object.entries(sets).map(([name, { data }]) => `${name} ${data.y.length}`),
      [
        ...["Norris 36", "Pontius 40", "NoInt1 11", "NoInt2 3", "Filip 82", "Longley 16"],
        ...["Wampler1 21", "Wampler2 21", "Wampler3 21", "Wampler4 21", "Wampler5 21"],
      ],
    );
  });

  for (const [name, certified] of Object.entries(sets))
    it(`${name} (${certified.difficulty} difficulty)`, () => {
      const { coefficients, fit } = fitOf(certified);
      const lowest = (pairs: [number | null, number][]) => Math.min(...pairs.map(([a, b]) => digits(a, b)));
      const found = [
        lowest(coefficients.map(({ estimate }, i) => [estimate, certified.estimates[i]!])),
        lowest(coefficients.map(({ sd }, i) => [sd, certified.sd[i]!])),
        digits(fit.residualSd, certified.residualSd),
        digits(fit.r2, certified.r2),
      ];
      found.forEach((count, i) => {
        assert.ok(count >= least[name]![i]!, `${found.map((n) => n.toFixed(2))}, ${least[name]} are needed`);
      });
    });

  it("ml-regression on raw columns, without our centring, scaling and folding, has no right digit of Longley", () => {
    const { y, ...columns } = sets.Longley!.data;
    const rows = y.map((_, i) => Object.values(columns).map((column) => column[i]!));
    const raw = new MultivariateLinearRegression(
      rows,
      y.map((value) => [value]),
    );
    assert.ok(digits(raw.weights[5]![0]!, 1829.15146461355) < 1);
  });
});
