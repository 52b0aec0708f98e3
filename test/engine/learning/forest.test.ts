import assert from "node:assert/strict";
import type { Table } from "../../../engine/contract/messages";
import { type Dataset, takeRows } from "../../../engine/learning/dataset";
import { buildDataset } from "../../../engine/learning/dataset-builder";
import { evaluate } from "../../../engine/learning/evaluate";
import { checkShares } from "../../../engine/learning/forest/forest-memory";
import { forestOf } from "../../../engine/learning/forest/forest-model";
import { forestScorer } from "../../../engine/learning/forest/forest-scorer";
import { treeGrower } from "../../../engine/learning/forest/grow-tree";
import { trainMlRandomForest } from "../../../engine/learning/forest/ml-random-forest";
import { missingBin, rankedColumns, rankedFeature } from "../../../engine/learning/forest/ranks";
import {
  type ForestMeans,
  type ForestOptions,
  featuresToTry,
  type GrowTrees,
  growerOf,
  trainForest,
} from "../../../engine/learning/forest/train-forest";
import type { ClassMetrics, RegressionMetrics } from "../../../engine/learning/metrics";
import { randomOf, shuffle } from "../../../engine/learning/random";
import { readCsv, readFixture, refusalOf } from "./references";

const options = (more: Partial<ForestOptions> = {}): ForestOptions => ({
  trees: 100,
  maxDepth: 0,
  minLeaf: 1,
  maxFeatures: "auto",
  classWeight: "none",
  seed: 1,
  ...more,
});

interface Spread {
  mean: number;
  sd: number;
}
interface Fixture {
  ai4i: { features: string[]; "test rows": number[] } & Record<
    string,
    { f1: Spread; rocAuc: Spread; nodes: Spread; importance: number[] }
  >;
  tablets: { features: string[]; "test rows of those without blanks": number[]; thirds: [number, number] } & Record<
    string,
    Record<string, Spread>
  >;
}
const fixture = readFixture<Fixture>("forests.json");
const rest = (n: number, test: number[]): number[] => {
  const held = new Set(test);
  return [...Array(n).keys()].filter((row) => !held.has(row));
};
const mean = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const seeds = [1, 2, 3, 4, 5];

/** Our mean over five seeds lies within two of scikit-learn's standard deviations around its mean over ten. */
function assertNear(values: number[], { mean: expected, sd }: Spread, what: string): void {
  const ours = mean(values);
  assert.ok(
    Math.abs(ours - expected) <= 2 * sd,
    `${what}: ${ours.toFixed(4)}, scikit-learn ${expected.toFixed(4)} ± ${sd.toFixed(4)}`,
  );
}

