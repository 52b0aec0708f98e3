import type { ErrorCode } from "../contract/errors";
import type { Values } from "../contract/messages";
import { type ConnectionLink, newConnectionLink, passThrough, takeConnectionPeriod } from "./connection-link";
import type { LinkInstant, LinkOptions, LinkSample } from "./link-options";
import type { RoundTripFigures } from "./round-trip";
import { clockOffset, methodOf, newTwinLink, passSample, type TwinLink, takePeriod } from "./twin-link";
import { worstFirst } from "./worst-first";

/** Figures of one link in the latest period. Twin `press-6` has them in the history under `press-6:link`. */
export interface LinkFigures {
  id: string;
  /** Id of the connection that it came through last; absent for a connection. */
  connection?: string;
  /** How the clock offset was found; absent without device times, and for a connection. */
  clock?: LinkOptions["clock"];
  values: Values;
}

/**
 * Measures how well data travel, per twin and per connection: what each formula is and where it comes from stands in its file and in
 * docs/links.md. Constant memory per twin, and at most `maxTwins` of them and 1,000 connections.
 */
export interface LinkMeter {
  /** A message with `samples` good ones came. */
  message(connection: string, bytes: number, at: number): void;
  sample(connection: string, sample: LinkSample, instant: LinkInstant): void;
  /** @param twin whose it is, where that could be read; nothing is remembered of a twin that was never taken */
  refused(connection: string, code: ErrorCode, twin: string | undefined, at: number): void;
  /** False where the twin is not known. */
  roundTrip(id: string, figures: RoundTripFigures): boolean;
  ids(): string[];
  connectionIds(): string[];
  /** What the present period says of a twin; its next begins. Undefined for one that is not known, or was silent for the whole window. */
  take(id: string, at: number): LinkFigures | undefined;
  /** The same of a connection. */
  takeConnection(id: string, at: number): LinkFigures | undefined;
  /** What the latest period said. */
  latest(id: string): LinkFigures | undefined;
  latestOfConnection(id: string): LinkFigures | undefined;
  /** Of the latest period, the worst links first. */
  worst(limit: number): LinkFigures[];
  readonly twins: number;
}

export const linkIdOf = (id: string): string => `${id}:link`;
export const connectionIdOf = (id: string): string => `${id}:connection`;

const maxConnections = 1000;

export function createLinkMeter(options: LinkOptions): LinkMeter {
  const { maxTwins = 10_000 } = options;
  const links = new Map<string, TwinLink>();
  const connections = new Map<string, ConnectionLink>();

  function linkOf(id: string, connection: string, at: number): TwinLink {
    let link = links.get(id);
    if (!link) {
      if (links.size >= maxTwins) forgetOldest();
      link = newTwinLink(connection, at);
      links.set(id, link);
    } else if (link.samples === 0) {
      // The order of the map is that in which twins were first heard of in their period: what is first is the oldest.
      links.delete(id);
      links.set(id, link);
    }
    return link;
  }

  /** A tenth at once: one at a time would walk over all that went before. */
  function forgetOldest(): void {
    let left = Math.ceil(maxTwins / 10);
    for (const id of links.keys()) {
      if (left-- === 0) return;
      links.delete(id);
    }
  }

  function connectionOf(id: string, at: number): ConnectionLink {
    let link = connections.get(id);
    if (!link) {
      if (connections.size >= maxConnections) connections.delete(connections.keys().next().value as string);
      link = newConnectionLink(at);
      connections.set(id, link);
    }
    return link;
  }

  function figuresOf(id: string, link: TwinLink, values: Values): LinkFigures {
    const figures: LinkFigures = { id, connection: link.connection, values };
    if (!Number.isNaN(clockOffset(link, options))) figures.clock = methodOf(link, options);
    return figures;
  }

  return {
    message(connection, bytes, at) {
      const link = connectionOf(connection, at);
      link.latest = at;
      link.messages++;
      link.bytes += bytes;
    },
    sample(connection, sample, instant) {
      const link = linkOf(sample.id, connection, instant.at);
      link.connection = connection;
      const { expected, received } = link.sequence;
      const passed = passSample(link, sample, instant, options);
      passThrough(connectionOf(connection, instant.at), passed, link, expected, received);
    },
    refused(connection, code, twin, at) {
      const { refused } = connectionOf(connection, at);
      refused.set(code, (refused.get(code) ?? 0) + 1);
      const link = twin === undefined ? undefined : links.get(twin);
      if (link) link.refused++;
    },
    roundTrip(id, figures) {
      const link = links.get(id);
      if (link) link.roundTrip = figures;
      return link !== undefined;
    },
    ids: () => [...links.keys()],
    connectionIds: () => [...connections.keys()],
    take(id, at) {
      const link = links.get(id);
      if (!link) return undefined;
      if (at - link.outages.latest > options.windowMs) {
        links.delete(id);
        return undefined;
      }
      return figuresOf(id, link, takePeriod(link, at, options));
    },
    takeConnection(id, at) {
      const connection = connections.get(id);
      if (!connection) return undefined;
      if (at - connection.latest > options.windowMs) {
        connections.delete(id);
        return undefined;
      }
      const twins = { known: 0, out: 0 };
      for (const link of links.values()) {
        if (link.connection !== id) continue;
        twins.known++;
        if (at - link.outages.latest > options.outageAfterMs) twins.out++;
      }
      return { id, values: takeConnectionPeriod(connection, at, options, twins) };
    },
    latest(id) {
      const link = links.get(id);
      return link?.last && figuresOf(id, link, link.last);
    },
    latestOfConnection(id) {
      const { last } = connections.get(id) ?? {};
      return last && { id, values: last };
    },
    worst(limit) {
      const all: LinkFigures[] = [];
      for (const [id, link] of links) if (link.last) all.push(figuresOf(id, link, link.last));
      return all.sort(worstFirst).slice(0, limit);
    },
    get twins() {
      return links.size;
    },
  };
}
