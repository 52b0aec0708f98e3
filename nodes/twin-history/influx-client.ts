import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { InfluxDB, type IResponse, ResultError } from "influx";
import { Failure } from "../../engine/contract/errors";
import type { Statement } from "../../engine/history/influxql";
import { createWriteRequests, hintOf, refusedWrite, saidIn, type WriteVerdict } from "./influx-write";

export interface InfluxOptions {
  /** Address of the server, with a path when it stands behind a proxy. */
  url: string;
  database: string;
  /** "": the database's default. */
  retentionPolicy: string;
  username: string;
  password: string;
  /** Takes the place of user name and password (InfluxDB 2 and 3). */
  token: string;
  /** @default 10,000 for writing, 30,000 for questions */
  timeoutMs?: number;
}

export interface Series {
  tags?: Record<string, string>;
  columns: string[];
  values: unknown[][];
}

/** The `influx` package as this backend uses it: one attempt a call, errors told apart by what can be done about them. */
export interface InfluxClient {
  /** Asks whether samples can be written: creates the database where it is missing and may be created. Undefined: yes. */
  probe(): Promise<WriteVerdict | undefined>;
  /** @param lines without line ends, or ready to be sent */
  write(lines: readonly string[] | Buffer): Promise<WriteVerdict>;
  select(statement: Statement, signal?: AbortSignal): Promise<Series[]>;
  close(): void;
}

/** The package would take a host out of use for a while after an error: when to try again is decided in one place, not two. */
const noBackoff = { getDelay: () => 0, next: () => noBackoff, reset: () => noBackoff };

export function createInfluxClient(options: InfluxOptions): InfluxClient {
  const { database, timeoutMs = 30_000 } = options;
  const retentionPolicy = options.retentionPolicy || undefined;
  const address = new URL(options.url);
  const writes = createWriteRequests(options);
  const isTls = address.protocol === "https:";
  const agent = isTls ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true });
  const username = options.token ? "" : options.username || decodeURIComponent(address.username);
  const password = options.password || decodeURIComponent(address.password);
  // Without this cast an absent user name would become "root", and stand in the way of a token.
  const auth = username ? { username, password } : { username: null as unknown as string };
  const client = new InfluxDB({
    ...auth,
    database,
    hosts: [
      {
        host: address.hostname,
        port: Number(address.port) || (isTls ? 443 : 80),
        protocol: isTls ? "https" : "http",
        path: address.pathname === "/" ? "" : address.pathname.replace(/\/$/, ""),
        options: { agent, ...(options.token ? { headers: { Authorization: `Token ${options.token}` } } : {}) },
      },
    ],
    pool: { backoff: noBackoff, maxRetries: 0, requestTimeout: timeoutMs },
  });

  /**
   * The package never settles a call whose answer breaks off in the middle, be it by an abort: its own timeout does not cover
   * an answer that has begun.
   */
  async function settled<T>(call: Promise<T>, signal?: AbortSignal): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    let onAbort: (() => void) | undefined;
    const brokenOff = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error("the answer broke off")), 1.5 * timeoutMs);
      onAbort = () => reject(signal?.reason);
      signal?.addEventListener("abort", onAbort, { once: true });
    });
    try {
      return await Promise.race([call, brokenOff]);
    } finally {
      clearTimeout(timer);
      if (onAbort) signal?.removeEventListener("abort", onAbort);
    }
  }

  async function ask(statement: Statement, signal?: AbortSignal): Promise<Series[]> {
    const response: IResponse = await settled(
      client.queryRaw(statement.text, {
        database,
        retentionPolicy,
        precision: "ms",
        placeholders: statement.placeholders,
        method: "POST",
        signal,
      }),
      signal,
    );
    const result = response.results[0] as { error?: string; series?: Series[] } | undefined;
    if (result?.error) throw new ResultError(result.error);
    return result?.series ?? [];
  }

  async function prepare(): Promise<void> {
    try {
      await settled(client.createDatabase(database));
    } catch (error) {
      // A server that answers at all is enough: the database may be there, and this user may not create one.
      if (isUnreachable(error)) throw error;
    }
    if (!retentionPolicy) return;
    const policies = await settled(client.showRetentionPolicies(database)).catch((error: unknown) => {
      if (isUnreachable(error)) throw error;
      return undefined;
    });
    if (policies && !policies.some(({ name }) => name === retentionPolicy))
      throw new Failure(
        "bad-setting",
        `The database ${database} has no retention policy ${retentionPolicy}:`,
        "create it in InfluxDB, or leave the setting empty.",
      );
  }

  let prepared: Promise<void> | undefined;
  const prepareOnce = (): Promise<void> => {
    prepared ??= prepare().catch((error: unknown) => {
      prepared = undefined;
      throw error;
    });
    return prepared;
  };

  /** Why nothing can be written yet. */
  const readiness = (): Promise<WriteVerdict | undefined> =>
    prepareOnce().then(
      () => undefined,
      (error: unknown): WriteVerdict =>
        error instanceof Failure ? { kind: "refused", failure: error } : { kind: "retry", reason: reasonOf(error) },
    );

  return {
    async probe() {
      prepared = undefined;
      return readiness();
    },

    async write(lines) {
      const body = Buffer.isBuffer(lines) ? lines : lines.join("\n");
      const notReady = await readiness();
      if (notReady) return notReady;
      let verdict = await writes.post(body);
      if (verdict.kind !== "missing") return verdict;
      // Somebody dropped the database.
      prepared = undefined;
      const unready = await readiness();
      if (unready) return unready;
      verdict = await writes.post(body);
      return verdict.kind === "missing" ? { kind: "refused", failure: refusedWrite(404, verdict.reason) } : verdict;
    },

    async select(statement, signal) {
      try {
        await prepareOnce();
        return await ask(statement, signal);
      } catch (error) {
        if (signal?.aborted) throw signal.reason;
        if (error instanceof Failure) throw error;
        if (/database not found/.test(reasonOf(error))) prepared = undefined;
        throw queryFailure(error);
      }
    },

    close() {
      agent.destroy();
      writes.close();
    },
  };
}

const statusOf = (error: unknown): number | undefined =>
  (error as { res?: { statusCode?: number } } | undefined)?.res?.statusCode;

const isUnreachable = (error: unknown): boolean => !(error instanceof ResultError) && statusOf(error) === undefined;

/** The server's own words: the package wraps the JSON that they come in. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const json = /\{.*\}/s.exec(message)?.[0];
  return (json && saidIn(json)) || message || (error as { code?: string }).code || "no reason given";
}

function queryFailure(error: unknown): Failure {
  const status = statusOf(error);
  const reason = reasonOf(error);
  if (isUnreachable(error))
    return new Failure("history-failed", `InfluxDB cannot be reached: ${reason}.`, "Is it running?", true);
  return new Failure("history-failed", `InfluxDB refuses the query: ${reason}.`, hintOf(status ?? 0));
}
