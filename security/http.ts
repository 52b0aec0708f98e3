import type { IncomingMessage, ServerResponse } from "node:http";
import { isIP } from "node:net";
import type { User } from "../engine/security/user";

/** What a page's request is known as, once the middleware has seen it. Made by the server, from the session only. */
export interface Visitor {
  user?: User;
  /** May look and nothing else. */
  readOnly: boolean;
}

/** The little of Express and express-session that is used here. */
export interface Request extends IncomingMessage {
  path: string;
  baseUrl: string;
  originalUrl: string;
  query: Record<string, unknown>;
  session?: PageSession;
  sessionID?: string;
  /** Where a parser was here before: Node-RED's editor has one for every path. */
  body?: unknown;
  meditwin?: Visitor;
}
export interface PageSession {
  cookie: { maxAge: number | null };
  name?: string;
  stamp?: string;
  startedMs?: number;
  regenerate(done: (error?: unknown) => void): void;
  save(done: (error?: unknown) => void): void;
  destroy(done: (error?: unknown) => void): void;
}
export type Response = ServerResponse;
export type Next = (error?: unknown) => void;
export type Middleware = (req: Request, res: Response, next: Next) => void;

/** A browser says where a request comes from. What says nothing is no browser, and has nobody's cookie. */
export function isFromHere({ headers }: IncomingMessage): boolean {
  const { origin, host } = headers;
  if (origin !== undefined) return URL.canParse(origin) && new URL(origin).host === host;
  const site = headers["sec-fetch-site"];
  return site === undefined || site === "same-origin" || site === "none";
}

/**
 * Whether the server was asked under this machine's own name. Under any other one a tunnel or proxy leads here, or a web site
 * whose name points to 127.0.0.1 (DNS rebinding).
 */
export function isUnderOwnName({ headers }: IncomingMessage): boolean {
  const name = (headers.host ?? "").replace(/:\d+$/, "").toLowerCase();
  return name === "localhost" || name === "[::1]" || (isIP(name) === 4 && isLoopback(name));
}

const isLoopback = (address: string): boolean => address === "::1" || address.startsWith("127.");

/**
 * The address that an attempt is held against: the peer's, or the one that a proxy on this machine tells. Of IPv6 the network,
 * because a single machine has 2^64 addresses of it.
 */
export function addressOf(req: IncomingMessage): string {
  const plain = (text: string): string => text.trim().replace(/^::ffff:(?=\d+\.)/i, "");
  const peer = plain(req.socket.remoteAddress ?? "");
  const told = plain(
    String(req.headers["x-forwarded-for"] ?? "")
      .split(",")
      .at(-1) ?? "",
  );
  return isLoopback(peer) && isIP(told) ? told : peer;
}

/** Of IPv6 the network: a single machine has 2^64 addresses of it. */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = "", tail] = address.split("::");
  const before = head.split(":").filter(Boolean);
  const after = tail?.split(":").filter(Boolean) ?? [];
  const groups = [...before, ...Array(Math.max(0, 8 - before.length - after.length)).fill("0"), ...after];
  return `${groups.slice(0, 4).join(":")}::/64`;
}

/** The fields of a form, at most `maxBytes` of it; undefined when it is no form or too long. */
export function readForm(req: Request, maxBytes = 4096): Promise<URLSearchParams | undefined> {
  return new Promise((resolve) => {
    if (typeof req.body === "object" && req.body !== null) {
      const texts = Object.entries(req.body).filter((field): field is [string, string] => typeof field[1] === "string");
      const length = texts.reduce((sum, [name, text]) => sum + name.length + text.length, 0);
      return resolve(length <= maxBytes ? new URLSearchParams(texts) : undefined);
    }
    const type = req.headers["content-type"] ?? "";
    if (!/^application\/x-www-form-urlencoded\b/i.test(type)) {
      req.resume();
      return resolve(undefined);
    }
    const chunks: Buffer[] = [];
    let length = 0;
    req.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length <= maxBytes) chunks.push(chunk);
    });
    req.on("end", () => resolve(length <= maxBytes ? new URLSearchParams(String(Buffer.concat(chunks))) : undefined));
    req.on("error", () => resolve(undefined));
    req.on("close", () => resolve(undefined));
  });
}
