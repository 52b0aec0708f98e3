import assert from "node:assert/strict";
import type { Table } from "../../../engine/contract/messages";
import { curveScorer, trainCurve } from "../../../engine/learning/curve";
import { type Dataset, takeRows } from "../../../engine/learning/dataset";
import { buildDataset } from "../../../engine/learning/dataset-builder";
import type { Coefficient } from "../../../engine/learning/linear/coefficients";
import { linearScorer } from "../../../engine/learning/linear/linear-scorer";
import { trainRobust } from "../../../engine/learning/linear/robust";
import { type LinearOptions, trainLinear } from "../../../engine/learning/linear/train-linear";
import { assertDigits, readCsv, readFixture, readJson, refusalOf } from "./references";

const datasetOf = (table: Table, target: string, features?: string[]): Dataset =>
  buildDataset(table, { target, task: "regression", ...(features ? { features } : {}) });
const plain: LinearOptions = { degree: 1, intercept: true, alpha: 0 };
const named = (coefficients: Coefficient[], term: string): Coefficient => coefficients.find((c) => c.term === term)!;

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
      .replace(/Type(.)/, "Type=$1")
      .replace(":", " × ")
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
  it("of so many rows that they are folded one block after another, the last one short", () => {
    const long = readCsv("ai4i2020.csv")
      .slice(0, 9999)
      .map((row) => ({
        air: row["Air temperature [K]"],
        process: row["Process temperature [K]"],
        speed: row["Rotational speed [rpm]"],
        wear: row["Tool wear [min]"],
        Type: row.Type,
        torque: row["Torque [Nm]"],
      }));
    const { coefficients, fit } = trainLinear(datasetOf(long, "torque"), plain);
    compare(coefficients, fixture["lm(torque ~ air + process + speed + wear + Type) of rows 1:9999"]!, 10);
    const figures = fixture["sigma, r.squared, adj.r.squared, AIC, BIC of these"] as unknown as number[];
    [fit.residualSd, fit.r2, fit.r2Adjusted, fit.aic, fit.bic].forEach((value, i) => {
      assertDigits(value, figures[i]!, 12, `figure ${i}`);
    });
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
  describe("with interactions", () => {
    const dataset = datasetOf(table, "torque", ["speed", "wear", "Type"]);
    const crossed = trainLinear(dataset, { ...plain, interactions: true });
    const scorer = linearScorer(JSON.parse(JSON.stringify(crossed.model)));
    it("of every pair, named by both, in the data's own units", () => {
      compare(crossed.coefficients, fixture["lm(torque ~ (speed + wear + Type)^2)"]!, 8);
      const [sigma, r2, r2Adjusted, aic, bic] = fixture[
        "sigma, r.squared, adj.r.squared, AIC, BIC of it"
      ] as unknown as number[];
      const { fit } = crossed;
      for (const [found, expected] of [
        [fit.residualSd, sigma],
        [fit.r2, r2],
        [fit.r2Adjusted, r2Adjusted],
        [fit.aic, aic],
        [fit.bic, bic],
      ] as [number, number][])
        assertDigits(found, expected, 12, "fit");
      assert.equal(crossed.coefficients[5]!.term, "speed × wear");
      assert.equal(crossed.coefficients[6]!.term, "speed × Type=L");
      assert.equal(crossed.coefficients[1]!.vif, undefined, "a factor says nothing where its feature is in products");
    });
    it("predicts, with its interval", () => {
      [2, 69, 200].forEach((index, k) => {
        const row = Float64Array.from(dataset.features, (feature) => feature.values[index]!);
        const [fit, low, high] = fixture["predict of it, as above"]![k] as unknown as [number, number, number];
        assertDigits(scorer.score(row), fit, 12, "fit");
        const interval = scorer.interval!(row, 0.9);
        assertDigits(interval[0], low, 11, "low");
        assertDigits(interval[1], high, 11, "high");
      });
    });
    it("without intercept, and beside powers", () => {
      const noIntercept = trainLinear(datasetOf(table, "torque", ["speed", "Type"]), {
        ...plain,
        intercept: false,
        interactions: true,
      });
      compare(noIntercept.coefficients, fixture["lm(torque ~ 0 + speed * Type)"]!, 8);
      const quadratic = trainLinear(datasetOf(table, "torque", ["speed", "wear"]), {
        ...plain,
        degree: 2,
        interactions: true,
      });
      compare(quadratic.coefficients, fixture["lm(torque ~ speed + I(speed^2) + wear + I(wear^2) + speed:wear)"]!, 8);
    });
    it("an unknown category counts as the average one in its products too; contributions add up", () => {
      const parts = new Float64Array(3);
      for (const row of [Float64Array.from([1500, 20, 1]), Float64Array.from([1500, 20, Number.NaN])]) {
        const base = scorer.contributions!(row, parts);
        assertDigits(base + parts[0]! + parts[1]! + parts[2]!, scorer.score(row), 13, "sum");
      }
      assert.equal(parts[2], 0);
    });
    it("of the tablets as scikit-learn's Ridge on centred columns and their products", () => {
      const { columns, ...rest } = readFixture<{ columns: string[] } & Record<string, number[] | string[]>>(
        "selection.json",
      );
      const rows = readCsv("tablet_batches_codes13_23.csv").filter((row) =>
        [...columns, "tbl_av_hardness"].every((c) => row[c]),
      );
      const tablets = datasetOf(rows, "tbl_av_hardness", columns);
      const ridge = linearScorer(trainLinear(tablets, { ...plain, alpha: 1, interactions: true }).model);
      const expected = rest["Ridge(alpha=1) on centred columns and their products, predict of the first five rows"];
      (expected as number[]).forEach((value, i) => {
        const row = Float64Array.from(tablets.features, (feature) => feature.values[i]!);
        assertDigits(ridge.score(row), value, 9, `row ${i}`);
      });
    });
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
    { columns: string[]; rows: number } & Record<string, { intercept_: number; coef_: number[] } | number[]>
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

  it("ridge of fewer rows than features, which alpha decides; of how well it fits only what three rows can tell", () => {
    const { intercept_, coef_ } = fixture["Ridge(alpha=1) of the first three rows"] as {
      intercept_: number;
      coef_: number[];
    };
    const { coefficients, fit } = trainLinear(takeRows(tablets, [0, 1, 2]), { ...plain, alpha: 1 });
    for (const [i, estimate] of [intercept_, ...coef_].entries())
      assertDigits(coefficients[i]!.estimate, estimate, 9, coefficients[i]!.term);
    const { df, residualSd, r2Adjusted, aic, bic } = fit;
    assert.deepEqual([df, residualSd, r2Adjusted, aic, bic], [0, null, null, null, null]);
    assert.ok(fit.r2! > 0 && fit.r2! < 1);
  });

  const press = readCsv("tablet_press_batch368_10s.csv").slice(200, 320);
  const scipy = readFixture<Record<string, [number, number, number, number]>>("selection.json");
  const { TheilSenRegression, ExponentialRegression, PowerRegression } = require("ml-regression") as Record<
    string,
    new (
      x: number[],
      y: number[],
    ) => { slope: number; intercept: number; A: number; B: number }
  >;
  const numbersOf = (name: string): number[] => press.map((row) => Number(row[name]));
  for (const [x, key] of [
    ["tbl_speed", 'theilslopes(ejection, tbl_speed, method="joint") of rows 200 to 319: slope, intercept, low, high'],
    ["tbl_fill", 'theilslopes(ejection, tbl_fill, method="joint")'],
  ] as const)
    it(`theil-sen through ${x}, with the interval of the slope; ml-regression's numbers hold`, () => {
      const [slope, intercept, low, high] = scipy[key]!;
      const { model, coefficients } = trainCurve(datasetOf(press, "ejection", [x]), "theil-sen");
      assertDigits(model.b, slope, 10, "slope");
      assertDigits(model.a, intercept, 10, "intercept");
      assertDigits(coefficients[1]!.ci![0], low, 10, "low");
      assertDigits(coefficients[1]!.ci![1], high, 10, "high");
      const theirs = new TheilSenRegression!(numbersOf(x), numbersOf("ejection"));
      assertDigits(model.b, theirs.slope, 12, "slope");
      assertDigits(model.a, theirs.intercept, 12, "intercept");
    });

  const r = readFixture<Record<string, unknown>>("lm.json");
  const curves = [
    ["exponential", "lm(log(ejection) ~ main_comp) of rows 201:320", "exp of the prediction"],
    ["power", "lm(log(ejection) ~ log(main_comp)) of rows 201:320", "exp(predict) of it"],
  ] as const;
  for (const [form, key, predicted] of curves)
    it(`${form}: R's lm through logarithms, with standard errors and intervals; ml-regression's numbers hold`, () => {
      const [intercept, slope] = (r[key] as { values: number[] }[]).map(({ values }) => values) as [number[], number[]];
      const { model, coefficients } = trainCurve(datasetOf(press, "ejection", ["main_comp"]), form);
      const [a, b] = coefficients as [Coefficient, Coefficient];
      assertDigits(Math.log(a.estimate), intercept[0]!, 10, "ln a");
      assertDigits(a.sd! / a.estimate, intercept[1]!, 10, "sd of ln a");
      assertDigits(Math.log(a.ci![0]), intercept[4]!, 10, "low of ln a");
      assertDigits(Math.log(a.ci![1]), intercept[5]!, 10, "high of ln a");
      [b.estimate, b.sd, b.t, b.p, b.ci![0], b.ci![1]].forEach((value, i) => {
        assertDigits(value, slope[i]!, 9, `b ${i}`);
      });
      const scorer = curveScorer(JSON.parse(JSON.stringify(model)));
      const expected = r[Object.keys(r).find((name) => name.startsWith(predicted))!] as number[][];
      [5.5, 6.2, 7].forEach((x, i) => {
        const row = Float64Array.of(x);
        [scorer.score(row), ...scorer.interval!(row, 0.9)].forEach((value, k) => {
          assertDigits(value, expected[i]![k]!, 11, `${x}, ${k}`);
        });
      });
      const Theirs = (form === "power" ? PowerRegression : ExponentialRegression)!;
      const { A, B } = new Theirs(numbersOf("main_comp"), numbersOf("ejection"));
      assertDigits(a.estimate, form === "power" ? A : B, 9, "a");
      assertDigits(b.estimate, form === "power" ? B : A, 9, "b");
    });
  for (const form of ["exponential", "theil-sen"] as const)
    it(`${form}: the same curve where x is a time in ms, far from 0`, () => {
      const [far, step] = [1.6e12, 1000];
      const late = press.map((row) => ({ ...row, at: far + Number(row.main_comp) * step }));
      const near = trainCurve(datasetOf(press, "ejection", ["main_comp"]), form);
      const found = trainCurve(datasetOf(late, "ejection", ["at"]), form);
      assertDigits(found.model.b * step, near.model.b, 9, "b");
      const at = curveScorer(found.model).score(Float64Array.of(far + 6.2 * step));
      assertDigits(at, curveScorer(near.model).score(Float64Array.of(6.2)), 9, "prediction");
      if (form === "exponential") assert.match(found.warnings[0]!.text, /at is so far from 0 that the coefficient a/);
    });
  it("curves that an earlier version stored predict as before", () => {
    const stored = [
      [{ form: "exponential", a: 2, b: 0.5 }, 2 * Math.exp(1.5)],
      [{ form: "power", a: 2, b: 0.5 }, 2 * Math.sqrt(3)],
      [{ form: "theil-sen", a: 2, b: 0.5 }, 3.5],
    ] as const;
    for (const [model, expected] of stored) assert.equal(curveScorer(model).score(Float64Array.of(3)), expected);
  });
  it("robust polynomial: the line through the telephone calls that R draws without the years counted otherwise", () => {
    const calls = r.calls as number[];
    const dataset = datasetOf(
      calls.map((y, i) => ({ year: 50 + i, y })),
      "y",
    );
    const robust = trainRobust(dataset, { degree: 1, intercept: true }, 1);
    assert.equal(robust.outliers, 8);
    const lines = (r["lm(calls ~ year) without 63 to 70"] as { values: number[] }[]).map(({ values }) => values);
    robust.coefficients.forEach(({ estimate, sd, t, p, ci }, i) => {
      [estimate, sd, t, p, ...ci!].forEach((value, k) => {
        assertDigits(value, lines[i]![k]!, 9, `${i}, ${k}`);
      });
    });
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

describe("a feature of two values has no powers, which say the same", () => {
  const rows = Array.from({ length: 30 }, (_, i) => ({ y: i * i + (i % 2) * 40 + (i % 5), a: i, on: i % 2 === 1 }));
  for (const intercept of [true, false])
    it(`a polynomial ${intercept ? "with" : "without"} intercept beside it`, () => {
      const { coefficients } = trainLinear(datasetOf(rows, "y"), { ...plain, degree: 2, intercept });
      const terms = coefficients.map(({ term }) => term);
      assert.deepEqual(terms, [...(intercept ? ["(intercept)"] : []), "a", "a^2", "on"]);
      const [a2, on] = coefficients.slice(-2).map(({ estimate }) => estimate);
      assert.ok(Math.abs(a2! - 1) < 0.1 && Math.abs(on! - 40) < 2, `${a2}, ${on}`);
    });
  it("but others 1 and 2 without intercept, where x and x^2 are no multiples", () => {
    const table = rows.map(({ y, on }) => ({ y, x: on ? 2 : 1 }));
    const { coefficients } = trainLinear(datasetOf(table, "y"), { ...plain, degree: 2, intercept: false });
    assert.equal(coefficients.length, 2);
  });
  it("a robust line through it holds its outliers off", () => {
    const table = Array.from({ length: 40 }, (_, i) => ({ x: i % 2, y: i % 8 < 2 ? 500 : (i % 2) * 3 + (i % 3) / 10 }));
    const { coefficients, outliers } = trainRobust(datasetOf(table, "y"), { degree: 2, intercept: true }, 1);
    assert.equal(outliers, 10);
    assert.ok(Math.abs(coefficients[1]!.estimate - 3) < 0.2);
  });
  it("and a degree that three values do not carry is refused with what to do", () => {
    const table = rows.map(({ y, a }) => ({ y, x: a % 3 }));
    const { hint } = refusalOf(() => trainLinear(datasetOf(table, "y"), { ...plain, degree: 3 }));
    assert.match(hint, /Use a lower degree/);
  });
});

describe("robust polynomial far from 0", () => {
  const near = Array.from({ length: 60 }, (_, i) => ({
    x: i,
    y: i % 4 === 0 ? 900 : 5 - 2 * i + 0.1 * i * i + (i % 3) * 0.2,
  }));
  for (const degree of [1, 2, 3])
    it(`the same rows, of degree ${degree}, where x is a time in ms`, () => {
      const of = (far: number, step: number) => {
        const rows = near.map(({ x, y }) => ({ x: far + x * step, y }));
        const { model, outliers } = trainRobust(datasetOf(rows, "y"), { degree, intercept: true }, 1);
        return { outliers, at: linearScorer(model).score(Float64Array.of(far + 31 * step)) };
      };
      const [here, far] = [of(0, 1), of(1.7e12, 1000)];
      assert.equal(far.outliers, here.outliers);
      assertDigits(far.at, here.at, 9, "prediction");
    });
  it("without intercept, where most draws leave powers that cannot be told apart, it does not break", () => {
    const rows = near.map(({ x, y }) => ({ x: 1.7e12 + x / 8, y }));
    const { model } = trainRobust(datasetOf(rows, "y"), { degree: 2, intercept: false }, 1);
    assert.ok(Number.isFinite(linearScorer(model).score(Float64Array.of(1.7e12 + 4))));
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
    [
      "products that are more than rows can tell apart",
      line(6),
      { interactions: true, degree: 2 },
      "too-few-rows",
      /5 terms of 2 features/,
    ],
    [
      "products of so many features",
      Array.from({ length: 50 }, (_, i) =>
        Object.fromEntries(Array.from({ length: 46 }, (_, k) => [k ? `f${k}` : "y", i + k])),
      ),
      { interactions: true },
      "too-large",
      /1035 terms, more than 1000/,
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
