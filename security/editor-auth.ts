import { timingSafeEqual } from "node:crypto";
import { atLeast } from "../engine/security/roles";
import { isUserName } from "../engine/security/user";
import type { PeopleLog } from "./people-log";
import type { SignIn } from "./sign-in";
import type { Users } from "./users-file";

interface EditorUser {
  username: string;
  permissions: "*";
}
/** Node-RED's `adminAuth`. */
export interface EditorAuth {
  type: "credentials";
  sessionExpiryTime?: number;
  users(name: string): Promise<EditorUser | null>;
  authenticate(name: string, password: string): Promise<EditorUser | null>;
}

const editorUser = (username: string): EditorUser => ({ username, permissions: "*" });

/**
 * The editor for those of the users file who may edit, and for `admin` with the password of TWIN_ADMIN_PASSWORD_HASH.
 * Asked again at every request, so that another role counts at once.
 */
export function editorAuth(options: {
  users: Users;
  signIn: SignIn;
  log: PeopleLog;
  /** bcrypt, or "". */
  adminHash: string;
}): EditorAuth {
  const { users, signIn, log, adminHash } = options;
  const isFixed = (name: string): boolean => name === "admin" && adminHash !== "";
  return {
    type: "credentials",
    sessionExpiryTime: 12 * 3600,
    async users(name) {
      if (isFixed(name)) return editorUser(name);
      const account = isUserName(name) ? users.find(name) : undefined;
      return account && atLeast(account.role, "engineer") ? editorUser(name) : null;
    },
    async authenticate(name, password) {
      const { compare } = require("bcryptjs") as { compare(password: string, hash: string): Promise<boolean> };
      if (isFixed(name) && (await compare(String(password), adminHash))) {
        log.record({ event: "sign-in", name, role: "admin", what: "editor, TWIN_ADMIN_PASSWORD_HASH" });
        return editorUser(name);
      }
      // Node-RED tells no address here.
      const verdict = await signIn(String(name), String(password), undefined);
      if (!("account" in verdict)) return null;
      const { account } = verdict;
      const mayEdit = atLeast(account.role, "engineer");
      const { role } = account;
      log.record({ event: mayEdit ? "sign-in" : "not allowed", name: account.name, role, what: "editor" });
      return mayEdit ? editorUser(account.name) : null;
    },
  };
}

/** The editor for `admin` with one password that was made at the first start. */
export function onePassword(secret: string): EditorAuth {
  const password = Buffer.from(secret);
  const only = (name: string): EditorUser | null => (name === "admin" ? editorUser(name) : null);
  return {
    type: "credentials",
    users: async (name) => only(name),
    async authenticate(name, given) {
      const attempt = Buffer.from(String(given));
      return attempt.length === password.length && timingSafeEqual(attempt, password) ? only(name) : null;
    },
  };
}