describe("our forest is as accurate as scikit-learn's", function () {
  this.timeout(60_000);
  const machines = buildDataset(readCsv("ai4i2020.csv"), {
    target: "Machine failure",
    task: "classification",
    features: fixture.ai4i.features,
  });
  const test = fixture.ai4i["test rows"];
  const train = rest(machines.rows, test);

  for (const [name, classWeight] of [
    ["RandomForestClassifier()", "none"],
    ['RandomForestClassifier(class_weight="balanced")', "balanced"],
  ] as const)
    it(`${name} on machine failures`, () => {
      const expected = fixture.ai4i[name]!;
      const runs = seeds.map((seed) => {
        const trained = trainForest(takeRows(machines, train), options({ seed, classWeight }));
        const metrics = evaluate(forestScorer(forestOf(trained.model)), takeRows(machines, test), "test", 1, false)
          .metrics as ClassMetrics;
        return { ...trained, metrics };
      });
      assertNear(
        runs.map((run) => run.metrics.f1),
        expected.f1,
        "f1",
      );
      assertNear(
        runs.map((run) => run.metrics.rocAuc!),
        expected.rocAuc,
        "rocAuc",
      );
      // With weights scikit-learn goes on dividing pure nodes, whose impurity rounding makes a little more than 0.
      const nodes = { mean: expected.nodes.mean, sd: expected.nodes.sd + 0.01 * expected.nodes.mean };
      if (classWeight === "none")
        assertNear(
          runs.map((run) => mean(run.model.nodes) * 100),
          nodes,
          "nodes",
        );
      expected.importance.forEach((share, f) => {
        const ours = mean(runs.map((run) => run.importance[f]!));
        assert.ok(
          Math.abs(ours - share) < 0.015,
          `importance of ${fixture.ai4i.features[f]}: ${ours}, scikit-learn ${share}`,
        );
      });
    });

  const complete = readCsv("tablet_batches_codes13_23.csv").filter((row) =>
    fixture.tablets.features.every((name) => String(row[name]).trim() !== ""),
  );
  const held = fixture.tablets["test rows of those without blanks"];
  const tablets = buildDataset(complete, {
    target: "tbl_av_hardness",
    task: "regression",
    features: fixture.tablets.features,
  });
  for (const [name, more] of [
    ["RandomForestRegressor()", {}],
    ["RandomForestRegressor(max_depth=4, min_samples_leaf=5)", { maxDepth: 4, minLeaf: 5 }],
  ] as const)
    it(`${name} on tablet hardness`, () => {
      const r2 = seeds.map((seed) => {
        const { model } = trainForest(takeRows(tablets, rest(tablets.rows, held)), options({ seed, ...more }));
        return (
          evaluate(forestScorer(forestOf(model)), takeRows(tablets, held), "test", null, false)
            .metrics as RegressionMetrics
        ).r2!;
      });
      assertNear(r2, fixture.tablets[name]!.r2!, "r2");
    });

  it("RandomForestClassifier() of three classes, thirds of the hardness", () => {
    const [low, high] = fixture.tablets.thirds;
    const classed: Dataset = {
      ...tablets,
      target: {
        name: "third",
        labels: [0, 1, 2],
        values: tablets.target.values.map((y) => (y < low ? 0 : y < high ? 1 : 2)),
      },
    };
    const runs = seeds.map((seed) => {
      const { model } = trainForest(takeRows(classed, rest(classed.rows, held)), options({ seed }));
      return evaluate(
        forestScorer(forestOf(JSON.parse(JSON.stringify(model)))),
        takeRows(classed, held),
        "test",
        null,
        false,
      ).metrics as ClassMetrics;
    });
    const expected = fixture.tablets["RandomForestClassifier() on thirds"]!;
    assertNear(
      runs.map((m) => m.f1Macro),
      expected.f1Macro!,
      "f1Macro",
    );
    assertNear(
      runs.map((m) => m.rocAuc!),
      expected.rocAuc!,
      "rocAuc",
    );
  });
});

const table = (n: number, row: (i: number) => Record<string, unknown>): Table =>
  Array.from({ length: n }, (_, i) => row(i));
const numbersOf = (rows: Table): Dataset => buildDataset(rows, { target: "y", task: "regression" });
const classesOf = (rows: Table): Dataset => buildDataset(rows, { target: "y", task: "classification" });
const rowAt = (dataset: Dataset, i: number): Float64Array =>
  Float64Array.from(dataset.features, (feature) => feature.values[i]!);

