import assert from "node:assert/strict";
import type { Locator } from "playwright-core";
import { until } from "../start/server";
import { useInfluxd } from "../support/influxd";
import { englishWords, useInstallation } from "./installation";

/** The storage line of the Overview page, as twin-write and twin-ingest tell it, with a real InfluxDB that goes away. */
describe("the storage line of the Overview page", function () {
  this.timeout(90_000);
  const influxd = useInfluxd();
  const locked = useInfluxd({ admin: { username: "admin", password: "not for us" } });
  let url = "";
  before(() => {
    url = influxd().url;
  });
  const installation = useInstallation(() => ({ INFLUX_URL: url }));
  afterEach(() => {
    assert.deepEqual(installation().complaints(), [], "errors on the page, or requests beyond this computer");
  });

  async function line(state: string, timeout = 45_000): Promise<Locator> {
    const page = await installation().open("overview");
    const found = page.locator(`[data-storage][data-state="${state}"]`);
    await found.waitFor({ timeout });
    return found;
  }
  const fact = async (storage: Locator, name: string): Promise<string> =>
    storage.page().locator(`[data-storage] [data-storage-fact="${name}"]`).innerText();
  const isColoured = (storage: Locator): Promise<boolean> =>
    storage.locator(".mt-warn, .mt-bad, .some, .bad").count().then(Boolean);

  it("is calm while InfluxDB takes what comes", async () => {
    const storage = await line("writing");
    assert.match(
      await storage.innerText(),
      /^Storage\s+InfluxDB\s+Writing\s+in the spool\s+0\s+oldest of these\s+–\s+set aside later\s+0\s+journal, not done\s+\d+$/,
    );
    assert.equal(await isColoured(storage), false);
  });

  it("tells, in colour, how much is spooled and for how long while InfluxDB is away, and is calm again after that", async () => {
    await influxd().kill();
    const storage = await line("spooling");
    await until("the spool grows", async () => Number(await fact(storage, "spooled")) >= 3);
    assert.match(await fact(storage, "oldest"), /^\d+ sec$/);
    assert.match(await storage.innerText(), /InfluxDB\s+Spooling/);
    assert.equal(await storage.locator(".mt-warn").count(), 1);
    assert.equal(await storage.locator(".some").count(), 2);
    const metrics = await (await fetch(`${installation().url}/meditwin/metrics`)).text();
    const spooled = Number(/^meditwin_history_spooled_samples\{node="history".*\} (\d+)$/m.exec(metrics)?.[1]);
    const shown = Number(await fact(storage, "spooled"));
    assert.ok(Math.abs(spooled - shown) <= 10, `${shown} on the page, ${spooled} in the metrics`);

    await influxd().start();
    const again = await line("writing");
    assert.equal(await fact(again, "spooled"), "0");
    assert.equal(await isColoured(again), false);
  });

  it("says the same in Chinese, also of a start while InfluxDB is away", async () => {
    await installation().stop();
    await influxd().kill();
    await installation().start("zh-CN");
    const storage = await line("spooling");
    await until("the spool grows", async () => Number(await fact(storage, "spooled")) >= 3);
    assert.match(await fact(storage, "oldest"), /^\d+ 秒$/);
    assert.match(await storage.innerText(), /^存储\s+InfluxDB\s+暂存到缓存\s+缓存样本\s+\d+\s/);
    assert.deepEqual(await englishWords(storage.page()), []);

    await influxd().start();
    const again = await line("writing");
    assert.match(
      await again.innerText(),
      /^存储\s+InfluxDB\s+写入正常\s+缓存样本\s+0\s+最早已等待\s+–\s+事后拒收\s+0\s/,
    );
    assert.deepEqual(await englishWords(again.page()), []);
  });

  it("says that InfluxDB refuses what comes", async () => {
    await installation().stop();
    url = locked().url;
    await installation().start("en-US");
    const storage = await line("refusing");
    assert.match(await storage.innerText(), /InfluxDB\s+Refusing/);
    assert.equal(await storage.locator(".mt-bad").count(), 1);
  });
});
