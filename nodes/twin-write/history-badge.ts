import type { Host } from "../lib/define-node";
import type { State } from "../lib/status";
import type { History, HistoryStatus } from "../twin-history/history";

const refreshMs = 1000;

/** What is written, and while the history does not keep up: how much waits or is spooled, for how long, and why. */
export function createHistoryBadge(host: Host, history: History): { count(samples: number): void } {
  let total = 0;
  let isQuiet = true;
  /** Status nodes hear nothing before the flow runs: they are told the figures with the first message, or a second later. */
  let isRunning = false;

  /** For a core status node, such as the one behind the Overview page. The reason stays on the badge: it may name a server. */
  function figures(): Record<string, unknown> {
    const { reason, ...status } = history.describe();
    return { storage: { backend: history.backend, ...status } };
  }

  function show(): void {
    const status = history.describe();
    const more = isRunning ? figures : undefined;
    isQuiet = status.state === "ok" && status.waiting === 0 && status.spooled === 0;
    const { state, key } = looksOf(status);
    if (state === "failed" && status.reason) {
      host.show("failed", status.reason, more);
      return;
    }
    // Put into words only when the badge does change, which is far less often than messages come.
    host.show(state, () => textOf(status, key), more);
  }

  function textOf(status: HistoryStatus, key: string): string {
    const { waiting, spooled, oldestMs, refusedLater, dropped } = status;
    const numbers = { count: total, waiting, spooled, seconds: Math.round(oldestMs / 1000), refusedLater, dropped };
    const params = Object.fromEntries(Object.entries(numbers).map(([name, n]) => [name, n.toLocaleString("en-US")]));
    const lost = (["refusedLater", "dropped"] as const).filter((name) => status[name] > 0);
    return [key, ...lost].map((name) => host.text(`status.${name}`, params)).join("");
  }

  show();
  host.onClose(history.watch(show));
  const timer = setInterval(() => {
    // A badge that says something of a message, such as a refusal, stays until there is news.
    const { waiting, spooled } = history.describe();
    const isFirst = !isRunning;
    isRunning = true;
    if (isFirst || !isQuiet || waiting > 0 || spooled > 0) show();
  }, refreshMs).unref();
  host.onClose(() => clearInterval(timer));

  return {
    count(samples) {
      total += samples;
      isRunning = true;
      show();
    },
  };
}

function looksOf({ state, waiting, spooled }: HistoryStatus): { state: State; key: string } {
  if (state === "failed") return { state: "failed", key: "failed" };
  if (state === "connecting") return { state: "connecting", key: "connecting" };
  if (state === "retrying") return { state: "waiting", key: waiting > 0 ? "away" : "spooling" };
  if (spooled > 0) return { state: "busy", key: "draining" };
  return waiting > 0 ? { state: "busy", key: "writing" } : { state: "ok", key: "written" };
}