describe("forest", () => {
  const noisy = numbersOf(
    table(300, (i) => ({ y: Math.sin(i / 20) + ((i * 37) % 11) / 20, a: i % 50, b: (i * 7) % 13, c: i })),
  );

  it("is the same to the byte for the same seed, another for another", () => {
    const of = (seed: number) => JSON.stringify(trainForest(noisy, options({ seed, trees: 10 })).model);
    assert.equal(of(7), of(7));
    assert.notEqual(of(7), of(8));
  });
  it("is the same whoever grows which tree, finished in any order", () => {
    const growShuffled: GrowTrees = (job, take) => {
      const growers = [growerOf(job), growerOf(job), growerOf(job)];
      for (const number of shuffle([...Array(job.trees).keys()], randomOf(5)))
        take(growers[number % 3]!(number), number);
    };
    for (const dataset of [noisy, classesOf(table(200, (i) => ({ y: (i * i) % 7, a: i % 31, b: (i * 5) % 17 })))]) {
      const told: number[] = [];
      const shuffled = trainForest(dataset, options({ trees: 20 }), {
        growTrees: growShuffled,
        onTree: (done) => told.push(done),
      });
      assert.deepEqual(shuffled, trainForest(dataset, options({ trees: 20 })));
      assert.deepEqual(
        told,
        [...Array(20).keys()].map((i) => i + 1),
      );
    }
  });
  it("is refused before it takes more memory than there is", () => {
    const refused = (more: ForestMeans) =>
      refusalOf(() =>
        trainForest(noisy, options(), { growTrees: () => assert.fail("memory has been taken already"), ...more }),
      );
    const { code, message, hint } = refused({ memory: 30_000 });
    assert.equal(code, "too-large");
    assert.match(message, /300 rows x 3 features/);
    assert.match(hint, /fewer rows/);
    assert.match(refused({ memory: 80_000, workers: 8 }).hint, /fewer workers/);
  });
  it("is refused when its first tree shows that they will not fit, and at the latest when they do not", () => {
    let grown = 0;
    const refused = (from: number) =>
      refusalOf(() =>
        trainForest(noisy, options({ trees: 100 }), {
          memory: 400_000,
          growTrees(job, take) {
            const grow = growerOf(job);
            for (let number = from; number < job.trees; number++, grown++) take(grow(number), number);
          },
        }),
      );
    const { code, message, hint } = refused(0);
    assert.equal(code, "too-large");
    assert.match(message, /would have about \d+ nodes in 100 trees; \d+ fit/);
    assert.match(hint, /minLeaf/);
    assert.equal(grown, 0);
    assert.match(refused(1).message, /more than \d+ nodes/);
    assert.ok(grown < 50);
  });
  it("keeps one row of shares for all leaves of one class, and counts the others as memory", () => {
    const random = randomOf(4);
    const many = classesOf(table(2000, () => ({ y: random.below(100), a: random.next(), b: random.next() })));
    const { trees, model } = trainForest(many, options({ trees: 2 }));
    for (const { shares } of trees) assert.equal(shares.length, 100 * 100);
    assert.equal(forestOf(model).shares.length, 100 * 100);
    const wide: GrowTrees = (job, take) => {
      const tree = growerOf(job)(0);
      take({ ...tree, shares: [...tree.shares, ...new Array<number>(50_000).fill(0.01)] }, 0);
    };
    const { code } = refusalOf(() => trainForest(many, options({ trees: 100 }), { growTrees: wide, memory: 40e6 }));
    assert.equal(code, "too-large");
    assert.match(refusalOf(() => checkShares(20e6, 250)).message, /more than 72000 different mixes of 250 classes/);
  });
  it("has trees that do not depend on how many there are", () => {
    const few = forestOf(trainForest(noisy, options({ trees: 3 })).model);
    const more = forestOf(trainForest(noisy, options({ trees: 6 })).model);
    const nodes = few.feature.length;
    assert.deepEqual(few.value, more.value.slice(0, nodes));
    assert.deepEqual(few.feature, more.feature.slice(0, nodes));
  });

  /** Without randomness (the same features, one tree, the rows as they are) CART has one answer: tried here by brute force. */
  function assertExhaustive({ rows: count, features, target }: Dataset, unused: number): void {
    // Those that are never tried come last, because nothing is drawn.
    const columns = [
      ...features.map((f) => f.values),
      ...Array.from({ length: unused }, () => new Float64Array(count)),
    ];
    const grow = treeGrower(
      { ...rankedColumns(columns), target: target.values, weight: new Float64Array(count).fill(1) },
      { maxDepth: 3, minLeaf: 1, tries: 3, classes: 0 },
    );
    const tree = grow({ ...randomOf(1), below: eachRowOnce(count) });
    const sse = (rows: number[]) => {
      const m = mean(rows.map((i) => target.values[i]!));
      return rows.reduce((sum, i) => sum + (target.values[i]! - m) ** 2, 0);
    };
    const check = (at: number, rows: number[]): void => {
      if (tree.feature[at] === 65535) {
        assert.ok(Math.abs(tree.value[at]! - mean(rows.map((i) => target.values[i]!))) < 1e-12);
        return;
      }
      const split = (f: number, t: number): [number[], number[]] => [
        rows.filter((i) => features[f]!.values[i]! <= t),
        rows.filter((i) => features[f]!.values[i]! > t),
      ];
      let best = Number.POSITIVE_INFINITY;
      for (let f = 0; f < 3; f++)
        for (const t of new Set(rows.map((i) => features[f]!.values[i]!))) {
          const [left, right] = split(f, t);
          if (right.length > 0) best = Math.min(best, sse(left) + sse(right));
        }
      const [left, right] = split(tree.feature[at]! & 32767, tree.value[at]!);
      assert.ok(sse(left) + sse(right) <= best + 1e-9, `node ${at}`);
      check(at + 1, left);
      check(tree.right[at]!, right);
    };
    check(0, [...Array(count).keys()]);
  }

  it("grows one tree as an exhaustive search would, node by node", () => {
    assertExhaustive(noisy, 0);
    // Few of many features tried, so that large nodes are searched by bins: of few values each value is one.
    const wavy = (i: number): number => Math.sin(i / 70) + ((i * 37) % 11) / 20;
    const row = (i: number) => ({ y: wavy(i), a: i % 50, b: (i * 7) % 13, c: Math.floor(i / 6) });
    for (const rows of [300, 1500]) assertExhaustive(numbersOf(table(rows, row)), 4);
  });

  for (const [what, maxDepth, minLeaf] of [
    ["two classes", 1, 1],
    ["three classes", 2, 1],
    ["numbers", 2, 100],
  ] as const)
    it(`finds where a rule begins among many different values, though large nodes see bins of them: ${what}`, () => {
      const random = randomOf(12);
      const share = () => random.next() / 2 ** 32;
      const rows = table(9000, (i) => ({ x: share() ** 3, z: i % 7 === 0 ? "" : share(), w: share() }));
      const sorted = rows.map((row) => Number(row.x)).sort((a, b) => a - b);
      // In the middle of bins, which have nine rows.
      for (const place of [987, 3001, 4999, 8005, 8500]) {
        const y = (x: number, w: number) =>
          x > sorted[place]! ? 2 : what === "two classes" ? 0 : what === "numbers" ? w : w > 0.5 ? 1 : 0;
        const dataset = (what === "numbers" ? numbersOf : classesOf)(
          rows.map((row) => ({ y: y(Number(row.x), Number(row.w)), ...row })),
        );
        const more = { trees: 3, maxDepth, minLeaf, maxFeatures: "all" } as const;
        const { feature, value } = forestOf(trainForest(dataset, options(more)).model);
        const cuts = [...value].filter((_, at) => feature[at] !== 65535 && (feature[at]! & 32767) === 0);
        // Between the rows beside the rule that a tree has drawn.
        const near = cuts.filter((cut) => cut >= sorted[place - 3]! && cut < sorted[place + 4]!);
        assert.ok(near.length >= 3, `${place}: ${near.length} of ${cuts.length}`);
      }
    });

  it("predicts training rows exactly where a tree saw them and leaves are pure", () => {
    const { model } = trainForest(noisy, options({ trees: 1 }));
    const scorer = forestScorer(forestOf(model));
    const exact = [...Array(noisy.rows).keys()].filter((i) => scorer.score(rowAt(noisy, i)) === noisy.target.values[i]);
    assert.ok(exact.length > 0.55 * noisy.rows, `${exact.length} of ${noisy.rows}`); // 63 % are in the bootstrap
  });

  it("respects minLeaf and maxDepth", () => {
    const shallow = forestOf(trainForest(noisy, options({ trees: 20, maxDepth: 2 })).model);
    assert.ok(shallow.roots.length === 20 && shallow.feature.length <= 20 * 7);
    const { model } = trainForest(noisy, options({ trees: 5, minLeaf: 10 }));
    const forest = forestOf(model);
    forest.feature.forEach((code, i) => {
      if (code === 65535) assert.ok(forest.cover[i]! >= 10, String(forest.cover[i]));
    });
  });

  it("finds a rule in missing values, and keeps to it", () => {
    // y is 5 exactly where a is missing; b is noise.
    const dataset = numbersOf(
      table(200, (i) => ({ y: i % 4 === 0 ? 5 : 0, a: i % 4 === 0 ? "" : (i * 31) % 17, b: (i * 7) % 5 })),
    );
    const scorer = forestScorer(forestOf(trainForest(dataset, options({ trees: 20 })).model));
    assert.equal(scorer.score(Float64Array.from([Number.NaN, 1])), 5);
    assert.equal(scorer.score(Float64Array.from([3, 1])), 0);
    assert.equal(scorer.score(Float64Array.from([0, 1])), 0, "0 is a value and not missing");
  });
  it("learns which side missing values belong to, of three classes too", () => {
    const kind = (i: number) => (i % 3 === 0 ? "low" : i % 3 === 1 ? "high" : "none");
    const dataset = classesOf(
      table(300, (i) => ({ y: kind(i), a: i % 3 === 2 ? null : i % 3 === 0 ? i % 10 : 20 + (i % 10), b: (i * 7) % 5 })),
    );
    const scorer = forestScorer(forestOf(trainForest(dataset, options({ trees: 30 })).model));
    const of = (a: number) => dataset.target.labels![scorer.score(Float64Array.from([a, 1]))];
    assert.deepEqual([of(4), of(25), of(Number.NaN)], ["low", "high", "none"]);
  });
  it("takes a missing value that it never met with the majority", () => {
    const scorer = forestScorer(forestOf(trainForest(noisy, options({ trees: 20 })).model));
    assert.ok(Number.isFinite(scorer.score(Float64Array.from([Number.NaN, Number.NaN, Number.NaN]))));
  });

  it("balanced weights change a lopsided forest", () => {
    const dataset = classesOf(table(400, (i) => ({ y: i % 20 === 0 ? 1 : 0, a: (i * 13) % 101, b: (i * 29) % 67 })));
    const share = (classWeight: "none" | "balanced") => {
      const scorer = forestScorer(
        forestOf(trainForest(dataset, options({ trees: 30, minLeaf: 20, classWeight })).model),
      );
      const p = new Float64Array(2);
      scorer.probabilities!(Float64Array.from([50, 30]), p);
      return p[1]!;
    };
    assert.ok(share("balanced") > share("none") + 0.1);
  });

  it("intervals are quantiles of the trees: with several features they hold about what they promise", () => {
    const random = randomOf(11);
    const noise = (): number => [1, 2, 3, 4, 5, 6].reduce((sum) => sum + random.next() / 2 ** 32 - 0.5, 0);
    const dataset = numbersOf(
      table(600, () => ({ y: 10 * noise(), a: noise(), b: noise(), c: noise(), d: noise(), e: noise() })),
    );
    const scorer = forestScorer(forestOf(trainForest(takeRows(dataset, [...Array(400).keys()]), options()).model));
    let inside = 0;
    for (let i = 400; i < 600; i++) {
      const [low, high] = scorer.interval!(rowAt(dataset, i), 0.9);
      if (dataset.target.values[i]! >= low && dataset.target.values[i]! <= high) inside++;
    }
    assert.ok(inside > 165 && inside < 195, `${inside} of 200`);
  });

  it("contributions add up, of numbers, two and three classes", () => {
    const sets = [
      noisy,
      classesOf(table(200, (i) => ({ y: (i * i) % 7 < 3 ? "ok" : "soft", a: i % 31, b: (i * 5) % 17 }))),
      classesOf(
        table(200, (i) => ({ y: (i * i) % 7 < 3 ? "ok" : i % 2 ? "soft" : "chipped", a: i % 31, b: (i * 5) % 17 })),
      ),
    ];
    for (const dataset of sets) {
      const scorer = forestScorer(forestOf(trainForest(dataset, options({ trees: 20 })).model));
      const parts = new Float64Array(dataset.features.length);
      const shares = new Float64Array(dataset.target.labels?.length ?? 0);
      for (let i = 0; i < 20; i++) {
        const row = rowAt(dataset, i);
        const score = scorer.score(row);
        scorer.probabilities?.(row, shares);
        const sum = scorer.contributions!(row, parts) + parts.reduce((a, b) => a + b, 0);
        assert.ok(Math.abs(sum - (dataset.target.labels ? shares[score]! : score)) < 1e-9);
      }
    }
  });

  it("ranks more distinct values than there are ranks, in order", () => {
    const n = 100_000;
    const values = Float64Array.from({ length: n }, (_, i) => ((i * 7919) % n) / 3);
    const { ranks, lower, upper } = rankedFeature(values);
    for (let i = 0; i < n; i++) {
      assert.ok(lower[ranks[i]!]! <= values[i]! && values[i]! <= upper[ranks[i]!]!);
    }
    for (let r = 1; r < lower.length; r++) assert.ok(lower[r]! > upper[r - 1]!);
  });

  it("bins neighbouring ranks with about equally many rows, frequent values for themselves", () => {
    const n = 50_000;
    const random = randomOf(3);
    // Nine tenths are 0, the others differ.
    const values = Float64Array.from({ length: n }, (_, i) => (i % 10 === 0 ? random.next() - 2 ** 31 : 0));
    values[7] = Number.NaN;
    const { ranks, bins, firstRanks, mixed } = rankedFeature(values);
    const rows = new Array<number>(missingBin + 1).fill(0);
    for (let i = 0; i < n; i++) {
      const bin = bins[i]!;
      rows[bin]!++;
      if (i === 7) assert.equal(bin, missingBin);
      else assert.ok(firstRanks[bin]! <= ranks[i]! && ranks[i]! < firstRanks[bin + 1]!);
    }
    assert.deepEqual([rows[missingBin], Math.max(...rows)], [1, (n * 9) / 10 - 1]);
    assert.ok(firstRanks.length > 900 && mixed <= 8, `${firstRanks.length} bins, ${mixed}`);
  });

  it("divides what lies within one bin: leaves of all trees are pure where every number differs", () => {
    const n = 20_000;
    const x = Float64Array.from({ length: n }, (_, i) => i);
    const y = x.map((i) => Math.sin(i) * 100);
    for (const classes of [0, 2, 3]) {
      const target = classes === 0 ? y : y.map((value) => Math.abs(Math.round(value)) % classes);
      const grow = treeGrower(
        { ...rankedColumns([x]), target, weight: new Float64Array(n).fill(1) },
        { maxDepth: 0, minLeaf: 1, tries: 1, classes },
      );
      const tree = grow({ ...randomOf(1), below: eachRowOnce(n) });
      const leafOf = (value: number): number => {
        let at = 0;
        while (tree.feature[at] !== 65535) at = value <= tree.value[at]! ? at + 1 : tree.right[at]!;
        return at;
      };
      for (let i = 0; i < n; i += 7) {
        const at = tree.value[leafOf(x[i]!)]!;
        assert.equal(classes > 2 ? tree.shares[at * classes + target[i]!] : at, classes > 2 ? 1 : target[i]);
      }
    }
  });

  it("reads maxFeatures as scikit-learn does", () => {
    // sklearn.tree._classes, BaseDecisionTree.fit: max(1, int(sqrt(n))), max(1, int(log2(n))), max(1, int(share * n))
    const cases: [ForestOptions["maxFeatures"], number, boolean, number][] = [
      ["auto", 6, true, 2],
      ["auto", 6, false, 6],
      ["sqrt", 10, false, 3],
      ["log2", 20, true, 4],
      ["all", 9, true, 9],
      [0.5, 9, true, 4],
      [0.01, 9, true, 1],
      [3, 9, true, 3],
      [30, 9, true, 9],
      [1, 9, false, 1],
    ];
    for (const [rule, n, classes, expected] of cases)
      assert.equal(featuresToTry(rule, n, classes), expected, `${rule} of ${n}`);
  });

  it("is refused when damaged", () => {
    const { model } = trainForest(noisy, options({ trees: 3 }));
    assert.throws(
      () => forestOf({ ...model, nodes: [model.nodes[0]! + 1, model.nodes[1]! - 1, model.nodes[2]!] }),
      RangeError,
    );
    assert.throws(() => forestOf({ ...model, feature: model.feature.slice(0, -4) }), RangeError);
    const damaged = { ...model.leaves, data: `*${model.leaves.data.slice(1)}` };
    assert.throws(() => forestOf({ ...model, leaves: damaged }), RangeError);
    assert.throws(() => forestOf({ ...model, thresholds: model.leaves }), RangeError);
  });
});

