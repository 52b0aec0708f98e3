import { type AwaitedTruths, createAwaitedTruths } from "../../engine/learning/drift/awaited-truths";
import {
  createDriftWatch,
  type Drift,
  type DriftOptions,
  type DriftWatch,
} from "../../engine/learning/drift/drift-watch";
import type { Report } from "../../engine/learning/report";
import type { Host } from "../lib/define-node";
import { acquire } from "../lib/shared";
import type { ModelRegistry } from "../twin-store/store";
import type { Loaded } from "./current-model";

/** What a node has seen of the rows that it scored: it outlives a deploy, not the process. */
interface Memory {
  watch?: DriftWatch;
  /** What it watches: the version, and with which settings. */
  of: string;
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

/** Drift as one twin-predict sees it, by the rows that come through it: another node of the same model has a window of its own. */
export function watchDrift(host: Host, models: ModelRegistry, name: string, options: DriftOptions): NodeDrift {
  const lease = acquire<Memory>(`twin-predict ${host.home} ${host.id}`, () => ({
    value: { of: "", version: 0, truths: createAwaitedTruths() },
    dispose() {},
  }));
  const memory = lease.value;
  const by = { via: host.id, node: host.node.name || host.id };
  const writing = new Set<Promise<void>>();

  host.onClose(async (removed) => {
    if (removed) leave();
    lease.release();
    await Promise.all(writing);
  });

  function write(drift: Drift): void {
    const done = models
      .drifted(name, memory.version, drift, by)
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
      if (memory.version !== version) leave();
      const told = drift.filter(({ via }) => via === host.id).map((note) => note.of);
      memory.of = of;
      memory.version = version;
      memory.watch = createDriftWatch(predictor.model.features, report as Partial<Report>, options, told);
      return memory.watch;
    },
    tell(drift) {
      if (drift) write(drift);
    },
  };
}
