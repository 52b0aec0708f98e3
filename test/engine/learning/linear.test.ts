import assert from "node:assert/strict";
import type { Table } from "../../../engine/contract/messages";
import { trainCurve } from "../../../engine/learning/curve";
import type { Dataset } from "../../../engine/learning/dataset";
import { buildDataset } from "../../../engine/learning/dataset-builder";
import type { Coefficient } from "../../../engine/learning/linear/coefficients";
import { linearScorer } from "../../../engine/learning/linear/linear-scorer";
import { trainRobust } from "../../../engine/learning/linear/robust";
import { type LinearOptions, trainLinear } from "../../../engine/learning/linear/train-linear";
import { assertDigits, digits, readCsv, readFixture, readJson, refusalOf } from "./references";

const datasetOf = (table: Table, target: string, features?: string[]): Dataset =>
  buildDataset(table, { target, task: "regression", ...(features ? { features } : {}) });
const plain: LinearOptions = { degree: 1, intercept: true, alpha: 0 };
const named = (coefficients: Coefficient[], term: string): Coefficient => coefficients.find((c) => c.term === term)!;

/** ml-regression as it comes, without types. */
const { MultivariateLinearRegression } = require("ml-regression") as {
  MultivariateLinearRegression: new (x: number[][], y: number[][]) => { weights: number[][] };
};

describe("linear regression against NIST's certified values", () => {
  it("Norris (lower difficulty), from the shipped files", () => {
    const { Norris } = readJson<{
      Norris: { parameters: { estimate: number; sd: number }[]; residual_sd: number; r_squared: number };
    }>("examples/data/nist_certified_for_shipped.json");
    const { coefficients, fit } = trainLinear(datasetOf(readCsv("nist_Norris.csv"), "y"), plain);
    assert.deepEqual(
      coefficients.map((c) => c.term),
      ["(intercept)", "x"],
    );
    Norris.parameters.forEach(({ estimate, sd }, i) => {
      assertDigits(coefficients[i]!.estimate, estimate, 12, `estimate ${i}`);
      assertDigits(coefficients[i]!.sd, sd, 12, `sd ${i}`);
    });
    assertDigits(fit.residualSd, Norris.residual_sd, 12, "residual sd");
    assertDigits(fit.r2, Norris.r_squared, 13, "r2");
  });

  it("Longley (higher difficulty): six nearly dependent columns", () => {
    // https://www.itl.nist.gov/div898/strd/lls/data/LINKS/DATA/Longley.dat; the data as in R's `longley`, in NIST's units
    const columns = ["y", "x1", "x2", "x3", "x4", "x5", "x6"];
    const table = longley.map((row) => Object.fromEntries(columns.map((c, i) => [c, row[i]])));
    const certified: [number, number][] = [
      [-3482258.63459582, 890420.383607373],
      [15.0618722713733, 84.9149257747669],
      [-0.035819179292591, 0.0334910077722432],
      [-2.02022980381683, 0.488399681651699],
      [-1.03322686717359, 0.214274163161675],
      [-0.0511041056535807, 0.22607320006937],
      [1829.15146461355, 455.478499142212],
    ];
    const { coefficients, fit } = trainLinear(datasetOf(table, "y"), plain);
    certified.forEach(([estimate, sd], i) => {
      assertDigits(coefficients[i]!.estimate, estimate, 10, `estimate ${i}`);
      assertDigits(coefficients[i]!.sd, sd, 10, `sd ${i}`);
    });
    assertDigits(fit.residualSd, 304.854073561965, 11, "residual sd");
    assertDigits(fit.r2, 0.995479004577296, 13, "r2");
  });

  it("NoInt1: R2 is uncentred without intercept", () => {
    // https://www.itl.nist.gov/div898/strd/lls/data/LINKS/DATA/NoInt1.dat: x 60 to 70, y 130 to 140
    const table = Array.from({ length: 11 }, (_, i) => ({ x: 60 + i, y: 130 + i }));
    const { coefficients, fit } = trainLinear(datasetOf(table, "y"), { ...plain, intercept: false });
    assert.deepEqual(
      coefficients.map((c) => c.term),
      ["x"],
    );
    assertDigits(coefficients[0]!.estimate, 2.07438016528926, 14, "estimate");
    assertDigits(coefficients[0]!.sd, 0.0165289256198347, 13, "sd");
    assertDigits(fit.residualSd, 3.56753034006338, 13, "residual sd");
    assertDigits(fit.r2, 0.999365492298663, 14, "r2");
  });

  for (const [name, y, expected] of [
    ["Wampler1", (x: number) => 1 + x + x ** 2 + x ** 3 + x ** 4 + x ** 5, [1, 1, 1, 1, 1, 1]],
    [
      "Wampler2",
      (x: number) => 1 + 0.1 * x + 0.01 * x ** 2 + 1e-3 * x ** 3 + 1e-4 * x ** 4 + 1e-5 * x ** 5,
      [1, 0.1, 0.01, 1e-3, 1e-4, 1e-5],
    ],
  ] as const)
    it(`${name} (higher difficulty): polynomial of degree 5`, () => {
      // https://www.itl.nist.gov/div898/strd/lls/data/LINKS/DATA/Wampler1.dat
      const table = Array.from({ length: 21 }, (_, x) => ({ x, y: y(x) }));
      const { coefficients } = trainLinear(datasetOf(table, "y"), { ...plain, degree: 5 });
      assert.deepEqual(
        coefficients.map((c) => c.term),
        ["(intercept)", "x", "x^2", "x^3", "x^4", "x^5"],
      );
      for (const [i, c] of coefficients.entries()) assertDigits(c.estimate, expected[i]!, 9, c.term);
    });

  it("ml-regression on raw columns, without our centring, scaling and folding, has no right digit of Longley", () => {
    const raw = new MultivariateLinearRegression(
      longley.map((row) => row.slice(1)),
      longley.map((row) => [row[0]!]),
    );
    assert.ok(digits(raw.weights[5]![0]!, 1829.15146461355) < 1);
  });
});

