import type { RefusalInfo } from "../../engine/contract/errors";
import type { SequenceWatch } from "../../engine/ingest/sequence-watch";
import type { Host } from "../lib/define-node";
import type { Metric } from "../lib/metrics";
import type { State } from "../lib/status";
import type { Journal } from "../twin-store/store";

/** Counts what passes, and shows it at most once a second: a badge per message would cost more than the message. */
export interface Meter {
  samples(count: number): void;
  /** Each is counted, and the first shown. */
  refused(errors: readonly RefusalInfo[]): void;
  /**
   * What the door says of its connection; undefined when all is well.
   *
   * @param more fields beside the badge from now on, in `msg.status` of a core status node
   */
  door(state: State | undefined, text?: string, more?: Record<string, unknown>): void;
}

const everyMs = 1000;

/** @param journal the one that a durable node's samples stand in */
export function createMeter(host: Host, { counts }: SequenceWatch, journal?: Journal): Meter {
  let samples = 0;
  let shownSamples = 0;
  let refused: RefusalInfo | undefined;
  const refusals = new Map<string, number>();
  let door: { state: State; text: string } | undefined;
  let timer: NodeJS.Timeout | undefined;
  let shownAt = 0;

  let ofDoor: Record<string, unknown> | undefined;
  const more = (): Record<string, unknown> => ({
    ...ofDoor,
    ...(journal && { storage: { journal: { ...journal.size } } }),
  });
  const say = (state: State, text?: string): void => host.show(state, text, more);

  function show(): void {
    const now = performance.now();
    const rate = shownAt === 0 ? 0 : ((samples - shownSamples) * 1000) / (now - shownAt);
    if (door) say(door.state, door.text);
    else if (refused) say("refused", refused.message);
    else if (samples > 0) {
      const count = samples.toLocaleString("en");
      // Below one a second a rate says nothing.
      const text =
        rate < 1 ? host.text("status.count", { count }) : host.text("status.rate", { count, rate: Math.round(rate) });
      const { missing } = counts;
      say("ok", missing > 0 ? host.text("status.missing", { text, missing }) : text);
    }
    shownSamples = samples;
    shownAt = now;
    refused = undefined;
  }

  /** The first at once, then every second as long as something happens or is not done, and once more at rest. */
  function changed(): void {
    if (timer) return;
    show();
    let idle = 0;
    timer = setInterval(() => {
      const isQuiet = samples === shownSamples && !refused && !journal?.size.records;
      idle = isQuiet ? idle + 1 : 0;
      if (idle < 2) return show();
      clearInterval(timer);
      timer = undefined;
    }, everyMs);
    timer.unref();
  }
  host.onClose(() => clearInterval(timer));

  host.metrics(() => [
    {
      name: "ingest_samples_total",
      help: "Samples handed on, those handed on again included.",
      kind: "counter",
      value: samples,
    },
    ...[...refusals].map(
      ([code, value]): Metric => ({
        name: "ingest_refused_total",
        help: "What was refused: samples, rows, and requests or messages as a whole.",
        kind: "counter",
        value,
        labels: { code },
      }),
    ),
    { name: "ingest_missing_samples", help: "Left out by seq, and not come later.", value: counts.missing },
    { name: "ingest_repeated_total", help: "Known again by seq.", kind: "counter", value: counts.repeated },
  ]);

  return {
    samples(count) {
      samples += count;
      changed();
    },
    refused(errors) {
      for (const { code } of errors) refusals.set(code, (refusals.get(code) ?? 0) + 1);
      refused = errors[0];
      changed();
    },
    door(state, text = "", said) {
      door = state && { state, text };
      ofDoor = said;
      if (door) say(door.state, door.text);
      else if (samples === 0) say("ok", text);
      else show();
    },
  };
}
