import type { User } from "../engine/security/user";

/** Messages in lists of lists: deeper than any node sends. */
const maxDepth = 4;

/** Who sent something: nobody's name where nobody is signed in. */
export interface Sender {
  user?: User | undefined;
  /** The page's connection: what a flow sends back with it in `_client` reaches that page only. */
  socketId?: string | undefined;
}

/**
 * What came from a page, with who sent it: `user` is set, or taken away where nobody is signed in, and `_client.socketId`,
 * whatever the browser wrote there. A list is a list of messages (a `ui-template` may send to several outputs). Undefined for what is nested
 * without end.
 */
export function withPageUser(message: unknown, sender: Sender, depth = 0): unknown {
  if (Array.isArray(message)) {
    if (depth >= maxDepth) return undefined;
    return message.map((one) => withPageUser(one, sender, depth + 1));
  }
  if (typeof message !== "object" || message === null || Buffer.isBuffer(message)) return message;
  const { user: _user, _client, ...rest } = message as Record<string, unknown>;
  if (sender.user) rest.user = { ...sender.user };
  // Not the dashboard's own `_client`, which tells everybody's address to every page that shows the same control.
  if (sender.socketId !== undefined) rest._client = { socketId: sender.socketId };
  return rest;
}
