import type { PlotLanguage } from "./plot-request";

const formats = new Map<string, Intl.NumberFormat>();

/** Making a format takes longer than using it a hundred times. As many as languages times digits. */
function formatOf(language: PlotLanguage, key: "maximumSignificantDigits" | "decimals", digits: number) {
  const id = `${language} ${key} ${digits}`;
  let format = formats.get(id);
  if (!format) {
    const options =
      key === "decimals" ? { minimumFractionDigits: digits, maximumFractionDigits: digits } : { [key]: digits };
    format = new Intl.NumberFormat(language, options);
    formats.set(id, format);
  }
  return format;
}

/** The sign for minus is as wide as a plus, and no hyphen. */
const withMinus = (text: string): string => text.replace("-", "−");

/** A number with a fixed count of decimals; 0 has no sign. */
export const fixed = (value: number, decimals: number, language: PlotLanguage): string => {
  const text = withMinus(formatOf(language, "decimals", Math.min(Math.max(decimals, 0), 20)).format(value));
  return /[1-9]/.test(text) ? text : text.replace("−", "");
};

export const whole = (value: number, language: PlotLanguage): string => fixed(value, 0, language);

/** A number to so many digits as a reader wants it: with a power of ten where it is very large or very small. */
export function significant(value: number, digits: number, language: PlotLanguage): string {
  const size = Math.abs(value);
  if (size === 0 || (size >= 1e-4 && size < 1e7))
    return withMinus(formatOf(language, "maximumSignificantDigits", digits).format(value));
  const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
  return `${withMinus(formatOf(language, "maximumSignificantDigits", digits).format(Number(mantissa)))}×${powerOfTen(Number(exponent))}`;
}

const raised = "⁰¹²³⁴⁵⁶⁷⁸⁹";
export const powerOfTen = (exponent: number): string =>
  `10${exponent < 0 ? "⁻" : ""}${[...String(Math.abs(exponent))].map((digit) => raised[Number(digit)]).join("")}`;
