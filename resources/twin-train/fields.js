// The settings of twin-train's form: one row each, in the order in which they stand there; when they apply and what is wrong
// with them. A new setting is a row here, a line in `defaults` (twin-train.html), and its texts: `label`, `about` and, of a
// choice, one each. nodes/twin-train/twin-train.settings.ts has the last word; test/nodes/twin-train.form.test.ts holds the
// two against each other.
(() => {
  // The files of the form arrive in any order: each adds its part here, and takes the others' when it is called.
  window.MediTwinTrain ??= {};
  const form = window.MediTwinTrain;
  const is =
    (key, ...values) =>
    (node) =>
      values.includes(node[key]);
  /** Whether one of the algorithms that are compared (search.js) is one of these. */
  const learnsBy =
    (...names) =>
    (node) =>
      form.algorithmsOf(node).some((algorithm) => names.includes(algorithm));
  const isForest = learnsBy("forest-classifier", "forest-regressor");
  const isOfClasses = learnsBy("forest-classifier");
  const isOwnForest = (node) => isForest(node) && node.engine !== "ml-random-forest";
  const isPolynomial = learnsBy("polynomial", "robust-polynomial");
  const curves = ["exponential", "power", "theil-sen", "robust-polynomial"];
  /** Curves, which run through one feature. */
  const isCurve = (node) => form.algorithmsOf(node).every((algorithm) => curves.includes(algorithm));
  const hasIntercept = learnsBy("linear", "ridge", "polynomial", "robust-polynomial");
  const isTuned = (node) => form.entriesOf(node).length > 0;

  const algorithms = [
    ...["linear", "ridge", "polynomial", "exponential", "power", "theil-sen", "robust-polynomial"],
    ...["forest-classifier", "forest-regressor"],
  ];
  const metrics = {
    regression: ["mse", "rmse", "mae", "r2", "mape"],
    classification: [
      ...["accuracy", "precision", "recall", "f1", "precisionMacro", "recallMacro", "f1Macro"],
      ...["precisionWeighted", "recallWeighted", "f1Weighted"],
      ...["mcc", "rocAuc", "averagePrecision", "brier", "cost"],
    ],
  };

  const blank = (value) => value === undefined || value === null || value === "";
  const isEnv = (value) => /^\$\{[^}]+\}$/.test(value);
  const taskOf = (node) => (isOfClasses(node) ? "classification" : "regression");

  function featuresFault(list, node) {
    if (!blank(node.target) && (list ?? []).includes(node.target)) return ["targetIsFeature", { name: node.target }];
    return isCurve(node) && (list ?? []).length > 1 ? ["oneFeature"] : undefined;
  }
  function maxFeaturesFault(value) {
    if (blank(value) || ["auto", "sqrt", "log2", "all"].includes(value)) return undefined;
    const n = Number(value);
    return n > 0 && (n < 1 || Number.isInteger(n)) ? undefined : ["maxFeatures"];
  }
  const classWeightFault = (value, node) =>
    value === "balanced" && node.engine === "ml-random-forest" ? ["classWeight"] : undefined;
  /** Whether a cost is given: what a message or the environment brings may be one. */
  const isCost = (value) => isEnv(value) || Number(value) > 0;
  const costFault = (other) => (value, node) =>
    isCost(node[other]) && (blank(value) || Number(value) === 0) ? ["costs"] : undefined;
  const columnFault = (value, node) => (blank(value) && node.split === "column" ? ["splitColumn"] : undefined);
  const nameFault = (value) => (value && (value.length > 128 || /\p{Cc}/u.test(value)) ? ["modelName"] : undefined);
  /** The first part of a gate that is no condition on a metric of that task. */
  function gateFault(text, node) {
    if (blank(text)) return undefined;
    const condition = /^([a-z0-9]+)\s*(?:>=|<=|>|<)\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
    const [own, all] = [metrics[taskOf(node)], Object.values(metrics).flat()];
    const among = (names, name) => names.some((one) => one.toLowerCase() === name.toLowerCase());
    for (const part of text.split(/&&|,|;|\band\b/i).map((one) => one.trim())) {
      const name = condition.exec(part)?.[1];
      if (!name || !among(all, name)) return ["gate", { part: part || text }];
      if (!among(own, name)) return ["gateTask", { metric: name, metrics: own.join(", ") }];
      if (name.toLowerCase() === "cost" && !(isCost(node.costMissed) && isCost(node.costFalseAlarm)))
        return ["gateCost"];
    }
    return undefined;
  }

  const plain = () => "";
  /**
   * `whole` and `number` are ranges, `empty` is what an empty field means, `hint(node)` ends the key of the text that an empty
   * field shows, `fault(value, node)` gives the key of the text that
   * says what is wrong, with what to fill in. A field without `when` always applies.
   */
  const sections = [
    [
      "data",
      [
        { key: "name", hint: plain },
        { key: "target", list: "twin-train-columns", hint: plain },
        { key: "algorithm", choices: algorithms, tip: true },
        { key: "features", own: true, wide: true, fault: featuresFault },
      ],
    ],
    [
      "learning",
      [
        { key: "degree", whole: [1, 10], empty: 2, when: isPolynomial },
        { key: "alpha", number: [0, 1e300], empty: 1, when: learnsBy("ridge") },
        { key: "interactions", flag: true, when: learnsBy("linear", "ridge", "polynomial") },
        { key: "intercept", flag: true, when: hasIntercept },
        { key: "engine", choices: ["meditwin", "ml-random-forest"], when: isForest },
        { key: "trees", whole: [1, 10000], empty: 100, when: isForest },
        { key: "maxDepth", whole: [0, 1e6], empty: 0, when: isForest },
        { key: "minLeaf", whole: [1, 1e9], empty: 1, when: isForest },
        { key: "maxFeatures", empty: "auto", when: isForest, fault: maxFeaturesFault },
        { key: "classWeight", choices: ["none", "balanced"], when: isOfClasses, fault: classWeightFault },
        { key: "positive", hint: plain, when: isOfClasses },
        { key: "costMissed", number: [0, 1e12], empty: 0, when: isOfClasses, fault: costFault("costFalseAlarm") },
        { key: "costFalseAlarm", number: [0, 1e12], empty: 0, when: isOfClasses, fault: costFault("costMissed") },
      ],
    ],
    [
      "tuning",
      [
        { key: "tune", own: true, wide: true, fault: (value, node) => form.tuneFault(value, node) },
        { key: "search", choices: ["grid", "random"], when: isTuned },
        { key: "candidates", whole: [1, 1000], empty: 60, when: isTuned },
      ],
    ],
    [
      "judging",
      [
        { key: "split", choices: ["", "random", "stratified", "time", "group", "column"] },
        {
          key: "splitColumn",
          list: "twin-train-columns",
          hint: (node) => `.${node.split}`,
          when: is("split", "column", "time"),
          fault: columnFault,
        },
        { key: "groupColumn", list: "twin-train-columns", hint: plain, required: true, when: is("split", "group") },
        { key: "testSize", number: [0, 0.99], empty: 0.2, when: (node) => node.split !== "column" },
        { key: "folds", whole: [0, 100], empty: 0 },
        { key: "outOfBag", flag: true, when: isOwnForest },
        { key: "permutationRepeats", whole: [0, 100], empty: 0 },
        { key: "seed", whole: [0, 4294967295], empty: 1 },
        { key: "gate", hint: (node) => `.${taskOf(node)}`, wide: true, fault: gateFault },
      ],
    ],
    [
      "keeping",
      [
        { key: "modelName", hint: plain, fault: nameFault },
        { key: "promote", choices: ["never", "if-better", "always"] },
        { key: "store", own: true, wide: true, tip: true },
        { key: "model", own: true, wide: true },
      ],
    ],
    [
      "limits",
      [
        { key: "maxRows", whole: [0, 1e9], empty: 0 },
        { key: "timeout", number: [0, 1e6], empty: 600 },
        { key: "workers", whole: [0, 8], empty: 0, when: isOwnForest },
      ],
    ],
  ];
  const fields = sections.flatMap(([, list]) => list);
  const fieldOf = (key) => fields.find((field) => field.key === key);
  const applies = (key, node) => fieldOf(key).when?.(node) ?? true;

  /** What is wrong with a setting, in words; "" when nothing is, or when it does not apply. `_` translates. */
  function problem(_, key, value, node) {
    const field = fieldOf(key);
    const label = (of) => _(`twin-train.label.${of}`);
    /** `of`: another field that the text speaks of. */
    const say = (what, { of = key, ...more } = {}) => _(`twin-train.invalid.${what}`, { field: label(of), ...more });
    if (!applies(key, node) || isEnv(value)) return "";
    const fault = field.fault?.(value, node);
    if (fault) return say(...fault);
    if (field.choices && !field.choices.includes(value ?? "") && !blank(value))
      return say("choice", { value: String(value).slice(0, 60) });
    if (blank(value)) return field.required ? say(key) : "";
    const range = field.whole ?? field.number;
    if (!range) return "";
    const n = Number(value);
    const fits = Number.isFinite(n) && n >= range[0] && n <= range[1] && (!field.whole || Number.isInteger(n));
    return fits ? "" : say(field.whole ? "whole" : "number", { min: range[0], max: range[1] });
  }

  Object.assign(form, { sections, fields, metrics, algorithms, applies, taskOf, isCurve, blank, problem });
})();
