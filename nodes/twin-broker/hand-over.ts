import { Failure } from "../../engine/contract/errors";
import { type BackoffOptions, backoffMs } from "./backoff";
import type { MessageHandler, Taken } from "./broker";
import type { IncomingPacket } from "./mqtt-connection";

export interface HandOverOptions {
  warn(text: string): void;
  backoff?: BackoffOptions;
}

/**
 * Gives a message to a handler until it is done with it. What a retry can help is tried again, later and later, for as long
 * as the connection stands; poison is set aside with a warning. Never fails.
 */
export function handOver(
  { handle }: { handle: MessageHandler },
  packet: IncomingPacket,
  stillConnected: () => boolean,
  options: HandOverOptions,
): Taken | Promise<Taken> {
  try {
    const taken = handle(packet.topic, packet.payload, packet);
    return taken instanceof Promise ? taken.catch(tryAgain) : taken;
  } catch (error) {
    return tryAgain(error);
  }

  async function tryAgain(first: unknown): Promise<Taken> {
    let error = first;
    for (let attempt = 0; error instanceof Failure && error.retryable; attempt++) {
      await new Promise((resolve) => setTimeout(resolve, backoffMs(attempt, options.backoff)));
      if (!stillConnected()) return;
      try {
        return await handle(packet.topic, packet.payload, packet);
      } catch (next) {
        error = next;
      }
    }
    options.warn(`A message on ${packet.topic} was set aside: ${error instanceof Error ? error.message : error}`);
  }
}
