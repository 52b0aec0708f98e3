import type { User } from "../engine/security/user";
import type { Request } from "./http";
import { withPageUser } from "./page-user";

/** What the sockets' middleware has left on a page's connection. */
interface Connection {
  id?: string;
  data?: { meditwin?: { user?: User } };
}

/** A message always: a widget that sends a bare value sends it as the payload. */
function ofUser(connection: Connection, message: unknown): unknown {
  const isBare = typeof message !== "object" || message === null;
  return withPageUser(isBare ? { payload: message } : message, {
    user: connection.data?.meditwin?.user,
    socketId: connection.id,
  });
}

/**
 * Plugin of type `node-red-dashboard-2`: every message that a page sends carries `msg.user`, from its session, and
 * `msg._client.socketId`; and the page
 * knows who is signed in (`setup.user`, `setup.readOnly` in a ui-template).
 */
export const dashboardHooks = {
  onAction: (connection: Connection, _id: string, message: unknown) => ofUser(connection, message),
  onSend: (connection: Connection, _id: string, message: unknown) => message && ofUser(connection, message),
  // Here the message is the widget's last one, which may be somebody else's.
  onChange: (connection: Connection, _id: string, message: unknown) => ofUser(connection, message),
  onSetup: (_config: unknown, req: Request) => ({
    user: req.meditwin?.user,
    readOnly: req.meditwin?.readOnly === true,
  }),
};
