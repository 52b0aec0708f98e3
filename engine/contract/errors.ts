/**
 * Every code that a refusal (`msg.error.code`) or a failure (`err.code`) may carry, with the HTTP status that a flow
 * answering an `http in` should give. The one list: a new code is a new line here and in docs/message-contract.md.
 */
export const errorCodes = {
  "bad-json": 400,
  "bad-csv": 400,
  "bad-payload": 400,
  "unknown-property": 422,
  "out-of-range": 422,
  "wrong-type": 422,
  "bad-id": 400,
  "bad-time": 400,
  "bad-name": 400,
  "bad-request": 400,
  "too-large": 413,
  "too-deep": 400,
  "version-conflict": 409,
  "not-found": 404,
  unauthorised: 401,
  forbidden: 403,
  "no-reason": 422,
  interlocked: 409,
  expired: 410,
  "device-refused": 422,
  "read-only": 403,
  busy: 503,
  missing: 422,
  duplicate: 422,
  "out-of-order": 422,
  outlier: 422,
  stuck: 422,
  "too-fast": 422,
  "no-birth": 409,
  "no-model": 404,
  "schema-mismatch": 422,
  "out-of-domain": 422,
  "too-few-rows": 422,
  "ill-conditioned": 422,
  "gate-failed": 422,
  cancelled: 409,
  "timed-out": 504,
  "bad-setting": 500,
  "not-yet": 501,
  damaged: 500,
  "store-failed": 500,
  "history-failed": 502,
  "broker-failed": 502,
  "worker-failed": 500,
  "flow-failed": 500,
} as const;

export type ErrorCode = keyof typeof errorCodes;

/** What stands in `msg.error` of refused data. */
export interface RefusalInfo {
  code: ErrorCode;
  /** What is wrong, naming the field and the value. */
  message: string;
  /** How to mend it. */
  hint: string;
  property?: string;
  /** Row of a batch or table, from 0. */
  index?: number;
  /** The present revision, with `version-conflict`. */
  rev?: number;
  /** Whose the refused sample is, where twin-ingest could read that much of it. */
  twin?: string;
}

/** Data that is refused: leaves by the refusal output, never by `done(err)`. */
export class Refusal extends Error {
  override name = "Refusal";
  readonly info: RefusalInfo;
  /** Further fields for the message, such as the current `rev` of a conflict. */
  readonly extra: Record<string, unknown>;
  constructor(info: RefusalInfo, extra: Record<string, unknown> = {}) {
    super(info.message);
    this.info = info;
    this.extra = extra;
  }
  get code(): ErrorCode {
    return this.info.code;
  }
}

/** Configuration or infrastructure that failed: goes to `done(err)` with its code. */
export class Failure extends Error {
  override name = "Failure";
  readonly code: ErrorCode;
  readonly hint: string;
  /** Whether doing the same again later can help. */
  readonly retryable: boolean;
  constructor(code: ErrorCode, message: string, hint = "", retryable = false) {
    super(hint ? `${message} ${hint}` : message);
    this.code = code;
    this.hint = hint;
    this.retryable = retryable;
  }
}

export const refuse = (
  code: ErrorCode,
  message: string,
  hint: string,
  where: { property?: string; index?: number } = {},
): RefusalInfo => ({
  code,
  message,
  hint,
  ...(where.property === undefined ? {} : { property: where.property }),
  ...(where.index === undefined ? {} : { index: where.index }),
});

/** A value as it may stand in an error text: short, on one line, and of any type. */
export function quote(value: unknown, maxLength = 60): string {
  let text: string;
  if (typeof value === "string") text = JSON.stringify(value);
  else if (typeof value === "number" || typeof value === "boolean" || value === null || value === undefined)
    text = String(value);
  else if (Array.isArray(value)) text = `an array of ${value.length}`;
  else text = `a value of type ${typeof value}`;
  return text.length > maxLength ? `${text.slice(0, maxLength - 1)}…` : text;
}
