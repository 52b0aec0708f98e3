import type { User } from "../engine/security/user";

/** Messages in lists of lists: deeper than any node sends. */
const maxDepth = 4;

/**
 * What came from a page, with who sent it: `user` is set, or taken away where nobody is signed in, whatever the browser
 * wrote there. A list is a list of messages (a `ui-template` may send to several outputs). Undefined for what is nested
 * without end.
 */
export function withPageUser(message: unknown, user: User | undefined, depth = 0): unknown {
  if (Array.isArray(message)) {
    if (depth >= maxDepth) return undefined;
    return message.map((one) => withPageUser(one, user, depth + 1));
  }
  if (typeof message !== "object" || message === null || Buffer.isBuffer(message)) return message;
  // `_client` is made by the dashboard, which keeps what else stands in it.
  const { user: _user, _client, ...rest } = message as Record<string, unknown>;
  return user ? { ...rest, user: { ...user } } : rest;
}
