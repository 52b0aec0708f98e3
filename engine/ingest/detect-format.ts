export type TextFormat = "json" | "csv";

/**
 * Tells JSON from CSV: JSON of samples begins with a brace or bracket; CSV has a header line with rows below. Undefined for
 * anything else, such as a bare word or number.
 *
 * @param headless a CSV has no header line here: one line will do
 */
export function detectFormat(text: string, headless = false): TextFormat | undefined {
  const first = /\S/.exec(text)?.[0];
  if (first === "{" || first === "[") return "json";
  if (first !== undefined && headless) return "csv";
  return first !== undefined && /\S[^\n\r]*[\r\n]+\s*\S/.test(text.slice(0, 100_000)) ? "csv" : undefined;
}
