const idPattern = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;
const propertyPattern =
  /^[\p{L}\p{M}\p{N}_.%/()[\]\-°µμ²³#]([\p{L}\p{M}\p{N}_.%/()[\]\-°µμ²³# ]{0,126}[\p{L}\p{M}\p{N}_.%/()[\]\-°µμ²³#])?$/u;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are exactly what a column's name must not hold
const columnPattern = /^[^\u0000-\u001f\u007f-\u009f]{1,128}$/u;
const forbidden = new Set(["__proto__", "constructor", "prototype"]);

/** 1 to 128 of letters, digits and `. _ : -`, beginning with a letter or digit. */
export const isTwinId = (value: unknown): value is string =>
  typeof value === "string" && idPattern.test(value) && !forbidden.has(value);

/** Names that were found good: they come with every sample, and the Unicode-aware pattern costs more than reading the value. */
const goodNames = new Set<string>();
const maxGoodNames = 10_000;

/** 1 to 128 characters: letters and digits of any script, `_ . % / ( ) [ ] - ° µ ² ³ #` and inner spaces. */
export function isPropertyName(value: unknown): value is string {
  if (typeof value !== "string") return false;
  if (goodNames.has(value)) return true;
  if (!propertyPattern.test(value) || value.split(".").some((part) => forbidden.has(part))) return false;
  if (goodNames.size >= maxGoodNames) goodNames.clear();
  goodNames.add(value);
  return true;
}

/** Any 1 to 128 characters but control characters. */
export const isColumnName = (value: unknown): value is string =>
  typeof value === "string" && columnPattern.test(value) && !forbidden.has(value);

export const idHint = "Use 1 to 128 letters, digits and . _ : - and begin with a letter or digit.";
export const propertyHint = "Use 1 to 128 letters, digits, inner spaces and _ . % / ( ) [ ] - ° µ ² ³ #.";
