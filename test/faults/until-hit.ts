import type { Fault, FaultProxy } from "./proxy";
import { comesTrue } from "./stage";

/** Longer than Node-RED's longest pause before it connects again. */
const patienceMs = 40_000;

/** Sets a fault and waits until it has hit somebody. */
export async function setUntilHit(proxy: FaultProxy, fault: Fault): Promise<void> {
  const before = proxy.hits();
  await proxy.set(fault);
  await comesTrue(() => proxy.hits() > before, patienceMs, 20);
}

/** Resets all connections, as soon as there is one. */
export async function cutUntilHit(proxy: FaultProxy): Promise<void> {
  const before = proxy.hits();
  const cut = (): boolean => {
    proxy.cut();
    return proxy.hits() > before;
  };
  await comesTrue(cut, patienceMs, 20);
}
