import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { errorCodes, type RefusalInfo, refuse } from "../../engine/contract/errors";
import type { TextFormat } from "../../engine/ingest/detect-format";
import { defaultLimits } from "../../engine/ingest/limits";
import type { Reading } from "../../engine/ingest/read-payload";
import type { Host } from "../lib/define-node";
import { claimRoute, type RouteRequest } from "./http-routes";
import { nextTurn } from "./pace";
import { drain, readBody } from "./read-body";
import { tooLarge } from "./read-text";
import type { TwinIngestSettings } from "./twin-ingest.settings";

/** Takes one request's body in. */
export type TakeHttp = (request: HttpArrival, payload: unknown) => Reading;

export interface HttpArrival {
  /** The path without its leading slash. */
  topic: string;
  path: string;
  format?: TextFormat;
  headers: IncomingMessage["headers"];
  query: Record<string, unknown>;
}

const bodyTimeoutMs = 10_000;
/** Bodies that are read at the same time: 64 MiB at most. */
const maxAtOnce = 64;

interface Answer {
  status: number;
  body: Record<string, unknown>;
  headers?: Record<string, string>;
}

interface Body {
  payload: unknown;
  format?: TextFormat;
}

/** The body, or the answer where there is none; undefined when the client has gone. */
type Received = Body | Answer | undefined;

/** Serves POST on the path until the node closes. Answers after the samples have been handed on. */
export function openHttpDoor(
  host: Host,
  { path, token }: Pick<TwinIngestSettings, "path" | "token">,
  take: TakeHttp,
  onRefused: (error: RefusalInfo) => void,
): void {
  const expected = token === "" ? undefined : hashOf(token);
  let atOnce = 0;
  let closing = false;

  async function receive(request: RouteRequest): Promise<Received> {
    const problem = expected ? checkToken(request, expected) : checkLocal(request);
    if (problem) return problem;
    const type = contentTypeOf(request);
    if ("status" in type) return type;
    if (closing || atOnce >= maxAtOnce) return busy();
    // Somebody else's parser was faster.
    if (request.body !== undefined && request.complete) return { payload: request.body };
    atOnce++;
    const body = await readBody(request, { maxBytes: defaultLimits.maxBytes, timeoutMs: bodyTimeoutMs });
    atOnce--;
    if (body === "aborted") return undefined;
    if (body === "too-large") return refusal(tooLarge());
    if (body === "timed-out")
      return refusal(refuse("timed-out", "The body did not arrive in time.", "Send it within 10 s."), 408);
    return { payload: body, format: type.format };
  }

  async function takeIn({ payload, format }: Body, { headers, query }: RouteRequest): Promise<Answer> {
    // Sent from a node that is closing, it would reach nobody.
    if (closing) return busy();
    try {
      const asked = typeof query === "object" && query !== null ? { ...query } : {};
      const reading = take({ topic: path.slice(1), path, format, headers, query: asked }, payload);
      // Answered when the next nodes have it.
      await nextTurn();
      return answerOf(reading);
    } catch (error) {
      host.fail(error);
      return refusal(refuse("busy", "The samples could not be taken.", "Send them again later."), 503, {
        "Retry-After": "5",
      });
    }
  }

  const release = claimRoute<Received>(host.red.httpNode, path, {
    receive,
    async answer(received, request, response) {
      if (!received) return;
      const answer = "status" in received ? received : await takeIn(received, request);
      const { error } = answer.body as { error?: RefusalInfo };
      if (error) onRefused(error);
      respond(request, response, answer);
    },
  });
  host.onClose(() => {
    closing = true;
    release();
  });
}

const busy = (): Answer =>
  refusal(refuse("busy", "Too many requests at once, or a deploy is under way.", "Send it again in a second."), 503, {
    "Retry-After": "1",
  });

function answerOf(reading: Reading): Answer {
  if (reading.kind === "refused") return refusal(reading.error);
  if (reading.kind === "sample") return { status: 200, body: { accepted: 1, refused: 0 } };
  const { samples, errors } = reading;
  const body = { accepted: samples.length, refused: errors.length };
  if (errors.length === 0) return { status: 200, body };
  if (samples.length > 0) return { status: 207, body: { ...body, errors } };
  const all = refusal(errors[0] as RefusalInfo);
  return { ...all, body: { ...all.body, ...body, errors } };
}

const refusal = (
  error: RefusalInfo,
  status: number = errorCodes[error.code],
  headers?: Record<string, string>,
): Answer => ({
  status,
  body: { error },
  headers,
});

function respond(request: IncomingMessage, response: ServerResponse, { status, body, headers = {} }: Answer): void {
  if (response.destroyed || response.headersSent) return;
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.setHeader("Content-Type", "application/json; charset=utf-8");
  if (!request.complete) {
    response.setHeader("Connection", "close");
    drain(request);
  }
  response.end(JSON.stringify(body));
}

const hashOf = (text: string): Buffer => createHash("sha256").update(text).digest();

function checkToken(request: IncomingMessage, expected: Buffer): Answer | undefined {
  const [, given = ""] = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? "") ?? [];
  // Hashes have one length, and comparing them takes one time.
  if (timingSafeEqual(hashOf(given), expected)) return undefined;
  return refusal(
    refuse("unauthorised", "The bearer token is missing or wrong.", "Send the header Authorization: Bearer <token>."),
    401,
    { "WWW-Authenticate": "Bearer" },
  );
}

const loopback = /^(::1|(::ffff:)?127\.\d+\.\d+\.\d+)$/;

/** Without a token only this computer is served: nobody through a proxy, and no foreign page in a browser here. */
function checkLocal({ socket, headers }: IncomingMessage): Answer | undefined {
  const proxied = headers.forwarded !== undefined || headers["x-forwarded-for"] !== undefined;
  const { origin } = headers;
  const foreign = origin !== undefined && !/^https?:\/\/(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/i.test(origin);
  if (loopback.test(socket.remoteAddress ?? "") && !proxied && !foreign) return undefined;
  return refusal(
    refuse(
      "unauthorised",
      "Without a token only clients on this computer are served.",
      "Set a token in this twin-ingest, and send it.",
    ),
    403,
  );
}

/** `curl -d` says form; a plain client says nothing: both are looked at. */
const lenient = ["", "text/plain", "application/x-www-form-urlencoded", "application/octet-stream"];

function contentTypeOf({ headers }: IncomingMessage): { format?: TextFormat } | Answer {
  const [type = "", ...parameters] = (headers["content-type"] ?? "").toLowerCase().split(";");
  const charset = parameters
    .map((one) => /^\s*charset\s*=\s*"?([^"\s]+)/.exec(one)?.[1])
    .find((one) => one !== undefined);
  const encoding = headers["content-encoding"] ?? "identity";
  const unsupported = (message: string, hint: string): Answer => refusal(refuse("bad-payload", message, hint), 415);
  if (encoding !== "identity")
    return unsupported(`The content encoding ${encoding} is not taken.`, "Send the body uncompressed.");
  if (charset !== undefined && !["utf-8", "utf8", "us-ascii"].includes(charset))
    return unsupported(`The charset ${charset} is not taken.`, "Send the body in UTF-8.");
  const name = type.trim();
  if (name === "application/json" || name.endsWith("+json")) return { format: "json" };
  if (name === "text/csv" || name === "application/csv") return { format: "csv" };
  if (lenient.includes(name)) return {};
  return unsupported(`The content type ${name} is not taken.`, "Send application/json or text/csv.");
}
