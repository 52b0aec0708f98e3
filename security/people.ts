import { hkdfSync } from "node:crypto";
import path from "node:path";
import { type EditorAuth, editorAuth } from "./editor-auth";
import { isUnderOwnName, type Middleware, type Request } from "./http";
import { createPages } from "./pages";
import { openPeopleLog } from "./people-log";
import { createSessions } from "./sessions";
import { createSignIn } from "./sign-in";
import { openSockets, type SocketMiddleware, signedInSockets } from "./sockets";
import { followUsers, usersFile } from "./users-file";

export interface PeopleOptions {
  home: string;
  /** Signs the cookies; what is derived from it is used, never the secret itself. */
  secret: string;
  /** Language of the installation, or "". */
  language: string;
  /** bcrypt hash of the editor's `admin`, or "". */
  adminHash: string;
  /** @default Date.now */
  now?(): number;
  /** How often sessions are looked at that nobody uses. @default 5000 */
  sweepMs?: number;
  /** @default console.error */
  complain?(text: string): void;
}

/** What settings.js hands to Node-RED and the dashboard. */
export interface People {
  middleware: Middleware[];
  ioMiddleware: SocketMiddleware;
  adminAuth: EditorAuth;
  /** Writes what is not written yet and lets go of everything. The process does the first by itself when it ends. */
  close(): void;
}

const flushMs = 60_000;

/** Pages and editor ask for a sign-in: there is a users file. */
export function createPeople(options: PeopleOptions): People {
  const { home, secret, language, adminHash, now = Date.now, sweepMs = 5000 } = options;
  const complain = options.complain ?? ((text) => console.error(`[meditwin] Warning: ${text}`));
  const log = openPeopleLog(home, { now, complain });
  const users = followUsers(usersFile(home), complain);
  const signIn = createSignIn({ users, log, now });
  const sessions = createSessions({
    file: path.join(home, "sessions.json"),
    account: (name) => users.find(name),
    now,
    complain,
  });
  sessions.onEnd((_key, name, why) => {
    if (why !== "signed out") log.record({ event: "session over", name, why });
  });
  const timers = [
    setInterval(() => sessions.sweep(), sweepMs).unref(),
    setInterval(() => sessions.flush(), flushMs).unref(),
  ];
  process.once("exit", sessions.flush);

  const session = pageSession(secret, sessions.store);
  const pages = createPages({ sessions, signIn, log, now, language });
  return {
    middleware: [session as Middleware, pages],
    ioMiddleware: signedInSockets({ session, sessions, log, now }),
    adminAuth: editorAuth({ users, signIn, log, adminHash }),
    close() {
      for (const timer of timers) clearInterval(timer);
      process.off("exit", sessions.flush);
      sessions.flush();
    },
  };
}

/** Nobody signs in: everybody on this machine may act, others, and all where `readOnly`, look. */
export function withoutPeople(options: { readOnly: boolean }): Pick<People, "middleware" | "ioMiddleware"> {
  const mark: Middleware = (req, _res, next) => {
    req.meditwin = { readOnly: options.readOnly || !isUnderOwnName(req) };
    next();
  };
  return { middleware: [mark], ioMiddleware: openSockets(options) };
}

function pageSession(secret: string, store: object) {
  const expressSession = require("express-session") as (
    options: object,
  ) => (req: Request, res: object, next: (error?: unknown) => void) => void;
  return expressSession({
    name: "meditwin",
    secret: Buffer.from(hkdfSync("sha256", secret, "", "meditwin page sessions", 32)).toString("base64url"),
    store,
    resave: false,
    saveUninitialized: false,
    // Only decides about Secure, on the cookie of whoever says so: nothing is gained by a lie.
    proxy: true,
    cookie: { path: "/", httpOnly: true, sameSite: "strict", secure: "auto" },
  });
}
