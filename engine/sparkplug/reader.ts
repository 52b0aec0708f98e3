import { quote, Refusal, type RefusalInfo, refuse } from "../contract/errors";
import type { Sample } from "../contract/messages";
import { createRecentMap } from "../contract/recent-map";
import { defaultLimits } from "../ingest/limits";
import type { Arrival } from "../ingest/read-entry";
import type { PayloadReader, Reading } from "../ingest/read-payload";
import type { SparkplugPayload } from "./payload";
import { type Born, readMetrics, timeOf } from "./read-metrics";
import { createSequence, type Sequence } from "./sequence";
import { commandTopic, isOfHost, type Owner, readTopic, type SparkplugTopic } from "./topic";

interface EdgeNode extends Born {
  /** Number of the session, which its death repeats. */
  bdSeq: number | undefined;
  sequence: Sequence;
  devices: Map<string, Born>;
  /** Metrics of its birth and of its devices' births, and one for each of them. */
  weight: number;
}

export interface SparkplugRules {
  /** The twin of an edge node or device; a refusal where the names cannot be used. */
  idOf(topic: SparkplugTopic, arrival: Arrival): string | RefusalInfo;
  /** Checks rows of values, as for any other format. */
  readRows: PayloadReader;
  /** Asks an edge node for its births again (Node Control/Rebirth). Undefined: nobody can, and refusals say so. */
  askRebirth?: ((topic: Owner, why: RefusalInfo) => void) | undefined;
  /** How long a missing `seq` may still come, ms. @default 2000 */
  reorderMs?: number;
}

export interface SparkplugReader {
  /** Never throws. Undefined: the topic is a command to an edge node or the state of a host. */
  read(topic: string, payload: () => SparkplugPayload | Refusal, arrival: Arrival): Reading | undefined;
  /** Looks for what is missing for too long. To be called about once a second. */
  tick(now: number): void;
  /** What the twin's last birth said, and where it is commanded. */
  born(id: string): Born | undefined;
  /** Ids of what is alive, at most 1,000. */
  alive(): string[];
}

/** Metrics of one edge node with its devices; of all that is remembered at most about twice as many. */
const maxMetrics = 250_000;
/** Metrics of one message. A mebibyte has no room for half as many with a time and a value. */
const maxAtOnce = 100_000;
const maxNodes = 10_000;
const refused = (error: RefusalInfo): Reading => ({ kind: "refused", error });

/** Between two requests for one rebirth, ms: twice as long each time, until a birth comes. */
const askAgainMs = { first: 10_000, most: 300_000 };

/**
 * Follows edge nodes and their devices through births, data and deaths (Eclipse Sparkplug 3.0.0, chapters 5 and 6). Metrics
 * carry their own time and mean the same in any order once the birth is known, so nothing is held back: a `seq` that is still
 * missing after the reorder time-out, an alias or a device without a birth make it ask for a rebirth.
 */
