import type { RefusalInfo } from "../../engine/contract/errors";
import type { SequenceWatch } from "../../engine/ingest/sequence-watch";
import type { Host } from "../lib/define-node";
import type { State } from "../lib/status";

/** Counts what passes, and shows it at most once a second: a badge per message would cost more than the message. */
export interface Meter {
  samples(count: number): void;
  refused(error: RefusalInfo): void;
  /** What the door says of its connection; undefined when all is well. */
  door(state: State | undefined, text?: string): void;
}

const everyMs = 1000;

export function createMeter(host: Host, { counts }: SequenceWatch): Meter {
  let samples = 0;
  let shownSamples = 0;
  let refused: RefusalInfo | undefined;
  let door: { state: State; text: string } | undefined;
  let timer: NodeJS.Timeout | undefined;
  let shownAt = 0;

  function show(): void {
    const now = performance.now();
    const rate = shownAt === 0 ? 0 : ((samples - shownSamples) * 1000) / (now - shownAt);
    if (door) host.show(door.state, door.text);
    else if (refused) host.show("refused", refused.message);
    else if (samples > 0) {
      const count = samples.toLocaleString("en");
      // Below one a second a rate says nothing.
      const text =
        rate < 1 ? host.text("status.count", { count }) : host.text("status.rate", { count, rate: Math.round(rate) });
      const { missing } = counts;
      host.show("ok", missing > 0 ? host.text("status.missing", { text, missing }) : text);
    }
    shownSamples = samples;
    shownAt = now;
    refused = undefined;
  }

  /** The first at once, then every second as long as something happens, and once more at rest. */
  function changed(): void {
    if (timer) return;
    show();
    let idle = 0;
    timer = setInterval(() => {
      idle = samples === shownSamples && !refused ? idle + 1 : 0;
      if (idle < 2) return show();
      clearInterval(timer);
      timer = undefined;
    }, everyMs);
    timer.unref();
  }
  host.onClose(() => clearInterval(timer));

  return {
    samples(count) {
      samples += count;
      changed();
    },
    refused(error) {
      refused = error;
      changed();
    },
    door(state, text = "") {
      door = state && { state, text };
      if (door) host.show(door.state, door.text);
      else if (samples === 0) host.show("ok", text);
      else show();
    },
  };
}
