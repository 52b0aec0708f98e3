import { mergeSample, reportSample } from "../../engine/twin/report";
import { openEmbeddedStore } from "../../nodes/twin-store/embedded";
import { openRedisTwins } from "./redis-twins";
import type { Answer, Order, Updated, Updates } from "./state-side";

/** A process of its own that keeps twins, in our store or in a Redis beside it, and updates them as it is told. */
type Write = (id: string, ts: number, name: string, value: number) => Promise<unknown>;
type Do = { [Kind in Order["kind"]]: (order: Extract<Order, { kind: Kind }>) => Promise<Answer> };

const propertyName = (k: number): string => `property_${k}`;
const twinName = (k: number): string => `press-${String(k).padStart(6, "0")}`;

let write: Write;
let writeBare: Write;
let close = (): void => undefined;
let fill: (twins: number, properties: number) => Promise<void>;
let worst = 0;
let last = performance.now();
setInterval(() => {
  const now = performance.now();
  worst = Math.max(worst, now - last - 1);
  last = now;
}, 1).unref();

const orders: Do = {
  async open({ folder }) {
    const begun = performance.now();
    const store = openEmbeddedStore({ folder, durability: "process", warn: console.warn });
    const loadMs = performance.now() - begun;
    const { twins } = store;
    close = store.close;
    writeBare = (id, ts) =>
      twins.update(
        id,
        (current) =>
          current && { document: { ...current, rev: current.rev + 1, updatedAt: ts }, changed: {}, notify: true },
      );
    write = (id, ts, name, value) =>
      twins.updateAll([id], (_, current) => {
        const now = Date.now();
        const { patch, rev, changed } = mergeSample(current, { id, ts, values: { [name]: value } }, { now });
        if (rev !== (current?.rev ?? 0) + 1) throw new Error(`${id} is at rev ${rev}.`);
        return { patch, changed, notify: true };
      });
    fill = async (count, properties) => {
      for (let from = 0; from < count; from += 500) {
        const ids = Array.from({ length: Math.min(500, count - from) }, (_, k) => twinName(from + k));
        await twins.updateAll(ids, (at, current) => {
          const names = Array.from({ length: properties }, (_, k) => [propertyName(k), from + at + k / 4]);
          const sample = { id: ids[at] as string, ts: 1, values: Object.fromEntries(names) };
          const { document, changed } = reportSample(current, sample, { now: Date.now() });
          return { document, changed, notify: true };
        });
      }
    };
    return { kind: "opened", ms: loadMs };
  },
  async redis({ port }) {
    const redis = await openRedisTwins(port);
    write = redis.write;
    fill = (count, properties) => redis.fill(count, properties, twinName, propertyName);
    return { kind: "opened", ms: 0 };
  },
  async fill({ twins, properties }) {
    const before = await heapUsed();
    await fill(twins, properties);
    return { kind: "filled", bytes: (await heapUsed()) - before };
  },
  async update(order) {
    return { kind: "updated", ...(await update(order)) };
  },
  async close() {
    close();
    return { kind: "closed" };
  },
};

async function heapUsed(): Promise<number> {
  for (let k = 0; k < 3; k++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

let updates = 1;

/** So many updates of one property each, of twins in no order, so many under way at a time, each of another twin. */
async function update({ count, inFlight, twins, properties, bare }: Updates): Promise<Updated> {
  const act = bare ? writeBare : write;
  worst = 0;
  const cpu = process.cpuUsage();
  const begun = performance.now();
  let sent = 0;
  const lane = async (k: number): Promise<void> => {
    while (sent < count) {
      sent++;
      const n = updates++;
      // A walk over all twins of this lane in steps of a large prime.
      const own = Math.max(1, Math.floor((twins - k + inFlight - 1) / inFlight));
      const twin = (k + ((n * 7919) % own) * inFlight) % twins;
      await act(twinName(twin), n + 1, propertyName(n % properties), n / 8);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, (_, k) => lane(k)));
  const { user, system } = process.cpuUsage(cpu);
  return {
    rate: count / ((performance.now() - begun) / 1000),
    cpu: (user + system) / count,
    worstMs: worst,
  };
}

process.on("message", (order: Order) => {
  const act = orders[order.kind] as (order: Order) => Promise<Answer>;
  act(order).then(
    (answer) => process.send?.(answer),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