describe("linear regression against R's lm, with a category", () => {
  type Line = { term: string; values: [number, number, number, number, number, number] };
  const fixture = readFixture<
    Record<string, Line[]> & { sigma: number; "r.squared": number; "adj.r.squared": number; "r.squared of it": number }
  >("lm.json");
  const table = readCsv("ai4i2020.csv")
    .slice(0, 400)
    .map((row) => ({
      speed: row["Rotational speed [rpm]"],
      torque: row["Torque [Nm]"],
      wear: row["Tool wear [min]"],
      Type: row.Type,
    }));
  const ours = (term: string): string =>
    term
      .replace("(Intercept)", "(intercept)")
      .replace(/^Type(.)/, "Type=$1")
      .replace(/I\((.*)\)/, "$1");
  const compare = (coefficients: Coefficient[], lines: Line[], least: number): void => {
    assert.deepEqual(
      coefficients.map((c) => c.term),
      lines.map((line) => ours(line.term)),
    );
    for (const { term, values } of lines) {
      const c = named(coefficients, ours(term));
      for (const [i, value] of [c.estimate, c.sd, c.t, c.p, c.ci![0], c.ci![1]].entries())
        assertDigits(value, values[i]!, least, `${term}, ${i}`);
    }
  };

  const model = trainLinear(datasetOf(table, "torque", ["speed", "wear", "Type"]), plain);
  it("coefficients, standard errors, t, p and confidence intervals", () => {
    compare(model.coefficients, fixture["lm(torque ~ speed + wear + Type)"]!, 10);
    assertDigits(model.fit.residualSd, fixture.sigma, 12, "sigma");
    assertDigits(model.fit.r2, fixture["r.squared"], 12, "r2");
    assertDigits(model.fit.r2Adjusted, fixture["adj.r.squared"], 12, "adjusted r2");
    const { AIC, BIC } = fixture as unknown as Record<string, number>;
    assertDigits(model.fit.aic, AIC!, 12, "AIC");
    assertDigits(model.fit.bic, BIC!, 12, "BIC");
    const vif = fixture["1 / (1 - r.squared) of each column by the others"] as unknown as number[];
    for (const [j, expected] of vif.entries())
      assertDigits(model.coefficients[j + 1]!.vif ?? null, expected, 11, `VIF ${j}`);
  });
  it("prediction intervals", () => {
    const [key] = Object.keys(fixture).filter((name) => name.startsWith("predict"));
    const scorer = linearScorer(model.model);
    const dataset = datasetOf(table, "torque", ["speed", "wear", "Type"]);
    [2, 69, 200].forEach((index, k) => {
      const row = Float64Array.from(dataset.features, (feature) => feature.values[index]!);
      const [fit, low, high] = fixture[key!]![k] as unknown as [number, number, number];
      assertDigits(scorer.score(row), fit, 12, "fit");
      const interval = scorer.interval!(row, 0.9);
      assertDigits(interval[0], low, 11, "low");
      assertDigits(interval[1], high, 11, "high");
    });
  });
  it("without intercept every category has its own term", () => {
    const { coefficients, fit } = trainLinear(datasetOf(table, "torque", ["speed", "Type"]), {
      ...plain,
      intercept: false,
    });
    compare(coefficients, fixture["lm(torque ~ 0 + speed + Type)"]!, 9);
    assertDigits(fit.r2, fixture["r.squared of it"], 12, "r2");
  });
  it("polynomial", () => {
    const { coefficients } = trainLinear(datasetOf(table, "torque", ["speed"]), { ...plain, degree: 3 });
    compare(coefficients, fixture["lm(torque ~ speed + I(speed^2) + I(speed^3))"]!, 9);
  });
  it("contributions add up to the prediction", () => {
    const scorer = linearScorer(model.model);
    const row = Float64Array.from([1500, 20, 1]);
    const parts = new Float64Array(3);
    const base = scorer.contributions!(row, parts);
    assertDigits(base + parts[0]! + parts[1]! + parts[2]!, scorer.score(row), 14, "sum");
  });
});

