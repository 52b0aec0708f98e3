import type { LinkFigures } from "../../engine/link/link-meter";
import type { Metric } from "../lib/metrics";

/** Most connections that have metrics: a flow has some, and labels have to stay few. */
const mostConnections = 100;

const gauges = [
  ["messagesPerSecond", "link_messages_per_second", "Messages a second that came by the connection."],
  ["bytesPerSecond", "link_bytes_per_second", "Bytes of payloads a second."],
  ["utilisation", "link_utilisation_ratio", "Share of the capacity that is used."],
  ["delivery", "link_delivery_ratio", "Received of what should have come, by seq."],
  ["lost", "link_lost_samples", "Numbers of seq that did not come in the period."],
  ["repeated", "link_repeated_samples", "Numbers of seq that came again in the period."],
  ["twins", "link_twins", "Twins that were heard by the connection."],
  ["out", "link_twins_out", "Twins that are silent."],
] as const;
const quantiles = [
  ["latency.p50", "0.5"],
  ["latency.p95", "0.95"],
  ["latency.p99", "0.99"],
  ["latency.max", "1"],
] as const;

/** What the latest period said of each connection. */
export function linkMetrics(connections: readonly LinkFigures[]): Metric[] {
  return connections.slice(0, mostConnections).flatMap(({ id, values }) => {
    const metrics: Metric[] = [];
    for (const [figure, name, help] of gauges)
      if (typeof values[figure] === "number")
        metrics.push({ name, help, value: values[figure], labels: { connection: id } });
    for (const [figure, quantile] of quantiles)
      if (typeof values[figure] === "number")
        metrics.push({
          name: "link_latency_seconds",
          help: "Arrival less device time and clock offset, in the latest period.",
          value: values[figure] / 1000,
          labels: { connection: id, quantile },
        });
    return metrics;
  });
}
