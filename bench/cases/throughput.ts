import { startMosquitto } from "../lib/processes";
import { alternate, startPublisher } from "../lib/rounds";
import { bareSide, stockSide, twinSide } from "../lib/sides";
import { ratioOf, spreadOf } from "../lib/statistics";
import { type BenchCase, perSecond, type Row } from "./bench-case";

const twins = 100;
const warmUp = 20_000;
const count = 100_000;

/** Our flow in both deliveries, the stock flow and a bare subscriber, each from the same broker. */
export const throughput: BenchCase = {
  name: "throughput",
  title: `MQTT QoS 1 to state and history: ${count.toLocaleString("en")} samples of five fields a round, ${twins} twins`,
  async run({ scope, rounds, log }) {
    const broker = await startMosquitto(scope);
    const publisher = await startPublisher(broker.port, scope);
    const sides = [
      await twinSide({ broker, topic: "batch", deliver: "batch", twins, scope }),
      await twinSide({ broker, topic: "each", deliver: "each", twins, scope }),
      await stockSide(broker, "stock", scope),
      await bareSide(broker, "bare", scope),
    ];
    const rates = await alternate(
      sides.map((side) => ({ side, twins, warmUp })),
      publisher,
      { rounds, count, log },
    );
    const [batch, each, stock, bare] = rates as [number[], number[], number[], number[]];
    const toStock = (rate: number[], goal: number): Partial<Row> => {
      const ratio = ratioOf(rate, stock);
      return { ratio: `${ratio.toFixed(2)} x (b)`, goal: `>= ${goal} x (b)`, met: ratio >= goal };
    };
    return [
      { what: "(a) twin-ingest to twin-write, `batch`", value: perSecond(spreadOf(batch)), ...toStock(batch, 1.5) },
      { what: "(a) as a share of (c)", value: `${ratioOf(batch, bare).toFixed(2)} x (c)` },
      { what: "(a) twin-ingest to twin-write, `each`", value: perSecond(spreadOf(each)), ...toStock(each, 0.6) },
      { what: "(b) mqtt in, function, change, function", value: perSecond(spreadOf(stock)) },
      { what: "(c) mqtt.js and JSON.parse", value: perSecond(spreadOf(bare)) },
    ];
  },
};
