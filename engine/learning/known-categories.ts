import type { Dataset } from "./dataset";

/**
 * The dataset with the categories that occur in its rows to learn from numbered anew, and those that do not as missing: a
 * model can know nothing of a text that it was never shown, and must not be judged as if it did.
 */
export function withKnownCategories(dataset: Dataset, train: Int32Array): Dataset {
  if (dataset.features.every((feature) => feature.kind === "number")) return dataset;
  const features = dataset.features.map((feature) => {
    const { categories, values } = feature;
    if (!categories) return feature;
    const isKnown = new Uint8Array(categories.length);
    for (const row of train) if (!Number.isNaN(values[row])) isKnown[values[row]!] = 1;
    if (!isKnown.includes(0)) return feature;
    let count = 0;
    const number = Float64Array.from(isKnown, (known) => (known ? count++ : Number.NaN));
    return {
      ...feature,
      categories: categories.filter((_, c) => isKnown[c]),
      values: values.map((value) => (Number.isNaN(value) ? Number.NaN : number[value]!)),
    };
  });
  return { ...dataset, features };
}