export function createSparkplugReader(rules: SparkplugRules): SparkplugReader {
  const reorderMs = rules.reorderMs ?? 2000;
  const nodes = createRecentMap<string, EdgeNode>(maxMetrics, ({ weight }) => weight);
  /** Keys of what is alive. What is known of it stands in `nodes` alone, which forgets. */
  const live = new Set<string>();
  const twins = createRecentMap<string, Owner>(20_000);
  const asked = createRecentMap<string, { at: number; waitMs: number }>(10_000);

  const keyOf = ({ group, node }: Owner): string => `${group}/${node}`;
  const bornAt = (owner: Owner): Born | undefined => {
    const node = nodes.get(keyOf(owner));
    return owner.device === undefined ? node : node?.devices.get(owner.device);
  };
  const isAlive = (owner: Owner): boolean => live.has(keyOf(owner)) && bornAt(owner) !== undefined;

  /** A device is born, or dies: the node is weighed anew. */
  function setDevice(key: string, node: EdgeNode, device: string, born?: Born): void {
    nodes.delete(key);
    const before = node.devices.get(device);
    node.weight += (born ? weightOf(born) : 0) - (before ? weightOf(before) : 0);
    if (born) node.devices.set(device, born);
    else node.devices.delete(device);
    nodes.set(key, node);
  }

  function ask(topic: SparkplugTopic, why: RefusalInfo, now: number): void {
    const key = keyOf(topic);
    const before = asked.get(key);
    if (before && now - before.at < before.waitMs) return;
    asked.set(key, { at: now, waitMs: before ? Math.min(2 * before.waitMs, askAgainMs.most) : askAgainMs.first });
    rules.askRebirth?.({ group: topic.group, node: topic.node }, why);
  }

  const asking = (topic: Owner): string =>
    rules.askRebirth
      ? "It has been asked for its birth (Node Control/Rebirth)."
      : `Ask it for its birth: Node Control/Rebirth to spBv1.0/${topic.group}/NCMD/${topic.node}.`;

  function unborn(topic: SparkplugTopic, now: number): Reading {
    const what = topic.device === undefined ? `edge node ${quote(topic.node)}` : `device ${quote(topic.device)}`;
    const why = refuse(
      "no-birth",
      `The ${what} sent ${topic.kind} without a birth.`,
      `${asking(topic)} What it sends after that is taken.`,
    );
    ask(topic, why, now);
    return refused(why);
  }

  function readBirth(topic: SparkplugTopic, payload: SparkplugPayload, id: string, arrival: Arrival): Reading {
    const born: Born = {
      topic: { group: topic.group, node: topic.node, ...(topic.device !== undefined && { device: topic.device }) },
      byName: new Map(),
      byAlias: new Map(),
    };
    const other = twins.get(id);
    if (other && commandTopic(other) !== commandTopic(born.topic) && isAlive(other))
      return refused(
        refuse(
          "duplicate",
          `The id ${id} is already that of ${commandTopic(other)}.`,
          "Give one of them another name, or let idFrom name another level of the topic.",
        ),
      );
    if (payload.metrics.length > defaultLimits.maxKeys)
      return refused(
        refuse(
          "too-large",
          `The birth has ${payload.metrics.length} metrics; ${defaultLimits.maxKeys} are allowed.`,
          "Divide it among devices.",
        ),
      );
    for (const { name, alias, datatype = 0, properties } of payload.metrics) {
      if (name === undefined) continue;
      const metric = { name, datatype, properties };
      born.byName.set(name, metric);
      if (alias !== undefined) born.byAlias.set(alias, metric);
    }
    const key = keyOf(topic);
    if (topic.device === undefined) {
      const node: EdgeNode = {
        ...born,
        bdSeq: sessionOf(payload),
        sequence: createSequence(),
        devices: new Map(),
        weight: weightOf(born),
      };
      node.sequence.begin(payload.seq ?? 0);
      nodes.set(key, node);
      live.add(key);
      if (live.size > maxNodes) live.delete(live.keys().next().value as string);
      asked.delete(key);
    } else {
      const node = nodes.get(key);
      if (!node || !live.has(key)) return unborn(topic, arrival.now);
      if (node.weight + weightOf(born) > maxMetrics)
        return refused(
          refuse(
            "too-large",
            `The devices of the edge node ${quote(topic.node)} have more than ${maxMetrics} metrics.`,
            "Divide them among edge nodes.",
          ),
        );
      setDevice(key, node, topic.device, born);
    }
    twins.set(id, born.topic);
    return withStatus(
      readData(born, payload, id, topic, arrival),
      { id, ts: timeOf(payload, arrival.now), values: {} },
      "online",
    );
  }

  function readDeath(topic: SparkplugTopic, payload: SparkplugPayload, id: string, arrival: Arrival): Reading {
    const key = keyOf(topic);
    const node = nodes.get(key);
    const ids = [id];
    if (topic.device === undefined) {
      const session = sessionOf(payload);
      if (node?.bdSeq !== undefined && session !== undefined && session !== node.bdSeq)
        return refused(
          refuse(
            "out-of-order",
            `The death is of session ${session}; the edge node is in session ${node.bdSeq}.`,
            "Nothing to do: it is the last will of an earlier connection.",
          ),
        );
      for (const device of node?.devices.keys() ?? []) {
        const other = rules.idOf({ ...topic, device }, arrival);
        if (typeof other === "string") ids.push(other);
      }
      live.delete(key);
      if (node) for (const device of [...node.devices.keys()]) setDevice(key, node, device);
    } else if (node) setDevice(key, node, topic.device);
    // The will's time was set when the connection began (6.4.22): the death is true now.
    const samples = ids.map((one): Sample => ({ id: one, ts: arrival.now, values: {}, status: "offline" }));
    const [first, ...others] = samples as [Sample, ...Sample[]];
    return others.length === 0 ? { kind: "sample", sample: first } : { kind: "batch", samples, rows: [], errors: [] };
  }

  function readData(
    born: Born,
    payload: SparkplugPayload,
    id: string,
    topic: SparkplugTopic,
    arrival: Arrival,
  ): Reading {
    const { rows, faults } = readMetrics(born, payload, id, arrival.now);
    for (const { error } of faults) {
      if (error.code !== "unknown-property") continue;
      error.hint = `${asking(topic)} ${error.hint}`;
      ask(topic, error, arrival.now);
    }
    const reading: Reading =
      rows.length > 0
        ? rules.readRows(rows, { ...arrival, trusted: true })
        : { kind: "batch", samples: [], rows: [], errors: [] };
    if (reading.kind !== "batch") return reading;
    for (const { row, error } of faults) {
      reading.rows.push(row);
      reading.errors.push(error);
    }
    return simplest(reading);
  }

  return {
    read(topicText, payloadOf, arrival) {
      if (isOfHost(topicText)) return undefined;
      const topic = readTopic(topicText);
      if (!topic)
        return refused(
          refuse(
            "bad-payload",
            `${quote(topicText)} is no topic of a Sparkplug edge node.`,
            "Such a topic is spBv1.0/<group>/DDATA/<edge node>/<device>.",
          ),
        );
      const payload = payloadOf();
      if (payload instanceof Refusal) return refused(payload.info);
      if (payload.metrics.length > maxAtOnce)
        return refused(
          refuse(
            "too-large",
            `The message has ${payload.metrics.length} metrics.`,
            `Send at most ${maxAtOnce} at once.`,
          ),
        );
      const id = rules.idOf(topic, arrival);
      if (typeof id === "object") return refused(id);
      const { kind, device } = topic;
      const node = nodes.get(keyOf(topic));
      if (kind !== "NBIRTH" && kind !== "NDEATH" && payload.seq !== undefined)
        node?.sequence.took(payload.seq, arrival.now);
      if (kind.endsWith("DEATH")) return readDeath(topic, payload, id, arrival);
      if (kind.endsWith("BIRTH")) return readBirth(topic, payload, id, arrival);
      const born = device === undefined ? node : node?.devices.get(device);
      if (!born || !live.has(keyOf(topic))) return unborn(topic, arrival.now);
      return readData(born, payload, id, topic, arrival);
    },

    tick(now) {
      for (const key of live) {
        const node = nodes.get(key);
        if (!node) {
          live.delete(key);
          continue;
        }
        const { topic, sequence } = node;
        const since = sequence.gapSince();
        if (since === undefined || now - since < reorderMs) continue;
        const lost = sequence.giveUp();
        const why = refuse(
          "no-birth",
          `${lost} ${lost === 1 ? "message" : "messages"} of the edge node ${quote(topic.node)} did not come.`,
          asking(topic),
        );
        ask({ kind: "NDATA", ...topic }, why, now);
      }
    },

    born(id) {
      const owner = twins.get(id);
      return owner && bornAt(owner);
    },
    alive: () => {
      const ids: string[] = [];
      for (const key of live) {
        const node = nodes.get(key);
        for (const { topic } of node ? [node, ...node.devices.values()] : []) {
          if (ids.length >= 1000) return ids;
          const id = rules.idOf({ kind: "NDATA", ...topic }, { now: 0 });
          if (typeof id === "string") ids.push(id);
        }
      }
      return ids;
    },
  };
}

