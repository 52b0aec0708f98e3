import * as http from "node:http";
import * as https from "node:https";
import { Failure } from "../../engine/contract/errors";
import type { InfluxOptions } from "./influx-client";

/** What the server made of lines. `bad`: some of them cannot be written, ever. `retry`: the same again can succeed later. */
export type WriteVerdict =
  | { kind: "written" }
  | { kind: "bad"; reason: string; dropped: number }
  | { kind: "retry"; reason: string; afterMs?: number }
  | { kind: "refused"; failure: Failure };

export interface WriteRequests {
  /** One request with ready lines, each time with a deadline. `missing`: the server knows no such database. */
  post(body: string | Buffer): Promise<WriteVerdict | { kind: "missing"; reason: string }>;
  /** Ends the requests under way, too. */
  close(): void;
}

const defaultTimeoutMs = 10_000;
/** Longest text of an error that is read. */
const maxAnswerBytes = 256 * 1024;
/** Longest pause that a server may ask for. */
const maxAfterMs = 5 * 60_000;

interface Answer {
  status: number;
  text: string;
  retryAfter: string | undefined;
}

/**
 * `POST /write` as InfluxDB 1.x has it and 2.x and 3.x also serve it. Not by the `influx` package, which hides the answer of a
 * busy server (`Retry-After`, the reason of a 5xx), never settles when an answer breaks off, and copies the lines twice.
 */
export function createWriteRequests(options: InfluxOptions): WriteRequests {
  const { database, retentionPolicy, timeoutMs = defaultTimeoutMs } = options;
  const address = new URL(options.url);
  const { request, Agent } = address.protocol === "https:" ? https : http;
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  const query = new URLSearchParams({
    db: database,
    precision: "ms",
    ...(retentionPolicy ? { rp: retentionPolicy } : {}),
  });
  const target: http.RequestOptions = {
    agent,
    method: "POST",
    hostname: address.hostname.replace(/^\[|\]$/g, ""),
    port: address.port || undefined,
    path: `${address.pathname.replace(/\/$/, "")}/write?${query}`,
    headers: { "content-type": "text/plain; charset=utf-8", ...authorization(options) },
  };

  let closed = false;

  function attempt(body: string | Buffer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const outgoing = request(target, (response) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        response.on("data", (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes <= maxAnswerBytes) chunks.push(chunk);
        });
        response.on("end", () => {
          clearTimeout(timer);
          const { statusCode: status = 0, headers } = response;
          resolve({ status, text: Buffer.concat(chunks).toString(), retryAfter: headers["retry-after"] });
        });
        response.on("error", fail);
      });
      const timer = setTimeout(() => outgoing.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)), timeoutMs);
      function fail(error: Error & { code?: string }): void {
        clearTimeout(timer);
        // The server closed a connection that was idle: no sign of an outage, and writing twice does no harm.
        if (outgoing.reusedSocket && error.code === "ECONNRESET" && !closed) attempt(body).then(resolve, reject);
        else reject(error);
      }
      outgoing.on("error", fail);
      outgoing.end(body);
    });
  }

  return {
    async post(body) {
      if (closed) return { kind: "retry", reason: "the history is closing" };
      try {
        return verdictOf(await attempt(body));
      } catch (error) {
        return { kind: "retry", reason: textOf(error) };
      }
    },
    close() {
      closed = true;
      agent.destroy();
    },
  };
}

function verdictOf({ status, text, retryAfter }: Answer): WriteVerdict | { kind: "missing"; reason: string } {
  if (status >= 200 && status < 300) return { kind: "written" };
  const reason = saidIn(text) || `status ${status}`;
  if (status === 404) return { kind: "missing", reason };
  if (status === 408 || status === 425 || status === 429 || status >= 500)
    return { kind: "retry", reason: `${reason} (${status})`, ...pauseOf(retryAfter) };
  if (status === 400 || status === 413 || status === 422)
    return { kind: "bad", reason, dropped: Number(/dropped=(\d+)/.exec(reason)?.[1] ?? 0) };
  return { kind: "refused", failure: refusedWrite(status, reason) };
}

export const refusedWrite = (status: number, reason: string): Failure =>
  new Failure("history-failed", `InfluxDB refuses to write (${status}): ${reason}.`, hintOf(status));

export function hintOf(status: number): string {
  if (status === 401 || status === 403) return "Check user name, password or token, and what they may do.";
  return status === 404 ? "Create the database, or let this user create it." : "";
}

/** Seconds or an HTTP date. */
function pauseOf(retryAfter: string | undefined): { afterMs?: number } {
  if (retryAfter === undefined) return {};
  const ms = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - Date.now();
  return ms > 0 ? { afterMs: Math.min(ms, maxAfterMs) } : {};
}

/**
 * The server's own words: `error` in 1.x, `message` in 2.x; 3.x gives one message a line beside a general one. The first of
 * these is exact where one line was sent.
 */
export function saidIn(text: string): string {
  try {
    const { error, message, data } = JSON.parse(text) as { error?: unknown; message?: unknown; data?: unknown };
    const line = (Array.isArray(data) ? data[0] : data) as { error_message?: unknown } | null | undefined;
    const said = [error, message, line?.error_message].filter((one) => typeof one === "string" && one !== "");
    if (said.length > 0) return said.join(": ");
  } catch {
    // Not JSON: the text itself.
  }
  return text.trim().slice(0, 1000);
}

/** Credentials as the settings have them, else those in the address. */
function authorization(options: InfluxOptions): Record<string, string> {
  if (options.token) return { authorization: `Token ${options.token}` };
  const address = new URL(options.url);
  const username = options.username || decodeURIComponent(address.username);
  if (!username) return {};
  const password = options.password || decodeURIComponent(address.password);
  return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}` };
}

const textOf = (error: unknown): string => {
  const { message = "", code = "" } = error as { message?: string; code?: string };
  return message || code || String(error);
};
