import { parseArgs } from "node:util";
import { atLeast, isRole, roles } from "../engine/security/roles";
import { isUserName, normalName } from "../engine/security/user";
import { hashPassword, passwordProblem } from "./password";
import type { PeopleEvent } from "./people-log";
import { type Account, maxUsers, readUsers, usersFile, writeUsers } from "./users-file";

export interface UserCommandContext {
  home: string;
  now: Date;
  say(line: string): void;
  /** Asks for a new password; `undefined` when nobody answers. */
  askPassword(): Promise<string | undefined>;
  record(event: PeopleEvent): void;
}

/** A problem that is told without a stack trace. */
export class UserCommandError extends Error {}

const usage = [
  "npm run user -- add <name> --role <role>    adds somebody, and asks for the password",
  "npm run user -- password <name>             another password",
  "npm run user -- role <name> <role>          another role",
  "npm run user -- remove <name>",
  "npm run user -- list",
  "",
  `Roles: ${roles.join(", ")}. A password may also come by standard input: one line.`,
].join("\n");

/** `npm run user`. Changes take effect at once, and end the sessions of whom they are about. */
export async function userCommand(args: string[], context: UserCommandContext): Promise<void> {
  const { home, now, say, askPassword, record } = context;
  const { values, positionals } = parse(args);
  const [command = "", given = "", third] = positionals;
  const file = usersFile(home);
  const accounts = readUsers(file);
  const changed = now.toISOString();

  if (command === "list" && positionals.length === 1) return list();
  const name = normalName(given);
  if (!["add", "password", "role", "remove"].includes(command) || !given) throw new UserCommandError(usage);
  if (!isUserName(name))
    throw new UserCommandError(
      `"${given.slice(0, 70)}" cannot be a name: 1 to 64 letters and digits, and then also . _ @ -`,
    );
  const known = accounts?.get(name);

  if (command === "add") {
    if (known) throw new UserCommandError(`There is a user ${name} already: use \`role\` or \`password\`.`);
    if ((accounts?.size ?? 0) >= maxUsers) throw new UserCommandError(`There are ${maxUsers} users: no more fit.`);
    const role = checkedRole(values.role);
    const password = await newPassword();
    save({ name, role, password, changed });
    record({ event: "user added", name, role });
    say(`${name} may sign in as ${role}.`);
    if (!accounts)
      say("This is the first user: MediTwin asks for a sign-in, at its pages and its editor, from its next start on.");
    if (![...(readUsers(file)?.values() ?? [])].some((one) => atLeast(one.role, "engineer")))
      say("Nobody may edit flows yet: that takes an engineer or an admin.");
    return;
  }
  if (!known) throw new UserCommandError(`There is no user ${name}.`);
  if (command === "password") {
    change({ password: await newPassword(), changed });
    record({ event: "password changed", name });
    say(`${name} has a new password.`);
  } else if (command === "role") {
    const role = checkedRole(values.role ?? third);
    change({ role, changed });
    record({ event: "role changed", name, role, before: known.role });
    say(`${name} is ${role} now, and was ${known.role}.`);
  } else {
    write((now) => now.delete(name));
    record({ event: "user removed", name, role: known.role });
    say(`${name} may not sign in any more.`);
  }

  function list(): void {
    if (!accounts) say("There are no users: the pages ask nobody to sign in.");
    else if (accounts.size === 0) say(`${file} has no users: nobody can sign in.`);
    const width = Math.max(0, ...[...(accounts?.keys() ?? [])].map((one) => one.length));
    for (const one of accounts?.values() ?? []) say(`${one.name.padEnd(width)}  ${one.role.padEnd(8)}  ${one.changed}`);
  }

  async function newPassword(): Promise<string> {
    const password = await askPassword();
    if (password === undefined) throw new UserCommandError("No password, nothing changed.");
    const problem = passwordProblem(password, name);
    if (problem) throw new UserCommandError(problem);
    return hashPassword(password);
  }

  function save(account: Account): void {
    write((now) => now.set(account.name, account));
  }

  /** Of the account as it is now: who was demoted while the password was typed stays that. */
  function change(what: Partial<Account>): void {
    write((now) => {
      const present = now.get(name);
      if (!present) throw new UserCommandError(`There is no user ${name} any more.`);
      now.set(name, { ...present, ...what });
    });
  }

  /** On the file as it is now: while the password was typed, somebody else may have changed it. */
  function write(change: (now: Map<string, Account>) => void): void {
    const present = readUsers(file) ?? new Map<string, Account>();
    change(present);
    writeUsers(file, present.values());
  }
}

function checkedRole(role: unknown) {
  if (isRole(role)) return role;
  const what = role === undefined ? "Which role?" : `"${String(role).slice(0, 40)}" is no role.`;
  throw new UserCommandError(`${what} Use one of ${roles.join(", ")}.`);
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, allowPositionals: true, options: { role: { type: "string" } } });
  } catch (error) {
    throw new UserCommandError(`${(error as Error).message}\n\n${usage}`);
  }
}
