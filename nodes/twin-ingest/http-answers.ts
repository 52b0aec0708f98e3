import type { IncomingMessage, ServerResponse } from "node:http";
import { errorCodes, type RefusalInfo, refuse } from "../../engine/contract/errors";
import type { Outcome } from "./outcome";
import { drain } from "./read-body";

export interface Answer {
  status: number;
  body: Record<string, unknown>;
  headers?: Record<string, string>;
}

export const refusal = (
  error: RefusalInfo,
  status: number = errorCodes[error.code],
  headers?: Record<string, string>,
): Answer => ({ status, body: { error }, headers });

export const busy = (): Answer =>
  refusal(refuse("busy", "Too much is under way, or a deploy is.", "Send it again in a second."), 503, {
    "Retry-After": "1",
  });

/** @param repeated how many of the accepted samples had been taken in before */
export function answerOf({ accepted, refused, errors, error }: Outcome, repeated = 0): Answer {
  if (error) return refusal(error);
  const body = { accepted, refused, ...(repeated > 0 ? { repeated } : {}) };
  if (errors.length === 0) return { status: 200, body };
  if (accepted > 0) return { status: 207, body: { ...body, errors } };
  const all = refusal(errors[0] as RefusalInfo);
  return { ...all, body: { ...all.body, ...body, errors } };
}

export function respond(
  request: IncomingMessage,
  response: ServerResponse,
  { status, body, headers = {} }: Answer,
): void {
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