describe("regressions against scikit-learn and scipy", () => {
  const fixture = readFixture<
    { columns: string[]; rows: number; "press rows": [number, number] } & Record<
      string,
      { intercept_: number; coef_: number[] } | number[]
    >
  >("linear.json");
  const complete = readCsv("tablet_batches_codes13_23.csv").filter((row) =>
    [...fixture.columns, "tbl_av_hardness"].every((c) => row[c]),
  );
  const tablets = datasetOf(complete, "tbl_av_hardness", fixture.columns);
  const cases: [string, LinearOptions][] = [
    ["LinearRegression()", plain],
    ["Ridge(alpha=0.1)", { ...plain, alpha: 0.1 }],
    ["Ridge(alpha=1)", { ...plain, alpha: 1 }],
    ["Ridge(alpha=50)", { ...plain, alpha: 50 }],
    ["Ridge(alpha=1, fit_intercept=False)", { ...plain, alpha: 1, intercept: false }],
  ];
  for (const [name, options] of cases)
    it(name, () => {
      assert.equal(tablets.rows, fixture.rows);
      const expected = fixture[name] as { intercept_?: number; coef_: number[] };
      const { coefficients } = trainLinear(tablets, options);
      if (expected.intercept_ !== undefined)
        assertDigits(coefficients.shift()!.estimate, expected.intercept_, 9, "intercept");
      for (const [i, estimate] of expected.coef_.entries())
        assertDigits(coefficients[i]!.estimate, estimate, 9, fixture.columns[i]!);
      assert.equal(coefficients[0]!.sd === null, options.alpha > 0, "no standard errors for ridge");
    });

  const press = readCsv("tablet_press_batch368_10s.csv").slice(...fixture["press rows"]);
  it("theil-sen", () => {
    const [slope, intercept] = fixture["scipy.stats.theilslopes(ejection, tbl_speed)"] as number[];
    const { model } = trainCurve(datasetOf(press, "ejection", ["tbl_speed"]), "theil-sen");
    assertDigits(model.b, slope!, 10, "slope");
    // scipy takes median(y) - slope * median(x), ml-regression the median of y - slope * x: near, not equal.
    assert.ok(Math.abs(model.a - intercept!) < 2);
  });
  it("exponential", () => {
    const [rate, logFactor] = fixture["numpy.polyfit(main_comp, log(ejection), 1)"] as number[];
    const { model } = trainCurve(datasetOf(press, "ejection", ["main_comp"]), "exponential");
    assertDigits(model.b, rate!, 10, "rate");
    assertDigits(Math.log(model.a), logFactor!, 10, "ln a");
  });
  it("power", () => {
    const [exponent, logA] = fixture["numpy.polyfit(log(main_comp), log(ejection), 1)"] as number[];
    const { model } = trainCurve(datasetOf(press, "ejection", ["main_comp"]), "power");
    assertDigits(model.b, exponent!, 10, "exponent");
    assertDigits(Math.log(model.a), logA!, 10, "ln a");
  });
  it("robust polynomial: a third of gross outliers does not bend it, as it bends least squares", () => {
    const table = Array.from({ length: 60 }, (_, i) => ({
      x: i / 10,
      y: i % 3 === 0 ? 500 + i : 2 + 3 * (i / 10) - 0.5 * (i / 10) ** 2 + ((i % 7) - 3) * 0.01,
    }));
    const dataset = datasetOf(table, "y");
    const robust = trainRobust(dataset, { degree: 2, intercept: true }, 1);
    assert.equal(robust.outliers, 20);
    for (const [i, expected] of [2, 3, -0.5].entries())
      assert.ok(Math.abs(robust.coefficients[i]!.estimate - expected) < 0.05);
    assert.ok(Math.abs(trainLinear(dataset, { ...plain, degree: 2 }).coefficients[0]!.estimate - 2) > 50);
    assert.deepEqual(trainRobust(dataset, { degree: 2, intercept: true }, 1), robust, "the seed repeats it");
  });
});

