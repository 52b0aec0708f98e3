import type { Born } from "../../engine/sparkplug/read-metrics";
import type { SparkplugReader } from "../../engine/sparkplug/reader";

/** Who follows the edge nodes of a broker, by the broker's id: whoever commands them needs their births. */
const readers = new Map<string, Set<SparkplugReader>>();

/** Returns the way to stop. */
export function offerBirths(broker: string, reader: SparkplugReader): () => void {
  const ofBroker = readers.get(broker) ?? new Set();
  readers.set(broker, ofBroker);
  ofBroker.add(reader);
  return () => {
    ofBroker.delete(reader);
    if (ofBroker.size === 0) readers.delete(broker);
  };
}

/** The birth of a twin, by the broker of that id, or by any. */
export function birthOf(broker: string | undefined, twin: string): Born | undefined {
  for (const reader of broker === undefined
    ? [...readers.values()].flatMap((all) => [...all])
    : (readers.get(broker) ?? [])) {
    const born = reader.born(twin);
    if (born) return born;
  }
  return undefined;
}

/** Births of all brokers, by twin. */
export function* allBirths(): Generator<[string, Born]> {
  for (const ofBroker of readers.values())
    for (const reader of ofBroker)
      for (const twin of reader.alive()) {
        const born = reader.born(twin);
        if (born) yield [twin, born];
      }
}