/** Number of the session: 6.4.22. */
function sessionOf({ metrics }: SparkplugPayload): number | undefined {
  const number = metrics.find(({ name }) => name === "bdSeq")?.value;
  return number === undefined ? undefined : Number(number);
}

const weightOf = ({ byName }: Born): number => 1 + byName.size;

/** One sample and no fault is a sample, one fault and no sample is refused as a whole. */
function simplest(reading: Extract<Reading, { kind: "batch" }>): Reading {
  const { samples, errors } = reading;
  const [sample] = samples;
  const [error] = errors;
  if (samples.length === 1 && sample && errors.length === 0) return { kind: "sample", sample };
  if (samples.length === 0 && error && errors.length === 1) return { kind: "refused", error };
  return reading;
}

/** The reading with a sample that says so: its latest, or one of its own where no value was taken. */
function withStatus(reading: Reading, own: Sample, status: NonNullable<Sample["status"]>): Reading {
  if (reading.kind === "sample" && !reading.sample.historical) {
    reading.sample.status = status;
    return reading;
  }
  const told: Sample = { ...own, status };
  if (reading.kind === "sample") return { kind: "batch", samples: [reading.sample, told], rows: [], errors: [] };
  if (reading.kind === "refused")
    return { kind: "batch", samples: [told], rows: [{ id: own.id }], errors: [reading.error] };
  const latest = reading.samples.findLast((sample) => sample.historical !== true);
  if (latest) latest.status = status;
  else reading.samples.push(told);
  return simplest(reading);
}
