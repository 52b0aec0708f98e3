import type { DriftWatch } from "../../engine/learning/drift/drift-watch";
import type { Host } from "../lib/define-node";

/** It is renewed at most this often: a stream may bring thousands of samples a second. */
const badgeMs = 300;

/** How many rows were scored and refused, and, where there is something to worry about, what. */
export interface PredictBadge {
  count(good: number, bad: number, version: number): void;
}

/**
 * @param problem why an older version goes on
 * @param watch how drift stands, where it is watched
 */
export function predictBadge(
  host: Host,
  problem: () => string | undefined,
  watch: () => DriftWatch | undefined,
): PredictBadge {
  let scored = 0;
  let refused = 0;
  let timer: NodeJS.Timeout | undefined;
  host.onClose(() => clearTimeout(timer));

  function show(version: number, isBad: boolean): void {
    const params = { version, scored, refused };
    const drift = watch()?.now();
    const more = (): Record<string, unknown> => (drift ? { drift: { version, ...drift } } : {});
    const isDrifting = watch()?.isDrifting("error") || watch()?.isDrifting("inputs");
    if (problem()) host.show("failed", host.text("status.keeps", params), more);
    else if (isDrifting) host.show("alarm", host.text("status.drifts", { ...params, what: whatDrifts() }), more);
    else host.show(isBad ? "refused" : "ok", host.text("status.scored", params), more);
  }

  function whatDrifts(): string {
    const now = watch()?.now();
    const { error, inputs: [first] = [] } = now ?? {};
    if (watch()?.isDrifting("error") && error)
      return host.text("status.error", {
        metric: error.metric === "mae" ? "MAE" : host.text("status.errorRate"),
        value: short(error.value),
        before: short(error.heldOut ?? 0),
      });
    return first ? `PSI ${first.psi.toFixed(2)}, ${first.feature}` : "PSI";
  }

  return {
    count(good, bad, version) {
      scored += good;
      refused += bad;
      timer ??= setTimeout(() => {
        timer = undefined;
        show(version, bad > 0);
      }, badgeMs);
    },
  };
}

const short = (value: number): string => String(Number(value.toPrecision(3)));
