import type { SequenceWatch } from "../../engine/ingest/sequence-watch";
import type { Host } from "../lib/define-node";
import type { Journal } from "../twin-store/store";
import { type Custody, type Entry, openCustody } from "./custody";
import type { Meter } from "./meter";
import type { Parcel } from "./parcel";
import { acquireRepeats, type Repeats } from "./repeats";

/** How a durable node takes things in: nothing is acknowledged before it is in the journal. */
export interface Intake extends Omit<Custody, "take" | "dispatch"> {
  readonly repeats: Repeats;
  /** Writes the parcel to the journal and hands it on. Throws a `Failure` when it cannot be kept: do not acknowledge. */
  take(parcel: Parcel): void;
}

export function openIntake(
  host: Host,
  journal: Journal,
  meter: Meter,
  sequences: SequenceWatch,
  handOn: (parcel: Parcel, entry: Entry) => void,
): Intake & Pick<Custody, "dispatch"> {
  const repeats = acquireRepeats(host, journal, sequences);
  const custody = openCustody(host, journal, handOn, (error) => meter.refused([error]));
  host.metrics(() => [
    { name: "ingest_under_way", help: "Messages on their way through the flow.", value: custody.underWay() },
  ]);
  return {
    ...custody,
    repeats,
    durable: () =>
      custody.durable()?.catch((error: unknown) => {
        // What could not be flushed was not taken: when it comes again it is no repeat.
        repeats.forget();
        throw error;
      }),
    take(parcel) {
      custody.take(parcel);
      repeats.took(parcel.topic, parcel.mark, parcel.reading);
    },
  };
}
