import type { ChildProcess } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { forkScript, heard, type Scope } from "./processes";
import type { Side } from "./sides";

export interface Contestant {
  side: Side;
  twins: number;
  warmUp: number;
}

export interface Measured {
  /** Samples a second. */
  rates: number[];
  /** Time on a CPU that a sample cost the receiving process, us. */
  cpu: number[];
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
 * @returns by contestant, round by round
 */
export async function alternate(
  contestants: readonly Contestant[],
  publisher: ChildProcess,
  { rounds, count, log }: { rounds: number; count: number; log(text: string): void },
): Promise<Measured[]> {
  const totals = contestants.map(() => 0);
  const measured: Measured[] = contestants.map(() => ({ rates: [], cpu: [] }));

  async function run(c: number, samples: number): Promise<{ rate: number; cpu: number }> {
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
    const cpu = cpuOf(child);
    const begun = performance.now();
    child.kill("SIGCONT");
    await through;
    const seconds = (performance.now() - begun) / 1000;
    const spent = (cpuOf(child) - cpu) / samples;
    await side.check(total);
    return { rate: samples / seconds, cpu: spent };
  }

  for (const [c, { warmUp }] of contestants.entries()) await run(c, warmUp);
  for (let round = 0; round < rounds; round++)
    for (const [c, { side }] of contestants.entries()) {
      const { rate, cpu } = await run(c, count);
      measured[c]?.rates.push(rate);
      measured[c]?.cpu.push(cpu);
      log(`round ${round + 1}: ${side.topic} ${Math.round(rate)}/s, ${cpu.toFixed(1)} us of CPU a sample`);
    }
  return measured;
}

/** Time on a CPU of all threads so far, us; NaN where the system does not tell. A busy machine does not change it much. */
function cpuOf({ pid }: ChildProcess): number {
  try {
    const tasks = `/proc/${pid}/task`;
    let ns = 0;
    for (const task of readdirSync(tasks))
      ns += Number(readFileSync(`${tasks}/${task}/schedstat`, "utf8").split(" ")[0]);
    return ns / 1000;
  } catch {
    return Number.NaN;
  }
}