describe("linear regression refuses", () => {
  const line = (rows: number, more: (i: number) => Record<string, unknown> = () => ({})): Table =>
    Array.from({ length: rows }, (_, i) => ({ y: i * 1.5 + (i % 3), a: i, b: (i * 7) % 5, ...more(i) }));
  const cases: [string, Table, Partial<LinearOptions>, string, RegExp][] = [
    [
      "three rows for two features and an intercept",
      line(3),
      {},
      "too-few-rows",
      /3 rows to learn from cannot tell 2 features and an intercept apart: at least 4 rows/,
    ],
    [
      "one feature that is a multiple of another",
      line(20, (i) => ({ c: 2 * i + 3 })),
      {},
      "ill-conditioned",
      /"c" can be computed from "a"/,
    ],
    [
      "a sum that rounding hides",
      line(20, (i) => ({ a: i * 0.1, b: 1e5 + ((i * 7) % 5) / 3, c: i * 0.1 + 1e5 + ((i * 7) % 5) / 3 })),
      {},
      "ill-conditioned",
      /"c" can be computed from "a" and "b"/,
    ],
    ["a constant feature", line(20, () => ({ c: 0.1 })), {}, "ill-conditioned", /"c" is the same in every row/],
    [
      "a polynomial of too high a degree for its values",
      Array.from({ length: 20 }, (_, i) => ({ x: i % 3, y: i })),
      { degree: 3 },
      "ill-conditioned",
      /"x\^3" can be computed from/,
    ],
    ["a category for every row", line(150, (i) => ({ id: `T${i}` })), {}, "wrong-type", /150 different texts/],
  ];
  for (const [what, table, options, code, words] of cases)
    it(what, () => {
      const info = refusalOf(() => trainLinear(datasetOf(table, "y"), { ...plain, ...options }));
      assert.equal(info.code, code);
      assert.match(info.message, words);
      assert.ok(info.hint.length > 20);
    });
  it("but not one row more, nor columns that are merely near each other", () => {
    assert.equal(trainLinear(datasetOf(line(4), "y"), plain).fit.df, 1);
    const near = trainLinear(
      datasetOf(
        line(20, (i) => ({ c: 2 * i + 3 + ((i * 13) % 7) * 1e-6 })),
        "y",
      ),
      plain,
    );
    assert.ok(Number.isFinite(near.coefficients[3]!.sd!));
  });
  it("ridge takes dependent columns", () => {
    const { coefficients } = trainLinear(
      datasetOf(
        line(20, (i) => ({ c: 2 * i })),
        "y",
      ),
      { ...plain, alpha: 1 },
    );
    assert.ok(coefficients.every((c) => Number.isFinite(c.estimate)));
  });
  const curves: [string, Table, "exponential" | "power" | "theil-sen", string][] = [
    ["two features for a curve", line(9), "power", "bad-request"],
    ["a logarithm of 0", [0, 1, 2, 3].map((x) => ({ x, y: x + 1 })), "power", "out-of-range"],
    ["a logarithm of a negative target", [0, 1, 2, 3].map((x) => ({ x, y: x - 1 })), "exponential", "out-of-range"],
    ["two rows for a curve", [0, 1].map((x) => ({ x, y: x + 1 })), "theil-sen", "too-few-rows"],
    ["a curve over one x", [1, 1, 1, 1].map((x, i) => ({ x, y: i + 1 })), "theil-sen", "ill-conditioned"],
  ];
  for (const [what, table, form, code] of curves)
    it(what, () => assert.equal(refusalOf(() => trainCurve(datasetOf(table, "y"), form)).code, code));
});

const longley = [
  [60323, 83.0, 234289, 2356, 1590, 107608, 1947],
  [61122, 88.5, 259426, 2325, 1456, 108632, 1948],
  [60171, 88.2, 258054, 3682, 1616, 109773, 1949],
  [61187, 89.5, 284599, 3351, 1650, 110929, 1950],
  [63221, 96.2, 328975, 2099, 3099, 112075, 1951],
  [63639, 98.1, 346999, 1932, 3594, 113270, 1952],
  [64989, 99.0, 365385, 1870, 3547, 115094, 1953],
  [63761, 100.0, 363112, 3578, 3350, 116219, 1954],
  [66019, 101.2, 397469, 2904, 3048, 117388, 1955],
  [67857, 104.6, 419180, 2822, 2857, 118734, 1956],
  [68169, 108.4, 442769, 2936, 2798, 120445, 1957],
  [66513, 110.8, 444546, 4681, 2637, 121950, 1958],
  [68655, 112.6, 482704, 3813, 2552, 123366, 1959],
  [69564, 114.2, 502601, 3931, 2514, 125368, 1960],
  [69331, 115.7, 518173, 4806, 2572, 127852, 1961],
  [70551, 116.9, 554894, 4007, 2827, 130081, 1962],
];
