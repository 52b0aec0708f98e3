import assert from "node:assert/strict";
import type { Table } from "../../../engine/contract/messages";
import { buildDataset, type DatasetOptions } from "../../../engine/learning/dataset-builder";
import type { RegressionMetrics } from "../../../engine/learning/metrics";
import { type Algorithm, type TrainOptions, taskOf, trainOptions } from "../../../engine/learning/options";
import { type Progress, type Trained, train } from "../../../engine/learning/train";
import { candidatesOf } from "../../../engine/learning/tune-candidates";
import { assertDigits, readCsv, readFixture, refusalOf } from "./references";

type Settings = Partial<TrainOptions> & Partial<Omit<DatasetOptions, "split">> & { algorithm: Algorithm };
function run(table: Table, settings: Settings, onProgress?: (progress: Progress) => void): Trained {
  const options = trainOptions(settings);
  const dataset = buildDataset(table, {
    target: "y",
    ...settings,
    split: options.split,
    task: taskOf(settings.algorithm),
  });
  return train(dataset, options, onProgress ? { onProgress } : {});
}
/** A parabola with some noise that repeats. */
const parabola: Table = Array.from({ length: 60 }, (_, i) => ({
  x: i / 10,
  y: (i / 10 - 3) ** 2 + ((i * 7) % 11) / 20,
}));
const line: Table = Array.from({ length: 60 }, (_, i) => ({ x: i, y: 2 * i + ((i * 7) % 11) / 2 }));

describe("candidates", () => {
  const of = (more: Partial<TrainOptions> & { algorithm: Algorithm }) => candidatesOf(trainOptions(more));

  it("of a grid are all combinations", () => {
    assert.deepEqual(
      of({
        algorithm: "forest-regressor",
        tune: [
          { setting: "maxDepth", values: [4, 0] },
          { setting: "trees", values: [10, 20] },
        ],
      }),
      [
        { maxDepth: 4, trees: 10 },
        { maxDepth: 4, trees: 20 },
        { maxDepth: 0, trees: 10 },
        { maxDepth: 0, trees: 20 },
      ],
    );
  });
  it("of several algorithms have only what each one uses", () => {
    assert.deepEqual(
      of({
        algorithm: "linear",
        tune: [
          { setting: "alpha", values: [1, 10] },
          { setting: "algorithm", values: ["linear", "ridge"] },
        ],
      }),
      [{ algorithm: "linear" }, { alpha: 1, algorithm: "ridge" }, { alpha: 10, algorithm: "ridge" }],
    );
  });
  it("drawn at random are different, within their ranges, whole where they must be, and the seed's", () => {
    const settings = {
      algorithm: "forest-regressor",
      search: "random",
      candidates: 40,
      tune: [
        { setting: "minLeaf", min: 1, max: 50, log: true },
        { setting: "maxDepth", min: 3, max: 9 },
        { setting: "maxFeatures", min: 0.2, max: 0.9 },
      ],
    } as const;
    const found = of({ ...settings, tune: [...settings.tune] });
    assert.equal(found.length, 40);
    assert.equal(new Set(found.map((one) => JSON.stringify(one))).size, 40);
    for (const { minLeaf, maxDepth, maxFeatures } of found) {
      assert.ok(Number.isInteger(minLeaf) && minLeaf! >= 1 && minLeaf! <= 50);
      assert.ok(Number.isInteger(maxDepth) && maxDepth! >= 3 && maxDepth! <= 9);
      assert.ok(typeof maxFeatures === "number" && maxFeatures >= 0.2 && maxFeatures <= 0.9);
    }
    assert.equal(new Set(found.map(({ maxDepth }) => maxDepth)).size, 7, "both ends occur");
    const small = found.filter(({ minLeaf }) => minLeaf! <= 7).length;
    assert.ok(small >= 12 && small <= 28, `log: half of them are below the geometric mean (${small} of 40)`);
    assert.deepEqual(of({ ...settings, tune: [...settings.tune] }), found);
    assert.notDeepEqual(of({ ...settings, tune: [...settings.tune], seed: 2 }), found);
  });
  it("drawn at random of few are the whole grid", () => {
    const tune: TrainOptions["tune"] = [{ setting: "degree", values: [1, 2, 3] }];
    assert.equal(of({ algorithm: "polynomial", search: "random", tune }).length, 3);
    assert.equal(of({ algorithm: "polynomial", search: "random", candidates: 2, tune }).length, 2);
  });

  const refused: [string, Partial<TrainOptions> & { algorithm: Algorithm }, RegExp, RegExp][] = [
    [
      "a grid with too many combinations",
      {
        algorithm: "forest-regressor",
        tune: [
          { setting: "maxDepth", values: [1, 2, 3, 4, 5, 6, 7, 8, 9] },
          { setting: "minLeaf", values: [1, 2, 3, 4, 5, 6, 7] },
        ],
      },
      /63 combinations, more than the 60 of candidates/,
      /raise candidates to 63/,
    ],
    [
      "a range in a grid",
      { algorithm: "ridge", tune: [{ setting: "alpha", min: 0.1, max: 10 }] },
      /alpha has a range/,
      /set search to random/,
    ],
    [
      "what the algorithm does not use",
      { algorithm: "linear", tune: [{ setting: "trees", values: [1] }] },
      /trees is nothing that linear uses/,
      /Take it out/,
    ],
    [
      "classes beside numbers",
      { algorithm: "linear", tune: [{ setting: "algorithm", values: ["linear", "forest-classifier"] }] },
      /linear and forest-classifier cannot be compared/,
      /of one kind/,
    ],
  ];
  for (const [what, settings, message, hint] of refused)
    it(`refuses ${what}`, () => {
      const info = refusalOf(() => of(settings));
      assert.equal(info.code, "bad-request");
      assert.equal(info.property, "tune");
      assert.match(info.message, message);
      assert.match(info.hint, hint);
    });
});