describe("ml-random-forest as an engine", () => {
  const { RandomForestRegression, RandomForestClassifier } = require("ml-random-forest") as Record<
    string,
    new (
      options: object,
    ) => {
      train(x: number[][], y: number[]): void;
      predict(x: number[][]): number[];
    }
  >;
  const dataset = numbersOf(
    table(120, (i) => ({ y: Math.sin(i / 9) * 5 + ((i * 37) % 11) / 5, a: i % 25, b: (i * 7) % 13, c: i })),
  );
  const rows = Array.from({ length: dataset.rows }, (_, i) => [...rowAt(dataset, i)]);
  const treeOptions = { minNumSamples: 1, maxDepth: Number.POSITIVE_INFINITY, gainThreshold: -1 };
  const settings = {
    nEstimators: 15,
    seed: 3,
    maxFeatures: 3,
    replacement: false,
    useSampleBagging: true,
    noOOB: true,
    treeOptions,
  };

  it("predicts numbers exactly as the package", () => {
    const theirs = new RandomForestRegression!(settings);
    theirs.train(rows, [...dataset.target.values]);
    const scorer = forestScorer(forestOf(trainMlRandomForest(dataset, options({ trees: 15, seed: 3 })).model));
    theirs.predict(rows).forEach((value, i) => {
      assert.ok(Math.abs(scorer.score(Float64Array.from(rows[i]!)) - value) < 1e-9);
    });
  });
  it("predicts three classes as the package's votes, though the classes are texts", () => {
    const classed = classesOf(
      table(120, (i) => ({
        y: i % 25 < 8 ? "ok" : i % 25 < 18 ? "soft" : "chipped",
        a: i % 25,
        b: (i * 7) % 13,
        c: i,
      })),
    );
    const theirs = new RandomForestClassifier!(settings);
    theirs.train(rows, [...classed.target.values]);
    const scorer = forestScorer(forestOf(trainMlRandomForest(classed, options({ trees: 15, seed: 3 })).model));
    assert.deepEqual(
      rows.map((row) => scorer.score(Float64Array.from(row))),
      theirs.predict(rows),
    );
  });
  it("takes more than ten times as much room as ours: numbers, two and three classes", () => {
    const random = randomOf(3);
    const cells = Array.from({ length: 250 }, () => [
      random.below(1000) / 10,
      random.below(1000) / 10,
      random.below(50),
    ]);
    const scores = cells.map(([a, b, c]) => Math.sin(a! / 15) * 5 + b! / 20 + c! / 25 + random.below(100) / 100);
    for (const cuts of [[], [3], [1, 4]]) {
      const isClasses = cuts.length > 0;
      const targets = isClasses ? scores.map((y) => cuts.filter((cut) => y > cut).length) : scores;
      const theirs = isClasses ? new RandomForestClassifier!(settings) : new RandomForestRegression!(settings);
      theirs.train(cells, targets);
      const rows = table(250, (i) => ({ y: targets[i], a: cells[i]![0], b: cells[i]![1], c: cells[i]![2] }));
      const { model } = trainForest(isClasses ? classesOf(rows) : numbersOf(rows), options({ trees: 15 }));
      const percent = (100 * JSON.stringify(model).length) / JSON.stringify(theirs).length;
      assert.ok(percent < 10, `${percent.toFixed(1)} %`);
    }
  });
  it("has its traps: default settings would give a stump on rare classes, ours finds them", () => {
    const rare = classesOf(table(400, (i) => ({ y: i % 50 === 0 ? 1 : 0, a: (i % 50) + i / 1000, b: i % 7 })));
    const x = Array.from({ length: rare.rows }, (_, i) => [...rowAt(rare, i)]);
    const found = (predicted: number[]) => predicted.filter((c, i) => c === 1 && rare.target.values[i] === 1).length;
    const byDefault = new RandomForestClassifier!({
      nEstimators: 10,
      seed: 1,
      noOOB: true,
      treeOptions: { gainThreshold: 0.1 },
    });
    byDefault.train(x, [...rare.target.values]);
    const scorer = forestScorer(forestOf(trainMlRandomForest(rare, options({ trees: 10 })).model));
    assert.equal(found(byDefault.predict(x)), 0);
    assert.ok(found(x.map((row) => scorer.score(Float64Array.from(row)))) >= 7);
  });
  it("makes perfect divisions, which its own default for regressions refuses to", () => {
    const steps = numbersOf(table(60, (i) => ({ y: i < 20 ? 1 : i < 40 ? 3 : 9, a: i })));
    const rows = [5, 30, 55];
    const scorer = forestScorer(forestOf(trainMlRandomForest(steps, options({ trees: 9 })).model));
    assert.deepEqual(
      rows.map((a) => scorer.score(Float64Array.from([a]))),
      [1, 3, 9],
    );
    const byDefault = new RandomForestRegression!({ nEstimators: 9, seed: 1, noOOB: true });
    byDefault.train(
      [...steps.features[0]!.values].map((a) => [a]),
      [...steps.target.values],
    );
    assert.notDeepEqual(byDefault.predict(rows.map((a) => [a])), [1, 3, 9]);
  });
  it("asks for a single feature where one is meant", () => {
    const { model } = trainMlRandomForest(dataset, options({ trees: 12, maxFeatures: 1 }));
    const forest = forestOf(model);
    for (let t = 0; t < 12; t++) {
      const end = forest.roots[t + 1] ?? forest.feature.length;
      const used = new Set(
        [...forest.feature.slice(forest.roots[t]!, end)].filter((code) => code !== 65535).map((code) => code & 32767),
      );
      assert.ok(used.size <= 1);
    }
  });
  it("measures importance on its trees", () => {
    const clear = numbersOf(table(100, (i) => ({ y: (i % 10) * 3, noise: (i * 7919) % 97, a: i % 10 })));
    const { importance } = trainMlRandomForest(clear, options({ trees: 10 }));
    assert.ok(importance[1]! > 0.95);
    assert.ok(Math.abs(importance[0]! + importance[1]! - 1) < 1e-9);
  });
  it("refuses what would take hours, in words", () => {
    const big: Dataset = { ...dataset, rows: 50_000 };
    const info = refusalOf(() => trainMlRandomForest(big, options()));
    assert.equal(info.code, "too-large");
    assert.match(info.message, /50000 rows, 3 features and 100 trees are about \d+ minutes/);
  });
});

/** In place of drawing: every row once, and features in their order. */
function eachRowOnce(rows = 300): (n: number) => number {
  let row = 0;
  return (n) => (n === rows ? row++ : 0);
}
