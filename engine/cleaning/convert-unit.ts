import { quote } from "../contract/errors";

/** Value in `to` = value in `from` * gain + offset. */
export interface LinearConversion {
  from: string;
  to: string;
  gain: number;
  offset: number;
}

/** What is used of unitsnet-js: a class per quantity, such as `Pressure`, and beside it its units, as `PressureUnits`. */
interface Quantity {
  convert(unit: string): number;
  getUnitAbbreviation(unit: string): string;
}
type QuantityClass = new (value: number, unit: string) => Quantity;
declare function require(name: "unitsnet-js"): Record<string, QuantityClass | Record<string, string>>;

/** Quantities that have a unit of that name, and its name in the library. */
type Meanings = Map<string, string>;

interface Units {
  byName: Map<string, Meanings>;
  classes: Map<string, QuantityClass>;
}

/** Logarithmic, or of no use beside the others. */
const leftOut = new Set(["AmplitudeRatio", "Level", "PowerRatio", "Scalar", "VitaminA"]);

/** Units whose name another one has in the same quantity, or that nobody means: 20M is no Mach, h no hand, m no minute (min is). */
const unitsLeftOut = new Set([
  ...[
    "Hand",
    "Mach",
    "Minute",
    "PrinterPoint",
    "DtpPoint",
    "PrinterPica",
    "DtpPica",
    "ShortHundredweight",
    "LongHundredweight",
  ],
]);

/** Names that devices and models use beside the library's own. */
const furtherNames: readonly [quantity: string, unit: string, ...names: string[]][] = [
  ["Duration", "Minute", "min"],
  ["Duration", "Second", "sec"],
  ["Duration", "Hour", "hr"],
  ["Duration", "Day", "day"],
  ["Temperature", "DegreeCelsius", "degC", "Cel", "C"],
  ["Temperature", "DegreeFahrenheit", "degF", "[degF]", "F"],
  ["Temperature", "Kelvin", "degK"],
  ["TemperatureDelta", "Kelvin", "K"],
  ["TemperatureDelta", "DegreeCelsius", "°C", "degC"],
  ["TemperatureDelta", "DegreeFahrenheit", "°F", "degF"],
  ["Pressure", "MillimeterOfMercury", "mm[Hg]"],
  ["Pressure", "CentimeterOfWaterColumn", "cm[H2O]"],
  ["Pressure", "PoundForcePerSquareInch", "PSI", "[psi]"],
  ["Pressure", "Torr", "Torr"],
  ["Torque", "NewtonMeter", "Nm"],
  ["Torque", "NewtonCentimeter", "Ncm"],
  ["Torque", "NewtonMillimeter", "Nmm"],
  ["Torque", "KilonewtonMeter", "kNm"],
  ["Angle", "Degree", "deg"],
  ["ElectricCharge", "AmpereHour", "Ah"],
  ["ElectricCharge", "MilliampereHour", "mAh"],
  ["KinematicViscosity", "Centistokes", "mm2/s"],
  ["KinematicViscosity", "Stokes", "cm2/s"],
  ["Ratio", "DecimalFraction", "1"],
  ["Ratio", "Percent", "pct"],
  ["RelativeHumidity", "Percent", "%"],
  ["Frequency", "PerSecond", "1/s", "/s", "s-1"],
  ["Frequency", "CyclePerMinute", "1/min", "/min", "min-1"],
  ["Frequency", "CyclePerHour", "1/h", "/h"],
  // A turn a second is a hertz of turns: with rpm beside it, Hz means that.
  ["RotationalSpeed", "RevolutionPerSecond", "Hz", "1/s", "/s", "s-1", "rps", "rev/s"],
  ["RotationalSpeed", "RevolutionPerMinute", "1/min", "/min", "min-1", "RPM", "rev/min", "r/min", "U/min"],
];

let loaded: Units | undefined;

/**
 * The library is loaded with the first unit that is asked for: it takes some 100 ms and 24 MB, which a flow without units
 * need not spend.
 */
function units(): Units {
  if (loaded) return loaded;
  const library = require("unitsnet-js");
  const byName = new Map<string, Meanings>();
  const classes = new Map<string, QuantityClass>();
  const add = (name: string, quantity: string, unit: string): void => {
    const meanings = byName.get(name) ?? new Map<string, string>();
    byName.set(name, meanings);
    // Within a quantity the first one has the name: km³ is a cubic kilometre, not a kilo of cubic metres.
    if (!meanings.has(quantity)) meanings.set(quantity, unit);
  };
  for (const [key, names] of Object.entries(library)) {
    if (!key.endsWith("Units") || typeof names === "function") continue;
    const quantity = key.slice(0, -"Units".length);
    const of = library[quantity];
    if (typeof of !== "function" || leftOut.has(quantity)) continue;
    classes.set(quantity, of);
    for (const unit of Object.values(names)) {
      const abbreviation: unknown = new of(1, unit).getUnitAbbreviation(unit);
      if (typeof abbreviation === "string" && abbreviation !== "" && !unitsLeftOut.has(unit))
        add(plainName(abbreviation), quantity, unit);
    }
  }
  for (const [quantity, unit, ...names] of furtherNames) for (const name of names) add(plainName(name), quantity, unit);
  loaded = { byName, classes };
  return loaded;
}

