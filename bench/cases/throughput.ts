import { startMosquitto } from "../lib/processes";
import { alternate, type Measured, startPublisher } from "../lib/rounds";
import { bareSide, stockSide, twinSide } from "../lib/sides";
import { ratioOf } from "../lib/statistics";
import { type BenchCase, type Row, rateAndCpu } from "./bench-case";

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
    const measured = await alternate(
      sides.map((side) => ({ side, twins, warmUp })),
      publisher,
      { rounds, count, log },
    );
    const [batch, each, stock, bare] = measured as [Measured, Measured, Measured, Measured];
    const toStock = (side: Measured, goal: number): Partial<Row> => {
      const ratio = ratioOf(side.rates, stock.rates);
      return { ratio: `${ratio.toFixed(2)} x (b)`, goal: `>= ${goal} x (b)`, met: ratio >= goal };
    };
    return [
      { what: "(a) twin-ingest to twin-write, `batch`", value: rateAndCpu(batch), ...toStock(batch, 1.5) },
      { what: "(a) as a share of (c)", value: `${ratioOf(batch.rates, bare.rates).toFixed(2)} x (c)` },
      { what: "(a) twin-ingest to twin-write, `each`", value: rateAndCpu(each), ...toStock(each, 0.6) },
      { what: "(b) mqtt in, function, change, function", value: rateAndCpu(stock) },
      { what: "(c) mqtt.js and JSON.parse", value: rateAndCpu(bare) },
    ];
  },
};
