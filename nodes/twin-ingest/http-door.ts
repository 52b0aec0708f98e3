import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { crc32 } from "node:zlib";
import { quote, Refusal, type RefusalInfo, refuse } from "../../engine/contract/errors";
import { defaultLimits } from "../../engine/ingest/limits";
import type { Host } from "../lib/define-node";
import { within } from "../lib/within";
import { encodingOf } from "./decode";
import { type Answer, answerOf, busy, refusal, respond } from "./http-answers";
import { claimRoute, type RouteRequest } from "./http-routes";
import type { Intake } from "./intake";
import type { Meter } from "./meter";
import { outcomeOf } from "./outcome";
import { nextTurn } from "./pace";
import type { Parcel } from "./parcel";
import { readBody } from "./read-body";
import { type KnownText, tooLarge } from "./read-text";
import type { TwinIngestSettings } from "./twin-ingest.settings";
import { unpack } from "./unpack";

/** What the door hands bodies to. */
export interface HttpTaker {
  read(request: HttpArrival, payload: unknown): Parcel;
  /** Without keeping it. */
  handOn(parcel: Parcel): void;
}

export interface HttpArrival {
  /** The path without its leading slash. */
  topic: string;
  path: string;
  known: KnownText;
  headers: IncomingMessage["headers"];
  query: Record<string, unknown>;
}

const bodyTimeoutMs = 10_000;
/** How long a request waits for the flow to start. */
const startPatienceMs = 10_000;
/** Bodies that are read at the same time: 64 MiB at most. */
const maxAtOnce = 64;

interface Body {
  payload: unknown;
  known: KnownText;
}

/** The body, or the answer where there is none; undefined when the client has gone. */
type Received = Body | Answer | undefined;

/**
 * Serves POST on the path until the node closes. Answers when the samples are in the journal, or, where nothing is kept, when
 * the next nodes have them. A request that comes again, by its Idempotency-Key or its samples' `seq`, has no effect twice.
 */
export function openHttpDoor(
  host: Host,
  { path, token, ts }: Pick<TwinIngestSettings, "path" | "token" | "ts">,
  meter: Meter,
  intake: Intake | undefined,
  taker: HttpTaker,
): void {
  const expected = token === "" ? undefined : hashOf(token);
  /** With times of their own repeats do no harm. */
  const knowsRepeats = ts.from === "arrival";
  let atOnce = 0;
  let closing = false;

  async function receive(request: RouteRequest): Promise<Received> {
    const problem = expected ? checkToken(request, expected) : checkLocal(request);
    if (problem) return problem;
    const type = contentTypeOf(request);
    if ("status" in type) return type;
    if (closing || atOnce >= maxAtOnce) return busy();
    // Somebody else's parser was faster.
    if (request.body !== undefined && request.complete) return { payload: request.body, known: {} };
    atOnce++;
    try {
      return await readWhole(request, type);
    } finally {
      atOnce--;
    }
  }

  async function readWhole(request: RouteRequest, known: KnownText): Promise<Received> {
    const body = await readBody(request, { maxBytes: defaultLimits.maxBytes, timeoutMs: bodyTimeoutMs });
    if (body === "aborted") return undefined;
    if (body === "too-large") return refusal(tooLarge());
    if (body === "timed-out")
      return refusal(refuse("timed-out", "The body did not arrive in time.", "Send it within 10 s."), 408);
    if (!isGzip(request)) return { payload: body, known };
    const unpacked = await unpack(body, defaultLimits.maxBytes);
    return Buffer.isBuffer(unpacked) ? { payload: unpacked, known } : refusal(unpacked);
  }

  async function takeIn({ payload, known }: Body, { headers, query }: RouteRequest): Promise<Answer> {
    const waiting = intake?.ready();
    if (waiting) await within(waiting, startPatienceMs);
    // Sent from a node that is closing, it would reach nobody.
    if (closing || intake?.ready() || intake?.isFull()) return turnAway(busy());
    try {
      const key = keyOf(headers);
      const asked = typeof query === "object" && query !== null ? { ...query } : {};
      const parcel = taker.read({ topic: path.slice(1), path, known, headers, query: asked }, payload);
      const answer = intake ? keep(intake, parcel, key, payload) : handOn(parcel);
      await (intake?.durable() ?? nextTurn());
      return answer;
    } catch (error) {
      if (error instanceof Refusal) return turnAway(refusal(error.info));
      host.fail(error);
      const info = refuse("busy", "The samples could not be taken.", "Send them again later.");
      return turnAway(refusal(info, 503, { "Retry-After": "5" }));
    }
  }

  /** For what was not read: what was is counted where it leaves. */
  function turnAway(answer: Answer): Answer {
    const { error } = answer.body as { error?: RefusalInfo };
    if (error) meter.refused([error]);
    return answer;
  }

  function handOn(parcel: Parcel): Answer {
    taker.handOn(parcel);
    return answerOf(outcomeOf(parcel.reading));
  }

  function keep({ repeats, take }: Intake, parcel: Parcel, key: string | undefined, payload: unknown): Answer {
    const outcome = outcomeOf(parcel.reading);
    // Nothing of it was acknowledged: the client is told, and that is all.
    if (parcel.reading.kind === "refused") return handOn(parcel);
    const mark = key === undefined ? undefined : { key, crc: crcOf(payload) };
    const before = mark && repeats.answered(mark.key);
    if (before && before.crc !== mark.crc)
      throw new Refusal(
        refuse(
          "duplicate",
          `The Idempotency-Key ${quote(key)} was used for another body.`,
          "Give each body a key of its own.",
        ),
      );
    if (before) return answerOf(before, before.accepted);
    const { reading, repeated } = knowsRepeats
      ? repeats.withoutRepeats(parcel.reading)
      : { reading: parcel.reading, repeated: 0 };
    if (reading) take({ ...parcel, reading, mark: mark && { ...mark, repeated } });
    return answerOf(outcome, repeated);
  }

  const release = claimRoute<Received>(host.red.httpNode, path, {
    receive,
    async answer(received, request, response) {
      if (!received) return;
      respond(request, response, "status" in received ? turnAway(received) : await takeIn(received, request));
    },
  });
  host.onClose(() => {
    closing = true;
    release();
  });
}

