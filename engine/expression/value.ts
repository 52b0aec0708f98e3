import type { Scalar } from "../contract/messages";

/** What an expression can be worth; unknown is `undefined`, and never one of these. */
export type Value = number | string | boolean;

/** The type of a part of an expression as far as it is known beforehand. */
export type Kind = "number" | "string" | "boolean" | "any";

/** Gives the value of a property; null and undefined: there is none. */
export type Lookup = (name: string) => Scalar | undefined;

/** Hears why a result is unknown. */
export type Tell = (problem: string) => void;

export type Run = (lookup: Lookup, tell: Tell) => Value | undefined;

const words: Record<Kind, string> = { number: "a number", string: "text", boolean: "true or false", any: "any value" };

/** A type as it stands in an error text. */
export const wordFor = (kind: Kind): string => words[kind];
