import { type AwaitedTruths, createAwaitedTruths } from "../../engine/learning/drift/awaited-truths";
import {
  createDriftWatch,
  type Drift,
  type DriftOptions,
  type DriftWatch,
} from "../../engine/learning/drift/drift-watch";
import type { Report } from "../../engine/learning/report";
import type { Host } from "../lib/define-node";
import { acquire, type Lease } from "../lib/shared";
import type { ModelRegistry } from "../twin-store/store";
import type { Loaded } from "./current-model";

/** What a node has seen of the rows that it scored: it outlives a deploy, not the process. */
interface Memory {
  watch?: DriftWatch;
  /** What it watches: which version of which model, and with which settings. */
  of: string;
  name: string;
  version: number;
  truths: AwaitedTruths;
}

export interface NodeDrift {
  /** The watch of a version. Another version begins anew. */
  of(loaded: Loaded): DriftWatch;
  /** Writes down what has begun or ended. */
  tell(drift: Drift | undefined): void;
  readonly truths: AwaitedTruths;
}

const leaseMemory = (host: Host, name: string): Lease<Memory> =>
  acquire(`twin-predict ${host.home} ${host.id}`, () => ({
    value: { of: "", name, version: 0, truths: createAwaitedTruths() },
    dispose() {},
  }));
const writerOf = (host: Host): { via: string; node: string } => ({ via: host.id, node: host.node.name || host.id });

/** Takes back what a node that watches no more has told of a version. */
export async function takeBack(
  host: Host,
  models: ModelRegistry,
  name: string,
  { version, drift }: Loaded,
): Promise<void> {
  const lease = leaseMemory(host, name);
  delete lease.value.watch;
  lease.release();
  for (const { via, of } of drift)
    if (via === host.id) await models.drifted(name, version, { of, state: "unwatched", rows: 0 }, writerOf(host));
}

/** Drift as one twin-predict sees it, by the rows that come through it: another node of the same model has a window of its own. */
export function watchDrift(host: Host, models: ModelRegistry, name: string, options: DriftOptions): NodeDrift {
  const lease = leaseMemory(host, name);
  const memory = lease.value;
  if (memory.name !== name) memory.truths = createAwaitedTruths();
  const by = writerOf(host);
  const writing = new Set<Promise<void>>();

  host.onClose(async (removed) => {
    if (removed) leave();
    lease.release();
    await Promise.all(writing);
  });

  function write(drift: Drift): void {
    const done = models
      .drifted(memory.name, memory.version, drift, by)
      // The version may be gone, or the disk full; scoring goes on.
      .catch((error: unknown) => host.warn(error instanceof Error ? error.message : String(error)))
      .finally(() => writing.delete(done));
    writing.add(done);
  }

  /** What was told of the version no longer holds: nobody looks. */
  function leave(): void {
    for (const of of ["inputs", "error"] as const)
      if (memory.watch?.isDrifting(of)) write({ of, state: "unwatched", rows: 0 });
    delete memory.watch;
  }

  return {
    truths: memory.truths,
    of({ predictor, version, report, drift }) {
      const of = JSON.stringify([name, version, predictor.model.dataHash, options]);
      if (memory.watch && memory.of === of) return memory.watch;
      if (memory.name !== name || memory.version !== version) leave();
      const told = drift.filter(({ via }) => via === host.id).map((note) => note.of);
      memory.of = of;
      memory.name = name;
      memory.version = version;
      memory.watch = createDriftWatch(predictor.model.features, report as Partial<Report>, options, told);
      return memory.watch;
    },
    tell(drift) {
      if (drift) write(drift);
    },
  };
}
