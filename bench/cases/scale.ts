import path from "node:path";
import { crc32 } from "node:zlib";
import { checkedText, connectHistoryFile, openHistoryFile } from "../../nodes/twin-history/embedded-file";
import { startMosquitto } from "../lib/processes";
import { alternate, type Contestant, type Measured, startPublisher } from "../lib/rounds";
import { sampleOf, tsOf, twinName } from "../lib/samples";
import { type Side, twinSide } from "../lib/sides";
import { ratioOf } from "../lib/statistics";
import { type BenchCase, type Row, rateAndCpu } from "./bench-case";

const few = 100;
const many = [10_000, 100_000];
const count = 50_000;
const warmUp = 20_000;
const rows = 5_000_000;
/** Within what the rounds of one and the same contestant differ. */
const noise = 1.25;

/** What a sample costs with more twins, and with more in the history: the flow of `throughput` in batches. */
export const scale: BenchCase = {
  name: "scale",
  title: "Cost of a sample with more twins, and with a full history",
  async run({ scope, rounds, log }) {
    const broker = await startMosquitto(scope);
    const publisher = await startPublisher(broker.port, scope);
    const start = (topic: string, twins: number, home?: string, rowsBefore?: number): Promise<Side> =>
      twinSide({ broker, topic, deliver: "batch", twins, scope, home, rowsBefore });

    const contestants: Contestant[] = [{ side: await start("twins-100", few), twins: few, warmUp }];
    // Every twin is there before it is measured.
    for (const twins of many)
      contestants.push({ side: await start(`twins-${twins}`, twins), twins, warmUp: Math.max(warmUp, twins) });
    log(`filling a history with ${rows.toLocaleString("en")} rows`);
    const home = scope.folder("full");
    fill(path.join(home, "twin", "history.db"));
    contestants.push({ side: await start("full", few, home, rows), twins: few, warmUp });

    const measured = await alternate(contestants, publisher, { rounds, count, log });
    const base = measured[0] as Measured;
    const compared = (what: string, at: number): Row => {
      const side = measured[at] as Measured;
      const ratio = ratioOf(base.rates, side.rates);
      return {
        what,
        value: rateAndCpu(side),
        ratio: `${ratio.toFixed(2)} x the cost`,
        goal: `no growth (<= ${noise} x)`,
        met: ratio <= noise,
      };
    };
    return [
      { what: `${few} twins, empty history`, value: rateAndCpu(base), ratio: "1" },
      ...many.map((twins, at) => compared(`${twins.toLocaleString("en")} twins`, at + 1)),
      compared(`${few} twins, ${(rows / 1e6).toLocaleString("en")} million rows in the history`, many.length + 1),
    ];
  },
};

/** Rows of the same twins from before, as the history itself would have written them. */
function fill(file: string): void {
  openHistoryFile(file, console.warn).close();
  const db = connectHistoryFile(file);
  db.exec("PRAGMA synchronous = OFF");
  const addSeries = db.prepare("INSERT INTO series (measurement, id) VALUES ('twin', ?)");
  const insert = db.prepare("INSERT INTO samples VALUES (?, ?, '', ?, ?)");
  const texts = Array.from({ length: 1000 }, (_, i) => JSON.stringify(sampleOf(i, few).values));
  const each = rows / few;
  for (let twin = 0; twin < few; twin++) {
    const id = twinName(twin);
    db.exec("BEGIN");
    const { lastInsertRowid: series } = addSeries.run(id);
    for (let i = 0; i < each; i++) {
      const ts = tsOf((i - each) * few, few);
      const text = texts[i % texts.length] as string;
      insert.run(series, ts, text, crc32(checkedText(id, ts, "", text)));
    }
    db.exec("COMMIT");
  }
  db.close();
}
