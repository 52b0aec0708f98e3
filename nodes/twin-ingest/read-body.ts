import type { IncomingMessage } from "node:http";

/** Why a body was not read. */
export type BodyProblem = "too-large" | "timed-out" | "aborted";

export interface BodyLimits {
  maxBytes: number;
  timeoutMs: number;
}

/** What is thrown away of a body that is refused, before the connection is cut: a client reads the answer only after sending. */
const drainBytes = 16 * 1024 * 1024;
const drainMs = 5000;

/** The whole body, or why there is none. Keeps at most `maxBytes`. */
export function readBody(request: IncomingMessage, { maxBytes, timeoutMs }: BodyLimits): Promise<Buffer | BodyProblem> {
  if (Number(request.headers["content-length"]) > maxBytes) return Promise.resolve("too-large");
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const finish = (result: Buffer | BodyProblem): void => {
      clearTimeout(timer);
      request.off("data", onData).off("end", onEnd).off("close", onClose).off("error", onClose);
      resolve(result);
    };
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > maxBytes) finish("too-large");
      else chunks.push(chunk);
    };
    const onEnd = (): void => finish(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks));
    const onClose = (): void => finish("aborted");
    const timer = setTimeout(() => finish("timed-out"), timeoutMs);
    request.on("data", onData).on("end", onEnd).on("close", onClose).on("error", onClose);
  });
}

/** Lets the rest of a refused body run out, within bounds. */
export function drain(request: IncomingMessage): void {
  if (request.readableEnded || request.destroyed) return;
  let bytes = 0;
  const timer = setTimeout(() => request.destroy(), drainMs);
  timer.unref();
  request.on("error", () => undefined);
  request.on("close", () => clearTimeout(timer));
  request.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > drainBytes) request.destroy();
  });
}
