import type { ChildProcess } from "node:child_process";
import { forkScript, heard, type Scope } from "./processes";
import type { Side } from "./sides";

export interface Contestant {
  side: Side;
  twins: number;
  warmUp: number;
}

/** Starts a publisher; see publisher.ts. */
export async function startPublisher(port: number, scope: Scope): Promise<ChildProcess> {
  const publisher = forkScript("lib/publisher.js", [String(port), "publisher"], scope);
  await heard<{ kind: string }>(publisher, ({ kind }) => kind === "ready");
  return publisher;
}

/**
 * Rounds that alternate between the contestants, after a warm-up of each. While the messages of a round are published, the
 * process that is to receive them stands still (SIGSTOP): the broker holds them all, and then it is let go. So nobody waits for the
 * publisher, and the publisher takes nothing from the cores that are measured.
 *
 * @returns samples per second, by contestant and round
 */
export async function alternate(
  contestants: readonly Contestant[],
  publisher: ChildProcess,
  { rounds, count, log }: { rounds: number; count: number; log(text: string): void },
): Promise<number[][]> {
  const totals = contestants.map(() => 0);
  const rates: number[][] = contestants.map(() => []);

  async function run(c: number, samples: number): Promise<number> {
    const { side, twins } = contestants[c] as Contestant;
    const { topic, child } = side;
    const from = totals[c] as number;
    const total = from + samples;
    totals[c] = total;
    child.kill("SIGSTOP");
    const filled = heard<{ kind: string }>(publisher, ({ kind }) => kind === "filled");
    publisher.send({ kind: "fill", topic, from, count: samples, twins });
    await filled;
    const through = side.through(total);
    const begun = performance.now();
    child.kill("SIGCONT");
    await through;
    const seconds = (performance.now() - begun) / 1000;
    side.check(total);
    return samples / seconds;
  }

  for (const [c, { warmUp }] of contestants.entries()) await run(c, warmUp);
  for (let round = 0; round < rounds; round++)
    for (const [c, { side }] of contestants.entries()) {
      const rate = await run(c, count);
      rates[c]?.push(rate);
      log(`round ${round + 1}: ${side.topic} ${Math.round(rate)}/s`);
    }
  return rates;
}
