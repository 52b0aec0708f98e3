/** Most labels of a category: their codes are kept for as long as the rule is. */
export const maxCategories = 1000;

/** Labels of one property and their codes: its place in the list, from 0. */
export interface CategoryCodes {
  /** Undefined for a label that is not in a given list, and for a new one beyond {@link maxCategories}. */
  codeOf(label: string): number | undefined;
  /** In order of their codes. To be read only; another object whenever a label was added. */
  readonly labels: readonly string[];
}

/**
 * @param given the labels there are. Empty: each new one gets the next code, as pandas' `factorize` does
 * @param known labels that had come before, where none are given
 */
export function createCategoryCodes(given: readonly string[], known: readonly string[] = []): CategoryCodes {
  const open = given.length === 0;
  let labels: readonly string[] = open ? [...known] : given;
  const codes = new Map(labels.map((label, code) => [label, code]));
  return {
    codeOf(label) {
      const code = codes.get(label);
      if (code !== undefined || !open || codes.size >= maxCategories) return code;
      codes.set(label, codes.size);
      labels = [...labels, label];
      return codes.size - 1;
    },
    get labels() {
      return labels;
    },
  };
}
