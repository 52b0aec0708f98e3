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
  take(parcel: Parcel, soon?: boolean): void;
}

export function openIntake(
  host: Host,
  journal: Journal,
  meter: Meter,
  sequences: SequenceWatch,
  handOn: (parcel: Parcel, entry: Entry) => void,
): Intake & Pick<Custody, "dispatch"> {
  const repeats = acquireRepeats(host, journal, sequences);
  let writing: Promise<void> | undefined;
  let watched: Promise<void> | undefined;
  const custody = openCustody(host, journal, handOn, (error) => meter.refused([error]));
  host.metrics(() => [
    { name: "ingest_under_way", help: "Messages on their way through the flow.", value: custody.underWay() },
  ]);
  return {
    ...custody,
    repeats,
    durable() {
      const next = custody.durable();
      if (next !== writing) {
        writing = next;
        // What could not be written was not taken: when it comes again it is no repeat.
        watched = next?.catch((error: unknown) => {
          repeats.forget();
          throw error;
        });
      }
      return watched;
    },
    take(parcel, soon) {
      custody.take(parcel, soon);
      repeats.took(parcel.topic, parcel.mark, parcel.reading);
    },
  };
}
