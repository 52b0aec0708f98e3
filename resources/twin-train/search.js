// What `tune` may say, in twin-train's form: which settings can be searched, their values as text, how many combinations there
// are, and what is wrong. engine/learning/tune-candidates.ts and nodes/twin-train/tune.settings.ts have the last word.
(() => {
  window.MediTwinTrain ??= {};
  const form = window.MediTwinTrain;
  const yesOrNo = ["true", "false"];
  /** Choices, or the range of numbers; `whole` ones have no fractions. */
  const tunables = {
    algorithm: { choices: () => form.algorithms },
    degree: { whole: [1, 10] },
    alpha: { number: [0, 1e300] },
    interactions: { choices: () => yesOrNo },
    intercept: { choices: () => yesOrNo },
    trees: { whole: [1, 10000] },
    maxDepth: { whole: [0, 1e9], least: 1 },
    minLeaf: { whole: [1, 1e9] },
    maxFeatures: { words: ["auto", "sqrt", "log2", "all"], number: [0.0001, 30000] },
    classWeight: { choices: () => ["none", "balanced"] },
  };

  const entriesOf = (node) => (Array.isArray(node.tune) ? node.tune : []);
  const valuesOf = ({ values }) =>
    (typeof values === "string" ? values.split(",") : (values ?? [])).map((value) => String(value).trim());
  const isRange = (entry) => entry.values === undefined && entry.min !== undefined;
  /** The algorithms that are compared. */
  function algorithmsOf(node) {
    const entry = entriesOf(node).find(({ setting }) => setting === "algorithm");
    const listed = entry ? valuesOf(entry).filter(Boolean) : [];
    return listed.length > 0 ? listed : [node.algorithm || "linear"];
  }

  function uses(algorithm, setting) {
    const isForest = algorithm.startsWith("forest-");
    const isCurve = ["exponential", "power", "theil-sen"].includes(algorithm);
    if (setting === "algorithm") return true;
    if (setting === "degree") return algorithm.endsWith("polynomial");
    if (setting === "alpha") return algorithm === "ridge";
    if (setting === "interactions") return ["linear", "ridge", "polynomial"].includes(algorithm);
    if (setting === "intercept") return !isForest && !isCurve;
    if (setting === "classWeight") return algorithm === "forest-classifier";
    return isForest;
  }

  /** An entry of `tune` as somebody types it: `4, 8, 0`, `1 .. 50` or `0.01 .. 100 log`. */
  function textOf(entry) {
    if (isRange(entry)) return `${entry.min} .. ${entry.max}${entry.log ? " log" : ""}`;
    return valuesOf(entry).join(", ");
  }
  function entryOf(setting, text) {
    const [, min, max, log] = /^\s*(\S+?)\s*(?:\.\.+|…|–)\s*(\S+?)(?:\s+(log))?\s*$/.exec(text) ?? [];
    if (min !== undefined && Number.isFinite(Number(min)) && Number.isFinite(Number(max)))
      return { setting, min: Number(min), max: Number(max), ...(log ? { log: true } : {}) };
    const asNumber = (value) => (value !== "" && Number.isFinite(Number(value)) ? Number(value) : value);
    const values = text.trim() === "" ? [] : text.split(",").map((value) => asNumber(value.trim()));
    return { setting, values: tunables[setting]?.choices === undefined ? values : values.map(String) };
  }

  /** How many combinations a grid has; infinite where there is a range. */
  function gridSize(node) {
    const sizeOf = (entry) => (isRange(entry) ? Number.POSITIVE_INFINITY : new Set(valuesOf(entry)).size);
    return algorithmsOf(node)
      .map((algorithm) =>
        entriesOf(node)
          .filter(({ setting }) => setting !== "algorithm" && uses(algorithm, setting))
          .reduce((product, entry) => product * sizeOf(entry), 1),
      )
      .reduce((sum, size) => sum + size, 0);
  }
  const limitOf = (node) => (form.blank(node.candidates) ? 60 : Number(node.candidates));
  /** How many candidates are tried, and how many times each is fitted. */
  function trials(node) {
    const isRandom = node.search === "random";
    const count = isRandom ? Math.min(gridSize(node), limitOf(node)) : gridSize(node);
    return { count, folds: Number(node.folds) >= 2 ? Number(node.folds) : 5 };
  }

  function valueFault(setting, value) {
    const { choices, words, whole, number } = tunables[setting];
    if (choices) return !choices().includes(value);
    if (words?.includes(value)) return false;
    const [n, [min, max]] = [Number(value), whole ?? number];
    if (value === "" || !(n >= min && n <= max)) return true;
    return whole || (setting === "maxFeatures" && n >= 1) ? !Number.isInteger(n) : false;
  }
  function rangeFault(entry, node) {
    const { setting, min, max, log } = entry;
    const { choices, whole, number, least } = tunables[setting];
    const of = { of: setting };
    if (choices) return ["tuneChoices", of];
    const [low, high] = [least ?? (whole ?? number)[0], (whole ?? number)[1]];
    const isMixed = setting === "maxFeatures" && min < 1 && max >= 1;
    const isBroken = whole && !(Number.isInteger(min) && Number.isInteger(max));
    if (!(min >= low && max <= high && min < max) || isMixed || isBroken || (log && !(min > 0)))
      return ["tuneRange", { ...of, min: low, max: high }];
    return node.search === "random" ? undefined : ["tuneGrid", of];
  }
  function entryFault(entry, node) {
    const { setting } = entry;
    if (!Object.hasOwn(tunables, setting ?? "")) return ["tuneSetting", { value: String(setting).slice(0, 60) }];
    const compared = algorithmsOf(node);
    const of = { of: setting };
    if (isRange(entry)) return rangeFault(entry, node);
    const values = valuesOf(entry);
    if (values.length === 0 || values.length > 100) return ["tuneEmpty", of];
    const wrong = values.find((value) => valueFault(setting, value));
    if (wrong !== undefined) return ["tuneValue", { ...of, value: wrong.slice(0, 60) }];
    return compared.some((algorithm) => uses(algorithm, setting)) ? undefined : ["tuneUnused", of];
  }

  /** What is wrong with the whole list. */
  function tuneFault(_value, node) {
    const entries = entriesOf(node);
    const settings = entries.map(({ setting }) => setting);
    for (const [i, entry] of entries.entries()) {
      const fault = entryFault(entry, node);
      if (fault) return fault;
      if (settings.indexOf(entry.setting) < i) return ["tuneTwice", { of: entry.setting }];
    }
    if (entries.length === 0) return undefined;
    const compared = algorithmsOf(node);
    const isOfClasses = compared.filter((algorithm) => algorithm === "forest-classifier").length;
    if (isOfClasses > 0 && isOfClasses < compared.length) return ["tuneTasks"];
    const [count, limit] = [gridSize(node), limitOf(node)];
    return node.search !== "random" && count > limit ? ["tuneMany", { count, limit }] : undefined;
  }

  Object.assign(form, { tunables, entriesOf, algorithmsOf, uses, textOf, entryOf, trials, tuneFault });
})();
