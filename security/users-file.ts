import { createHash } from "node:crypto";
import { chmodSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { isRole, type Role } from "../engine/security/roles";
import { isUserName } from "../engine/security/user";
import { putFile } from "./kept-file";
import { isPasswordHash } from "./password";

/** Somebody who may sign in. */
export interface Account {
  name: string;
  role: Role;
  /** scrypt hash, see password.ts. */
  password: string;
  /** When role or password changed last, ISO 8601. */
  changed: string;
}

export const usersFile = (home: string): string => path.join(home, "users.json");
export const maxUsers = 1000;
const maxBytes = 1024 * 1024;

/** What a session of theirs was begun under: another password or role ends it. */
export const stampOf = ({ role, password }: Account): string =>
  createHash("sha256").update(`${role}\n${password}`).digest("base64url").slice(0, 22);

/** The accounts of the file, by name; undefined when there is no file. Throws, saying what is wrong, when it cannot be read. */
export function readUsers(file: string): Map<string, Account> | undefined {
  let text: string;
  try {
    const { size, mode } = statSync(file);
    if (size > maxBytes) throw new Error(`${file} has ${size} bytes: it may have ${maxBytes}.`);
    if (mode & 0o077) chmodSync(file, 0o600);
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw new Error(`${file} is not JSON: put a copy back, or delete it and add the users again.`);
  }
  const { users } = (content ?? {}) as { users?: unknown };
  if (!Array.isArray(users) || users.length > maxUsers)
    throw new Error(`${file}: "users" is not a list of at most ${maxUsers} users.`);
  return new Map(users.map((user, index) => [user?.name, readAccount(file, user, index)]));
}

function readAccount(file: string, user: unknown, index: number): Account {
  const { name, role, password, changed } = (user ?? {}) as Partial<Record<keyof Account, unknown>>;
  const where = `${file}: user ${index + 1}`;
  if (!isUserName(name)) throw new Error(`${where} has no name that can be used.`);
  if (!isRole(role)) throw new Error(`${where} (${name}) has no known role.`);
  if (!isPasswordHash(password)) throw new Error(`${where} (${name}) has no password hash as npm run user makes it.`);
  return { name, role, password, changed: typeof changed === "string" ? changed : "" };
}

export function writeUsers(file: string, accounts: Iterable<Account>): void {
  const users = [...accounts].sort((a, b) => (a.name < b.name ? -1 : 1));
  putFile(file, `${JSON.stringify({ users }, null, 2)}\n`);
}

/** The accounts as the file has them now: `npm run user` takes effect without a restart. */
export interface Users {
  find(name: string): Account | undefined;
}

/**
 * Follows the file. A file that was there and is gone or damaged lets nobody in: who can delete a file would else get
 * pages without a sign-in. `complain` hears once of each damage.
 */
export function followUsers(file: string, complain: (text: string) => void): Users {
  let accounts = new Map<string, Account>();
  let seen = "";
  const refresh = (): void => {
    const now = versionOf(file);
    if (now === seen) return;
    seen = now;
    try {
      const read = readUsers(file);
      if (!read) complain(`${file} is gone: nobody can sign in until it is back, or until MediTwin starts without it.`);
      accounts = read ?? new Map();
    } catch (error) {
      accounts = new Map();
      complain(`${(error as Error).message} Nobody can sign in until then.`);
    }
  };
  refresh();
  return {
    find(name) {
      refresh();
      return accounts.get(name);
    },
  };
}

function versionOf(file: string): string {
  try {
    const { ino, size, mtimeNs } = statSync(file, { bigint: true });
    return `${ino}:${size}:${mtimeNs}`;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? "unknown";
  }
}
