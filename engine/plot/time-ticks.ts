import type { PlotLanguage } from "./plot-request";
import { textWidth } from "./text";

/** A tick with what is written below it, and below that what belongs to all ticks up to the next one that has such a line. */
export interface TimeTick {
  value: number;
  label: string;
  context: string;
}

/** What JavaScript's dates reach: 271,821 years around 1970. */
export const isInstant = (value: number): boolean => Math.abs(value) <= 8.64e15;

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const month = 30.4 * day;
const year = 365.25 * day;

type Unit = "ms" | "second" | "minute" | "day" | "month" | "year";
interface Step {
  unit: Unit;
  /** How many ms, seconds, ... (minutes also stand for hours). */
  count: number;
  /** About. */
  ms: number;
}

const stepsOf = (unit: Unit, ms: number, counts: number[]): Step[] =>
  counts.map((count) => ({ unit, count, ms: count * ms }));
const powers = [1, 10, 100];
const steps: Step[] = [
  ...stepsOf(
    "ms",
    1,
    powers.flatMap((power) => [power, 2 * power, 5 * power]),
  ),
  ...stepsOf("second", second, [1, 2, 5, 10, 15, 30]),
  ...stepsOf("minute", minute, [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720]),
  ...stepsOf("day", day, [1, 2, 5, 10]),
  ...stepsOf("month", month, [1, 2, 3, 6]),
  ...stepsOf(
    "year",
    year,
    [...powers, 1000, 10_000, 100_000].flatMap((power) => [power, 2 * power, 5 * power]),
  ),
];

/** Ticks on round instants (UTC) in the words of the language, as many as can stand beside each other. */
export function timeTicks(from: number, to: number, lengthPx: number, language: PlotLanguage): TimeTick[] {
  const words = labelsOf(language);
  const fits = ({ unit, ms }: Step): boolean =>
    (ms / (to - from)) * lengthPx >= textWidth(words[unit].label(new Date(from)), 10) + 26;
  const step = steps.find(fits) ?? steps.at(-1)!;
  const { label, context } = words[step.unit];
  let last = "";
  return placesOf(from, to, step).map((value) => {
    const date = new Date(value);
    const here = context(date);
    const tick = { value, label: label(date), context: here === last ? "" : here };
    last = here;
    return tick;
  });
}

function placesOf(from: number, to: number, { unit, count, ms }: Step): number[] {
  const places: number[] = [];
  const add = (value: number): boolean => {
    if (value >= from && value <= to) places.push(value);
    return value <= to && places.length < 100;
  };
  const start = new Date(from);
  if (unit === "year" || unit === "month") {
    const perYear = unit === "year" ? 1 : 12;
    const first = start.getUTCFullYear() * perYear + (unit === "year" ? 0 : start.getUTCMonth());
    for (
      let n = Math.floor(first / count) * count;
      add(startOf(Math.floor(n / perYear), unit === "year" ? 0 : mod(n, 12)));
    )
      n += count;
  } else if (unit === "day") {
    // Days count from the first of their month, so that the 1st always has a tick and no two stand close at its end.
    for (let time = Math.floor(from / day) * day; time <= to; time += day) {
      const n = new Date(time).getUTCDate() - 1;
      if (n % count === 0 && (count === 1 || n + count / 2 < 31)) add(time);
    }
  } else for (let time = Math.ceil(from / ms) * ms; add(time); ) time += ms;
  return places;
}

const mod = (n: number, of: number): number => ((n % of) + of) % of;
/** `Date.UTC` takes years 0 to 99 for those of 1900. */
const startOf = (fullYear: number, monthIndex: number): number => new Date(0).setUTCFullYear(fullYear, monthIndex, 1);

interface UnitLabels {
  label(date: Date): string;
  context(date: Date): string;
}
const cache = new Map<PlotLanguage, Record<Unit, UnitLabels>>();

function labelsOf(language: PlotLanguage): Record<Unit, UnitLabels> {
  let labels = cache.get(language);
  if (!labels) {
    const format = (options: Intl.DateTimeFormatOptions): ((date: Date) => string) => {
      const formatter = new Intl.DateTimeFormat(language, { timeZone: "UTC", hourCycle: "h23", ...options });
      return (date) => formatter.format(date);
    };
    const wholeDay = format({ year: "numeric", month: "short", day: "numeric" });
    const withSeconds = format({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
    const onlyYear = format({ year: "numeric" });
    labels = {
      ms: {
        label: format({ hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 }),
        context: wholeDay,
      },
      second: { label: withSeconds, context: wholeDay },
      minute: { label: format({ hour: "2-digit", minute: "2-digit" }), context: wholeDay },
      day: { label: format({ month: "short", day: "numeric" }), context: onlyYear },
      month: { label: format({ month: "short" }), context: onlyYear },
      year: { label: onlyYear, context: () => "" },
    };
    cache.set(language, labels);
  }
  return labels;
}
