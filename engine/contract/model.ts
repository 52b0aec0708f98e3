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
  offset: number;
  gain: number;
  /** ISO date; values of a sensor past it are `uncertain`. */
  calibrationDue?: string;
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
}

export type { Scalar };
