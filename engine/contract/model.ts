import type { CompiledExpression } from "../expression/compile-expression";
import type { Scalar } from "./messages";

export type PropertyType = "number" | "integer" | "boolean" | "string";
export const propertyTypes = ["number", "integer", "boolean", "string"] as const;

/** One property of a twin-model. */
export interface PropertySpec {
  name: string;
  type: PropertyType;
  unit: string;
  /** Physical range: values beyond it are refused. */
  min?: number;
  max?: number;
  /** Specification limits and target: values beyond them are shown, not refused. */
  lsl?: number;
  target?: number;
  usl?: number;
  /** Whether a desired value may be set. */
  writable: boolean;
  /** Difference up to which reported meets desired. */
  tolerance: number;
  class: "public" | "internal" | "confidential";
  label: string;
  /** Calibration, applied once by `twin-ingest`: value = raw * gain + offset. Limits are of the calibrated value. */
  offset: number;
  gain: number;
  /** ISO date; values of a sensor past it are `uncertain`. */
  calibrationDue?: string;
  /** Derived: worked out of other properties by `twin-state`, never reported or desired. */
  expression?: string;
}

/** A derived property, ready to be worked out. */
export interface DerivedProperty {
  spec: PropertySpec;
  expression: CompiledExpression;
}

/** One step of stored twins to a later version: renamed, then scaled (value * gain + offset), then removed. */
export interface Migration {
  /** The version it leads to. */
  to: number;
  /** Old name to new name, all at once. */
  rename: ReadonlyMap<string, string>;
  /** By new name, for another unit. */
  scale: ReadonlyMap<string, { gain: number; offset: number }>;
  remove: readonly string[];
}

export type UnknownPolicy = "reject" | "keep" | "drop";

/** A checked twin-model: what a `twin-model` node offers. */
export interface TwinModel {
  model: string;
  version: number;
  /** Seconds without a report after which a twin is stale. 0: never. */
  staleAfter: number;
  unknown: UnknownPolicy;
  properties: ReadonlyMap<string, PropertySpec>;
  /** The derived ones, each after those it reads. @default none */
  derived?: readonly DerivedProperty[];
  /** Steps from version to version, in order. @default none */
  migrations?: readonly Migration[];
}

export type { Scalar };
