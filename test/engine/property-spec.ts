import type { PropertySpec } from "../../engine/contract/model";

/** A number that has nothing special but what is said. */
export const property = (name: string, more: Partial<PropertySpec> = {}): PropertySpec => ({
  name,
  type: "number",
  unit: "",
  writable: false,
  tolerance: 0,
  class: "internal",
  label: name,
  offset: 0,
  gain: 1,
  ...more,
});
