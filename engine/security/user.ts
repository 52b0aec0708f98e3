import type { Role } from "./roles";

/** Who wants something: `msg.user`, as the sign-in of the pages gives it, or a flow's own authentication. */
export interface User {
  name: string;
  role: Role;
}

/** Letters and digits of any script, then also `. _ @ -`: what may stand in a page, a log and a file as it is. */
const namePattern = /^[\p{L}\p{N}][\p{L}\p{M}\p{N}._@-]{0,63}$/u;

/** Names that are one person's whatever the keyboard: `Ｚｏë` and `Zoë` are equal, upper and lower case are not. */
export const normalName = (name: string): string => name.normalize("NFKC");

export const isUserName = (value: unknown): value is string =>
  typeof value === "string" && namePattern.test(value) && normalName(value) === value && !(value in Object.prototype);