/** One spelling for N·m, N*m, N.m and N m, m³, m^3 and m3, µm and um, ml and mL, ohm and Ω. */
function plainName(text: string): string {
  return text
    .normalize("NFKC")
    .replace(/\u2212/g, "-")
    .replace(/\*\*|\^/g, "")
    .replace(/\s*\/\s*/g, "/")
    .replace(/(?<=\p{L}\d?)\s*[·⋅*.]\s*(?=\p{L})|(?<=\p{L}\d?) +(?=\p{L})/gu, "·")
    .replace(/\s+/g, "")
    .replace(/[oO]hm/g, "Ω")
    .replace(/(?<![\p{L}°])u(?=[A-Za-zΩ])/gu, "μ")
    .replace(/(?<![\p{L}°])([pnμmcdhkM]|da)?l(?![\p{L}])/gu, "$1L");
}

const memo = new Map<string, LinearConversion | string>();
const maxMemo = 1000;

/**
 * How to get from one unit to another: factors as unitsnet-js has them, agreeing with NIST SP 811. Units of another
 * dimension and unknown ones give a text that says so and names both. A unit is always the same as itself, known or not.
 */
export function findConversion(from: string, to: string): LinearConversion | string {
  if (from === to) return { from, to, gain: 1, offset: 0 };
  const key = `${from}\n${to}`;
  let found = memo.get(key);
  if (found === undefined) {
    found = search(from, to);
    if (memo.size >= maxMemo) memo.clear();
    memo.set(key, found);
  }
  return found;
}

function search(from: string, to: string): LinearConversion | string {
  const direct = ofOneQuantity(plainName(from), plainName(to)) ?? ofQuotients(plainName(from), plainName(to));
  if (direct) return { from, to, ...direct };
  for (const name of [from, to]) if (quantitiesOf(name) === undefined) return `${quote(name)} is no unit that is known`;
  return `${quote(from)} measures ${quantitiesOf(from)}, ${quote(to)} ${quantitiesOf(to)}`;
}

interface Factors {
  gain: number;
  offset: number;
}

function ofOneQuantity(from: string, to: string): Factors | undefined {
  if (from === to && units().byName.has(from)) return { gain: 1, offset: 0 };
  const { byName, classes } = units();
  const targets = byName.get(to);
  for (const [quantity, unit] of byName.get(from) ?? []) {
    const target = targets?.get(quantity);
    if (target === undefined) continue;
    const of = classes.get(quantity)!;
    const at = (value: number): number => new of(value, unit).convert(target);
    const offset = at(0);
    // From far away, so that an offset such as 273.15 takes no digits of the gain.
    const gain = (at(1e6) - offset) / 1e6;
    const straight = Math.abs(at(-1e3) - (offset - 1e3 * gain)) <= 1e-9 * Math.max(1, Math.abs(at(-1e3)));
    if (straight && Number.isFinite(gain) && gain !== 0) return { gain: neat(gain), offset: neat(offset) };
  }
  return undefined;
}

/** What the library has no quantity for, such as g/min to kg/h: above and below the stroke each for itself. */
function ofQuotients(from: string, to: string): Factors | undefined {
  const [fromAbove, fromBelow, fromRest] = from.split("/");
  const [toAbove, toBelow, toRest] = to.split("/");
  if (!fromAbove || !fromBelow || !toAbove || !toBelow || fromRest !== undefined || toRest !== undefined)
    return undefined;
  const above = ofOneQuantity(fromAbove, toAbove);
  const below = ofOneQuantity(fromBelow, toBelow);
  // A difference of degrees has no offset.
  return above && below && { gain: neat(above.gain / below.gain), offset: 0 };
}

/** Without what rounding left in the last digits: 0.06 for 0.05999999999999994, 1 / 1.8 for 0.555555555555551. */
function neat(factor: number): number {
  if (factor === 0) return 0;
  const near = (candidate: number): boolean => Math.abs(candidate - factor) <= 1e-13 * Math.abs(factor);
  const short = Number(factor.toPrecision(12));
  if (near(short)) return short;
  const inverse = 1 / Number((1 / factor).toPrecision(12));
  return near(inverse) ? inverse : factor;
}

/** What a unit measures, in words. Undefined when it is not known. */
function quantitiesOf(name: string): string | undefined {
  const plain = plainName(name);
  const found = units().byName.get(plain);
  if (found)
    return [...found.keys()].map((quantity) => quantity.replace(/(?<=.)([A-Z])/g, " $1").toLowerCase()).join(" or ");
  const parts = plain.split("/");
  if (parts.length !== 2 || parts.some((part) => !units().byName.has(part))) return undefined;
  return parts.map((part) => `(${quantitiesOf(part)})`).join(" per ");
}

/** Whether a text is the name of a unit. */
export const isUnit = (name: string): boolean => quantitiesOf(name) !== undefined;