describe("tune", () => {
  it("has the means of scikit-learn's GridSearchCV, fold by fold, and its best", () => {
    const { columns, ...fixture } = readFixture<{ columns: string[] } & Record<string, unknown>>("selection.json");
    const expected = fixture["GridSearchCV(Ridge(), TimeSeriesSplit(5)), rmse"] as {
      alphas: number[];
      best: number;
      mean: number[];
      "sd (n - 1)": number[];
    };
    const { report } = run(readCsv("tablet_batches_codes13_23.csv"), {
      algorithm: "ridge",
      target: "tbl_av_hardness",
      features: columns,
      split: "time",
      testSize: 0,
      tune: [{ setting: "alpha", values: expected.alphas }],
    });
    const tuning = report.tuning!;
    assert.deepEqual([tuning.search, tuning.metric, tuning.folds], ["grid", "rmse", 5]);
    assert.deepEqual(
      tuning.tried.map(({ settings }) => settings),
      expected.alphas.map((alpha) => ({ alpha })),
    );
    tuning.tried.forEach(({ mean, sd }, i) => {
      assertDigits(mean, expected.mean[i]!, 9, `mean ${i}`);
      assertDigits(sd, expected["sd (n - 1)"][i]!, 7, `sd ${i}`);
    });
    assert.deepEqual(tuning.best, { alpha: expected.best });
  });

  it("fits the best to all rows to learn from, and judges it by rows that the search has not seen", () => {
    const tuned = run(parabola, { algorithm: "polynomial", tune: [{ setting: "degree", values: [1, 2] }] });
    const direct = run(parabola, { algorithm: "polynomial", degree: 2 });
    assert.deepEqual(tuned.report.tuning!.best, { degree: 2 });
    assert.deepEqual(tuned.model, direct.model);
    assert.deepEqual(tuned.report.metrics, direct.report.metrics);
  });
  it("does not look at the held-out rows: when all of them are wrong, it finds the same and the metrics tell", () => {
    const spoilt = (wrong: boolean) =>
      run(
        parabola.map((row, i) => (i % 4 === 0 ? { ...row, use: "test", ...(wrong ? { y: -500 } : {}) } : row)),
        {
          algorithm: "polynomial",
          split: "column",
          splitColumn: "use",
          tune: [{ setting: "degree", values: [1, 2] }],
        },
      ).report;
    assert.deepEqual(spoilt(true).tuning, spoilt(false).tuning);
    assert.ok((spoilt(false).metrics as RegressionMetrics).rmse < 1);
    assert.ok((spoilt(true).metrics as RegressionMetrics).rmse > 400);
  });

  it("compares algorithms: a clear margin where one is much better", () => {
    const { report, model } = run(parabola, {
      algorithm: "linear",
      tune: [
        { setting: "algorithm", values: ["linear", "polynomial", "forest-regressor"] },
        { setting: "trees", values: [10] },
      ],
    });
    const { best, margin, recommendation, tried } = report.tuning!;
    assert.equal(report.algorithm, "polynomial");
    assert.equal(model.algorithm, "polynomial");
    assert.deepEqual(best, { algorithm: "polynomial" });
    assert.equal(tried.length, 3);
    assert.deepEqual(recommendation.settings, best);
    assert.match(recommendation.reason, /nothing simpler is within one standard error/);
    assert.deepEqual(margin!.to, { algorithm: "forest-regressor", trees: 10 });
    assert.equal(margin!.clear, true);
    const [, polynomial, forest] = tried;
    assertDigits(margin!.difference, forest!.mean! - polynomial!.mean!, 9, "difference of the means");
  });

  it("recommends the simpler one where the best is ahead by no more than one standard error, and not beyond", () => {
    const bent = (curvature: number) => {
      const table = line.map((row, x) => ({ ...row, y: (row.y as number) + curvature * x * x }));
      const tune: TrainOptions["tune"] = [{ setting: "degree", values: [5, 3, 2, 1] }];
      return run(table, { algorithm: "polynomial", tune }).report.tuning!;
    };
    for (const [curvature, recommended, clear] of [
      [0.001, 1, false],
      [0.002, 2, true],
    ] as const) {
      const { tried, best, margin, recommendation, folds } = bent(curvature);
      assert.deepEqual(best, { degree: 2 });
      assert.deepEqual(recommendation.settings, { degree: recommended });
      assert.equal(margin!.clear, clear);
      const ofDegree = (degree: number) => tried.find(({ settings }) => settings.degree === degree)!;
      const behind = ofDegree(1).mean! - ofDegree(2).mean!;
      assert.equal(behind <= ofDegree(2).sd! / Math.sqrt(folds), recommended === 1, "the rule, by hand");
    }
    assert.match(bent(0.001).recommendation.reason, /within one standard error \(0\.07904\) .* simpler/);
  });

  it("lists a candidate that cannot be fitted, with its reason, and goes on", () => {
    const twice = parabola.map((row) => ({ ...row, again: (row.x as number) * 2 }));
    const { report } = run(twice, {
      algorithm: "linear",
      tune: [{ setting: "algorithm", values: ["linear", "ridge", "power"] }],
    });
    const [linear, ridge, power] = report.tuning!.tried;
    assert.equal(linear!.mean, null);
    assert.match(linear!.reason!, /"again" can be computed from "x"/);
    assert.ok(ridge!.mean! > 0 && ridge!.reason === undefined);
    assert.match(power!.reason!, /one feature/);
    assert.equal(report.algorithm, "ridge");
    assert.equal(report.tuning!.margin, null);
    assert.match(report.tuning!.recommendation.reason, /Nothing else could be fitted/);
  });
  it("is refused when none can", () => {
    const twice = parabola.map((row) => ({ ...row, again: (row.x as number) * 2 }));
    const info = refusalOf(() =>
      run(twice, { algorithm: "polynomial", tune: [{ setting: "degree", values: [1, 2] }] }),
    );
    assert.equal(info.code, "ill-conditioned");
    assert.match(info.message, /^No candidate of tune could be fitted\. The first: /);
  });

  it("searches by the gate's first metric, larger being better where it is", () => {
    const settings: Settings = {
      algorithm: "polynomial",
      tune: [{ setting: "degree", values: [1, 2] }],
      gate: "r2>0.1",
    };
    const { tuning } = run(parabola, settings).report;
    assert.equal(tuning!.metric, "r2");
    assert.deepEqual(tuning!.best, { degree: 2 });
    assert.ok(tuning!.margin!.difference > 0);
  });

  it("tells its progress, candidate by candidate, rising to 1; the same seed gives the same report", () => {
    const settings: Settings = {
      algorithm: "forest-regressor",
      trees: 4,
      folds: 3,
      search: "random",
      candidates: 5,
      tune: [{ setting: "minLeaf", min: 1, max: 12 }],
    };
    const seen: number[] = [];
    const told = new Set<string>();
    const first = run(parabola, settings, ({ done, candidates }) => {
      seen.push(done);
      if (candidates) told.add(`${candidates.done} of ${candidates.of}`);
    });
    assert.deepEqual(
      [...told],
      [0, 1, 2, 3, 4, 5].map((done) => `${done} of 5`),
    );
    assert.ok(seen.length > 15);
    assert.deepEqual(
      seen,
      [...seen].sort((a, b) => a - b),
    );
    assert.equal(seen.at(-1), 1);
    assert.equal(seen[0], 1 / 16);
    assert.equal(first.report.tuning!.tried.length, 5);
    assert.deepEqual(run(parabola, settings), first);
  });
});