/** @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/ */
function keyOf(headers: IncomingMessage["headers"]): string | undefined {
  const key = headers["idempotency-key"];
  if (key === undefined) return undefined;
  if (typeof key === "string" && /^[\x21-\x7e]{1,200}$/.test(key)) return key;
  throw new Refusal(
    refuse(
      "bad-request",
      `The Idempotency-Key is ${quote(key)}.`,
      "Use 1 to 200 printable ASCII characters, no blanks.",
    ),
  );
}

const crcOf = (payload: unknown): number =>
  crc32(payload instanceof Uint8Array || typeof payload === "string" ? payload : (JSON.stringify(payload) ?? ""));

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

const isGzip = ({ headers }: IncomingMessage): boolean => /^(x-)?gzip$/i.test(headers["content-encoding"] ?? "");

function contentTypeOf(request: IncomingMessage): KnownText | Answer {
  const { headers } = request;
  const [type = "", ...parameters] = (headers["content-type"] ?? "").toLowerCase().split(";");
  const charset = parameters
    .map((one) => /^\s*charset\s*=\s*"?([^"\s]+)/.exec(one)?.[1])
    .find((one) => one !== undefined);
  const coding = headers["content-encoding"] ?? "identity";
  const unsupported = (message: string, hint: string): Answer => refusal(refuse("bad-payload", message, hint), 415);
  if (coding !== "identity" && !isGzip(request))
    return unsupported(`The content encoding ${quote(coding)} is not taken.`, "Send the body as gzip or uncompressed.");
  const encoding = charset === undefined ? undefined : encodingOf(charset);
  if (charset !== undefined && !encoding)
    return unsupported(`The charset ${quote(charset)} is not taken.`, "Send the body in UTF-8.");
  const name = type.trim();
  if (name === "application/json" || name.endsWith("+json")) return { format: "json", encoding };
  if (name === "text/csv" || name === "application/csv") return { format: "csv", encoding };
  if (lenient.includes(name)) return { encoding };
  return unsupported(`The content type ${name} is not taken.`, "Send application/json or text/csv.");
}
