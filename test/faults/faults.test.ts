import assert from "node:assert/strict";
import { influxdIsInstalled } from "../support/influxd";
import { mosquittoIsInstalled } from "../support/mosquitto";
import type { FaultCase, FaultRow } from "./fault-case";
import { isAsPromised } from "./results";
import { loadCases } from "./run-cases";
import { renderTable } from "./table";

/** Numbers of cases that measure nothing and leave most of two cores alone. */
const mostlyWaits = [2, 4];

/** The short form of `npm run faults`: what is promised holds, and what is deliberately broken does not. */
describe("npm run faults, short form", () => {
  before(function () {
    const missing = [...(mosquittoIsInstalled() ? [] : ["mosquitto"]), ...(influxdIsInstalled() ? [] : ["influxd"])];
    if (missing.length === 0) return;
    if (process.env.MEDITWIN_REQUIRE_SERVERS === "1") throw new Error(`not installed: ${missing.join(", ")}`);
    console.warn(`      SKIPPED: not installed: ${missing.join(", ")}`);
    this.skip();
  });

  const cases = loadCases();
  const waiting = cases.filter(({ number }) => mostlyWaits.includes(number));
  let beside: Map<FaultCase, Promise<FaultRow[]>> | undefined;
  const run = (one: FaultCase): Promise<FaultRow[]> => one.run("short", (text) => console.log(`      ${text}`));

  /** The rows of a case. Those that mostly wait all begin with the first of them. */
  function rowsOf(one: FaultCase): Promise<FaultRow[]> {
    if (!waiting.includes(one)) return run(one);
    beside ??= new Map(waiting.map((each) => [each, run(each)]));
    // One that fails does so in its own test.
    for (const rows of beside.values()) rows.catch(() => undefined);
    return beside.get(one) as Promise<FaultRow[]>;
  }

  it("knows the cases", () => assert.ok(cases.length >= 6));

  for (const one of new Set([...waiting, ...cases]))
    it(`case ${one.number}: ${one.title}`, async function () {
      this.timeout(300_000);
      const rows = await rowsOf(one);
      const table = renderTable([
        { number: one.number, title: one.title, rows, scale: "short", finishedAt: "", commit: "", seconds: 0 },
      ]);
      assert.ok(isAsPromised({ rows }), `not as promised:\n${table}`);
      assert.ok(
        rows.some(({ isControl }) => isControl),
        "no control",
      );
    });
});
