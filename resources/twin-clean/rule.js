// What a rule of twin-clean may say, for its form: the fields of each step, in the order in which the steps are done, when a
// field applies, what is wrong with a rule, and the rule in one line. No DOM in here. engine/cleaning/read-rules.ts has the
// last word; test/nodes/twin-clean.form.test.ts holds the two against each other.
(() => {
  // The files of the form arrive in any order: each adds its part here, and takes the others' when it is called.
  window.MediTwinClean ??= {};
  const form = window.MediTwinClean;
  const blank = (value) => value === undefined || value === null || value === "";
  const on = (key) => (rule) => !blank(rule[key]) && rule[key] !== "none";
  const is =
    (key, ...values) =>
    (rule) =>
      values.includes(rule[key]);
  const positive = (key) => (rule) => Number(rule[key]) > 0;
  const any =
    (...tests) =>
    (rule) =>
      tests.some((test) => test(rule));
  const isEnv = (value) => /^\$\{[^}]+\}$/.test(value);

  const ranged = (rule) => !blank(rule.min) || !blank(rule.max);
  const hasUnits = (rule) => !blank(rule.fromUnit) || !blank(rule.toUnit);
  const rated = (rule) => !blank(rule.maxRate);
  /** Steps that need numbers, and so make numbers of text by themselves. */
  const calculates = any(
    ...[ranged, hasUnits, rated, on("outlier"), on("smooth"), positive("deadband")],
    is("missing", "mean", "median", "linear"),
  );
  const others = ["mark", "drop", "missing"];

  /** The window, which several steps share, stands beside the first of them. */
  const steps = [
    [
      "value",
      [
        { key: "sentinels", kind: "list" },
        { key: "convert", choices: ["none", "number", "integer", "boolean", "string", "time", "category"] },
        { key: "rounding", choices: ["nearest", "truncate"], when: is("convert", "integer") },
        {
          key: "decimal",
          choices: ["auto", "point", "comma"],
          when: any(is("convert", "number", "integer"), hasUnits),
        },
        { key: "zone", kind: "text", when: is("convert", "time") },
        { key: "timeFormat", kind: "text", when: is("convert", "time") },
        { key: "categories", kind: "list", when: is("convert", "category") },
        { key: "onWrongType", choices: ["drop", "missing"], when: any(on("convert"), calculates) },
      ],
    ],
    [
      "unit",
      [
        { key: "fromUnit", kind: "unit" },
        { key: "toUnit", kind: "unit" },
      ],
    ],
    [
      "range",
      [
        { key: "min", kind: "number" },
        { key: "max", kind: "number" },
        { key: "onRange", choices: ["mark", "drop", "clamp"], when: ranged },
      ],
    ],
    [
      "rate",
      [
        { key: "stuck", kind: "span" },
        { key: "onStuck", choices: others, when: (rule) => !blank(rule.stuck) },
        { key: "maxRate", kind: "positive" },
        { key: "onRate", choices: others, when: rated },
      ],
    ],
    [
      "outlier",
      [
        { key: "outlier", choices: ["none", "hampel", "zscore", "iqr"] },
        { key: "robust", kind: "flag", when: is("outlier", "zscore") },
        { key: "k", kind: "positive", when: on("outlier") },
        { key: "window", kind: "span", when: on("outlier") },
        { key: "onOutlier", choices: ["mark", "drop", "replace", "missing"], when: on("outlier") },
      ],
    ],
    [
      "missing",
      [
        { key: "missing", choices: ["keep", "drop", "constant", "ffill", "bfill", "mean", "median", "linear"] },
        { key: "fill", kind: "value", when: is("missing", "constant") },
        { key: "by", choices: ["row", "time"], when: is("missing", "linear") },
        { key: "maxGap", kind: "span", when: is("missing", "ffill", "bfill", "linear") },
        { key: "window", kind: "span", when: (rule) => rule.missing === "median" && !on("outlier")(rule) },
        { key: "stream", kind: "hint", when: is("missing", "bfill", "mean", "median", "linear") },
      ],
    ],
    [
      "smooth",
      [
        { key: "smooth", choices: ["none", "mean", "median", "ewma", "savitzky-golay"] },
        {
          key: "window",
          kind: "span",
          when: (rule) => on("smooth")(rule) && rule.missing !== "median" && !on("outlier")(rule),
        },
        { key: "degree", kind: "count", when: is("smooth", "savitzky-golay") },
        { key: "deadband", kind: "number" },
      ],
    ],
  ];
  const fields = steps.flatMap(([, list]) => list);
  const applies = (field, rule) => !field.when || field.when(rule);

  /** Offered while a unit is typed; many more are known. */
  const units = [
    ...[
      "°C",
      "°F",
      "K",
      "mbar",
      "bar",
      "Pa",
      "kPa",
      "MPa",
      "psi",
      "mmHg",
      "mm",
      "µm",
      "cm",
      "m",
      "in",
      "g",
      "mg",
      "kg",
    ],
    ...[
      "N",
      "kN",
      "N·m",
      "rpm",
      "1/min",
      "Hz",
      "kHz",
      "ms",
      "s",
      "min",
      "h",
      "mm/s",
      "m/s",
      "mL",
      "L",
      "L/min",
      "m³/h",
    ],
    ...["mV", "V", "mA", "A", "W", "kW", "Wh", "kWh", "J", "Ω", "%", "kg/m³", "mPa·s", "lx"],
  ];

  const isNumber = (value) => isEnv(value) || (String(value).trim() !== "" && Number.isFinite(Number(value)));
  const isSpan = (value) => isEnv(value) || /^(\d+|\d+(\.\d+)?\s*(ms|s|min|m|h|d))$/.test(String(value).trim());
  /** What a field of that kind may not be: the key of the text that says so. */
  const faults = {
    number: (value) => (isNumber(value) ? "" : "number"),
    positive: (value) => (!isNumber(value) ? "number" : isEnv(value) || Number(value) > 0 ? "" : "positive"),
    count: (value) => (isEnv(value) || /^\d+$/.test(String(value).trim()) ? "" : "count"),
    span: (value) => (isSpan(value) ? "" : "span"),
  };

  /** What is wrong with a rule, in words; "" when nothing is. `_` translates, `unitOf` tells a property's unit in the model. */
  function problem(_, rule, unitOf) {
    const say = (key, more) => _(`twin-clean.invalid.${key}`, more);
    if (blank(rule.property)) return say("property");
    for (const field of fields) {
      const value = rule[field.key];
      if (!applies(field, rule)) continue;
      if (field.key === "fill" && blank(value)) return say("fill");
      if (blank(value)) continue;
      const fault = faults[field.kind]?.(value);
      if (fault) return say(fault, { name: _(`twin-clean.field.${field.key}`) });
    }
    if (Number(rule.deadband) < 0) return say("positive", { name: _("twin-clean.field.deadband") });
    if (ranged(rule) && !blank(rule.min) && !blank(rule.max) && Number(rule.min) > Number(rule.max))
      return say("range");
    const isNumeric = !on("convert")(rule) || is("convert", "number", "integer")(rule);
    if (!isNumeric && (rule.property === "*" || hasUnits(rule))) return say("numeric");
    if (is("convert", "boolean", "string", "category")(rule) && calculates(rule)) return say("numeric");
    if (!blank(rule.fromUnit) && blank(rule.toUnit) && !unitOf(rule.property)) return say("units");
    if (rule.smooth === "ewma" && /[a-z]\s*$/.test(rule.window ?? "")) return say("rows");
    if (rule.smooth === "savitzky-golay") {
      const [size, degree] = [Number(rule.window ?? 5), Number(rule.degree ?? 2)];
      if (!isEnv(rule.window) && !(size >= 5 && size <= 301 && size % 2 === 1)) return say("oddRows");
      if (!isEnv(rule.degree) && !(degree >= 1 && degree <= Math.min(5, size - 1))) return say("degree");
    }
    return "";
  }

  /** A rule in one line, in the order in which it works. */
  function summary(_, rule, unitOf) {
    const say = (key, more) => _(`twin-clean.summary.${key}`, more);
    const choice = (key, fallback) => _(`twin-clean.choice.${key}.${rule[key] ?? fallback}`);
    const parts = [];
    if (on("convert")(rule)) parts.push(choice("convert"));
    if (hasUnits(rule)) parts.push(`${rule.fromUnit ?? ""} → ${rule.toUnit ?? unitOf(rule.property)}`.trim());
    if (ranged(rule)) parts.push(`${rule.min ?? "-∞"} … ${rule.max ?? "∞"}: ${choice("onRange", "mark")}`);
    if (!blank(rule.stuck)) parts.push(`${say("stuck", { span: rule.stuck })}: ${choice("onStuck", "mark")}`);
    if (rated(rule)) parts.push(`≤ ${rule.maxRate}/s: ${choice("onRate", "mark")}`);
    if (on("outlier")(rule)) parts.push(`${choice("outlier")}: ${choice("onOutlier", "mark")}`);
    if (!blank(rule.missing) && rule.missing !== "keep") {
      let how = choice("missing");
      if (rule.missing === "constant") how += ` ${rule.fill ?? "?"}`;
      else if (!blank(rule.maxGap) && is("missing", "ffill", "bfill", "linear")(rule)) how += ` ≤ ${rule.maxGap}`;
      parts.push(say("missing", { how }));
    }
    if (on("smooth")(rule)) parts.push(say("smooth", { how: choice("smooth") }));
    if (positive("deadband")(rule)) parts.push(say("deadband", { size: rule.deadband }));
    return parts.join(" · ") || say("nothing");
  }

  /** Of the values that stand in a row of the form, what is stored: what applies and is no default. */
  function stored(values) {
    const rule = { property: values.property };
    for (const { key, choices } of fields) {
      const value = values[key];
      const isDefault = blank(value) || value === false || value.length === 0 || (choices && value === choices[0]);
      if (!isDefault && fields.some((field) => field.key === key && applies(field, values))) rule[key] = value;
    }
    return rule;
  }

  /** A text of the form as it is stored: a number where it is one and the field has numbers, a list at commas. */
  function readText(kind, text) {
    if (kind === "list") return text.split(/\s*[,，]\s*/).filter((part) => part !== "");
    const isPlain = kind !== "text" && kind !== "unit" && text !== "" && Number.isFinite(Number(text));
    return isPlain ? Number(text) : text;
  }

  Object.assign(form, { blank, steps, fields, units, applies, isSpan, problem, summary, stored, readText });
})();
