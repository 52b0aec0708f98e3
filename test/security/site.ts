import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Role } from "../../engine/security/roles";
import { hashPassword } from "../../security/password";
import { createPeople } from "../../security/people";
import { type Account, readUsers, usersFile, writeUsers } from "../../security/users-file";

export const password = "a long password";
let hash: Promise<string> | undefined;
/** One hash for all of them, and a cheap one: a check takes a quarter of a second otherwise. */
export async function account(name: string, role: Role): Promise<Account> {
  hash ??= hashPassword(password, { N: 1024, r: 8, p: 1 });
  return { name, role, password: await hash, changed: "2026-11-24T08:00:00.000Z" };
}

export interface Site {
  url: string;
  home: string;
  clock: { ms: number };
  complaints: string[];
  /** What pages said and was let through: [event, ...arguments]. */
  heard: unknown[][];
  change(users: Account[]): void;
  /** Everything in memory is forgotten, as in a restart; the home folder stays. */
  restart(meanwhile?: () => void): Promise<void>;
  ask(path: string, options?: Asking): Promise<Response>;
  signIn(name: string, more?: Record<string, string>, headers?: Record<string, string>): Promise<Response>;
}
interface Asking {
  method?: string;
  cookie?: string;
  headers?: Record<string, string>;
  form?: Record<string, string>;
}

/** The sign-in of the pages on a real Express and socket.io, as the dashboard has them, with a clock of its own. */
export function useSite(): () => Site {
  let site: Site | undefined;
  let close: (() => Promise<void>) | undefined;
  beforeEach(async () => {
    const home = mkdtempSync(path.join(tmpdir(), "meditwin site "));
    const users = [
      await account("anna", "operator"),
      await account("vera", "viewer"),
      await account("erik", "engineer"),
      await account("quentin", "quality"),
    ];
    writeUsers(usersFile(home), users);
    const clock = { ms: Date.parse("2026-11-24T08:00:00Z") };
    const complaints: string[] = [];
    const heard: unknown[][] = [];
    const serve = () => startServer({ home, now: () => clock.ms, complain: (text) => complaints.push(text) }, heard);
    let server = await serve();
    const ask: Site["ask"] = (where, { method, cookie, headers = {}, form } = {}) =>
      fetch(`${server.url}${where}`, {
        method: method ?? (form ? "POST" : "GET"),
        redirect: "manual",
        headers: { ...headers, ...(cookie ? { cookie } : {}) },
        ...(form ? { body: new URLSearchParams(form) } : {}),
      });
    close = async () => {
      await server.close();
      rmSync(home, { recursive: true, force: true });
    };
    site = {
      get url() {
        return server.url;
      },
      home,
      clock,
      complaints,
      heard,
      ask,
      change: (changed) => {
        const all = readUsers(usersFile(home)) ?? new Map<string, Account>();
        for (const one of changed) all.set(one.name, one);
        writeUsers(usersFile(home), all.values());
      },
      async restart(meanwhile) {
        await server.close();
        meanwhile?.();
        server = await serve();
      },
      signIn: (name, more = {}, headers = {}) =>
        ask("/dashboard/sign-in", { form: { name, password, ...more }, headers }),
    };
  });
  afterEach(async () => close?.());
  return () => site as Site;
}

/** The cookie to send back, of an answer that sets one. */
export const cookieOf = (answer: Response): string => answer.headers.getSetCookie()[0]?.split(";")[0] ?? "";

async function startServer(
  options: { home: string; now(): number; complain(text: string): void },
  heard: unknown[][],
): Promise<{ url: string; close(): Promise<void> }> {
  const people = createPeople({ ...options, secret: "a secret", language: "", adminHash: "", sweepMs: 20 });
  const express = require("express");
  const { Server: SocketServer } = require("socket.io");
  const app = express();
  app.use("/dashboard", people.middleware, (_req: unknown, res: { send(text: string): void }) => res.send("the page"));
  const server: Server = createServer(app);
  const io = new SocketServer(server, { path: "/dashboard/socket.io" });
  io.use(people.ioMiddleware);
  io.on("connection", (socket: NodeJS.EventEmitter) => {
    // Not onAny: it hears what no middleware has judged yet.
    for (const event of ["widget-action", "widget-change", "widget-send", "widget-load", "ui-event", "their-event"])
      socket.on(event, (...args) => heard.push([event, ...args]));
    socket.emit("here");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await io.close();
      people.close();
    },
  };
}
