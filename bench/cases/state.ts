import { redisSide, type StateSide, storeSide, type Updated, type Updates } from "../lib/state-side";
import { ratioOf, spreadOf } from "../lib/statistics";
import { type BenchCase, perSecond, type Row, type RunOptions } from "./bench-case";

const numbers = [100, 10_000, 100_000];
const properties = 20;
const count = 200_000;
const inFlight = 1000;
const each = (n: number): string => n.toLocaleString("en");

/** What twins take in memory, how long they take to load, and what an update costs; the same updates in a Redis on this machine. */
export const state: BenchCase = {
  name: "state",
  title: `Twins of ${properties} properties in the store: memory, load time, updates of one property each`,
  async run(options) {
    return [...(await byNumber(options)), ...(await byProperties(options)), ...(await besideRedis(options))];
  },
};

interface Contestant {
  what: string;
  side: StateSide;
  updates: Updates;
}

/** Rounds in turn, after a warm-up of each. */
async function alternate(contestants: Contestant[], { rounds, log }: RunOptions): Promise<Updated[][]> {
  for (const { side, updates } of contestants)
    await side.update({ ...updates, count: Math.max(updates.count, 2 * updates.twins) });
  const measured: Updated[][] = contestants.map(() => []);
  for (let round = 0; round < rounds; round++)
    for (const [c, { what, side, updates }] of contestants.entries()) {
      const result = await side.update(updates);
      measured[c]?.push(result);
      const { rate, cpu, worstMs } = result;
      log(
        `round ${round + 1}: ${what} ${Math.round(rate)}/s, ${cpu.toFixed(1)} us of CPU, held up ${worstMs.toFixed(0)} ms`,
      );
    }
  return measured;
}

const ratesOf = (measured: Updated[] | undefined): number[] => (measured ?? []).map(({ rate }) => rate);
const cpuOf = (measured: Updated[] | undefined): number[] => (measured ?? []).map(({ cpu }) => cpu);
const inWords = (measured: Updated[] | undefined): string =>
  `${perSecond(spreadOf(ratesOf(measured)))}, ${spreadOf(cpuOf(measured)).median.toFixed(1)} us of CPU`;

async function byNumber(options: RunOptions): Promise<Row[]> {
  const { scope, log } = options;
  const contestants: (Contestant & { folder: string; bytes: number })[] = [];
  for (const twins of numbers) {
    const folder = scope.folder(`twins-${twins}`);
    const side = await storeSide(folder, scope);
    const bytes = (await side.fill(twins, properties)) / twins;
    log(`${each(twins)} twins: ${Math.round(bytes)} bytes of memory each`);
    const updates = { count, inFlight, twins, properties };
    contestants.push({ what: `${each(twins)} twins`, side, updates, folder, bytes });
  }
  const measured = await alternate(contestants, options);
  const rows: Row[] = [];
  const flat = contestants[1]?.bytes ?? 0;
  for (const { what, bytes } of contestants.slice(1))
    rows.push({
      what: `memory of ${what}`,
      value: `${each(Math.round(bytes))} bytes each`,
      ratio: `${(bytes / flat).toFixed(2)} x`,
      goal: "flat (<= 1.25 x)",
      met: bytes / flat <= 1.25,
    });
  for (const { what, side, folder, updates } of contestants) {
    await side.kill();
    const killed = await storeSide(folder, scope);
    await killed.close();
    const stopped = await storeSide(folder, scope);
    await stopped.close();
    const perTwin = (ms: number): string =>
      `${each(Math.round(ms))} ms (${((1000 * ms) / updates.twins).toFixed(1)} us each)`;
    rows.push({
      what: `load time of ${what}`,
      value: `${perTwin(stopped.openMs)}; after kill -9 in the middle of it all ${each(Math.round(killed.openMs))} ms`,
    });
  }
  for (const [c, { what }] of contestants.entries()) {
    const share = ratioOf(ratesOf(measured[c]), ratesOf(measured[0]));
    rows.push({
      what: `updates of ${what}, ${each(inFlight)} in flight`,
      value: inWords(measured[c]),
      ratio: `${share.toFixed(2)} x (CPU ${ratioOf(cpuOf(measured[c]), cpuOf(measured[0])).toFixed(2)} x)`,
      ...(c === 0 ? {} : { goal: "within 25 %", met: share >= 0.8 }),
    });
  }
  return rows;
}

async function byProperties(options: RunOptions): Promise<Row[]> {
  const contestants: Contestant[] = [];
  for (const bare of [true, false])
    for (const many of [10, 1000]) {
      const side = await storeSide(options.scope.folder(`properties-${many}`), options.scope);
      await side.fill(100, many);
      const updates = { count: bare ? count / 4 : 10_000, inFlight: 100, twins: 100, properties: many, bare };
      contestants.push({ what: `${each(many)} properties${bare ? ", store only" : ""}`, side, updates });
    }
  const measured = await alternate(contestants, options);
  await end(contestants);
  return [0, 2].flatMap((at): Row[] => {
    const growth = ratioOf(cpuOf(measured[at + 1]), cpuOf(measured[at]));
    const what = at === 0 ? "in the store alone" : "with the merge of a report";
    return [
      { what: `one update of a twin of 10 properties, ${what}`, value: inWords(measured[at]) },
      {
        what: `one update of a twin of 1,000 properties, ${what}`,
        value: inWords(measured[at + 1]),
        ratio: `CPU ${growth.toFixed(2)} x`,
        goal: "no growth (<= 1.25 x)",
        met: growth <= 1.25,
      },
    ];
  });
}

async function besideRedis(options: RunOptions): Promise<Row[]> {
  const { scope, log } = options;
  const redis = await redisSide(scope);
  if (!redis) {
    log(
      "REDIS IS NOT INSTALLED: nothing was compared with it (Debian: apt-get install --no-install-recommends redis-server).",
    );
    return [
      { what: "**Redis is not installed: nothing was compared with it**", value: "", goal: ">= 1.0 x", met: false },
    ];
  }
  const ours = await storeSide(scope.folder("beside-redis"), scope);
  const twins = 10_000;
  for (const side of [ours, redis]) await side.fill(twins, properties);
  const contestants = [100, 1000].flatMap((flight): Contestant[] => {
    const updates = { count: count / 2, inFlight: flight, twins, properties };
    return [
      { what: `store, ${each(flight)} in flight`, side: ours, updates },
      { what: `Redis, ${each(flight)} in flight`, side: redis, updates },
    ];
  });
  const measured = await alternate(contestants, options);
  await end(contestants);
  return contestants.map(({ what }, c): Row => {
    const value = inWords(measured[c]);
    if (c % 2 === 1) return { what: `updates in ${what}`, value: `${value} in the client` };
    const ratio = ratioOf(ratesOf(measured[c]), ratesOf(measured[c + 1]));
    return {
      what: `durable updates in the ${what}, ${each(twins)} twins`,
      value,
      ratio: `${ratio.toFixed(2)} x Redis`,
      goal: ">= 1.0 x",
      met: ratio >= 1,
    };
  });
}

const end = async (contestants: readonly Contestant[]): Promise<void> => {
  for (const side of new Set(contestants.map(({ side }) => side))) await side.kill();
};
