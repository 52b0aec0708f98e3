import assert from "node:assert/strict";
import { influxdIsInstalled } from "../support/influxd";
import { mosquittoIsInstalled } from "../support/mosquitto";
import { isAsPromised } from "./results";
import { loadCases } from "./run-cases";
import { renderTable } from "./table";

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
  it("knows the cases", () => assert.ok(cases.length >= 6));

  for (const one of cases)
    it(`case ${one.number}: ${one.title}`, async function () {
      this.timeout(300_000);
      const rows = await one.run("short", (text) => console.log(`      ${text}`));
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
