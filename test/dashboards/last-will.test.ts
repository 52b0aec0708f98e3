import { strict as assert } from "node:assert";
import mqtt from "mqtt";
import { until } from "../start/server";
import { useMosquitto } from "../support/mosquitto";
import { useInstallation } from "./installation";

for (const kind of ["the embedded broker", "mosquitto"] as const)
  describe(`the cable of the simulated chiller, over ${kind}`, function () {
    this.timeout(40_000);
    const server = kind === "mosquitto" ? useMosquitto() : undefined;
    const installation = useInstallation((): Record<string, string> => (server ? { MQTT_URL: server.url } : {}));
    afterEach(() => assert.deepEqual(installation().complaints(), []));

    it("pulled out: its last will makes it offline; plugged in: live, and told at once what was wanted meanwhile", async () => {
      const page = await installation().open("overview");
      const card = page.locator('[data-twin="chiller-1"]');
      await card.locator('[data-status="live"]').waitFor();
      await card.getByRole("row", { name: /Water set point 8/ }).waitFor();
      await page.locator('[data-twin="press-6"] [data-status="live"]').waitFor();
      const client = await mqtt.connectAsync(server?.url ?? installation().mqttUrl);
      const heard: [string, string][] = [];
      client.on("message", (topic, payload) => heard.push([topic, String(payload)]));
      await client.subscribeAsync(["chiller-1/status", "chiller-1/desired"]);
      const button = (widget: string, text: string) =>
        page.locator(`#nrdb-ui-widget-${widget} button`).getByText(text, { exact: true });

      await until("it has said that it is there", () => heard.length > 0);
      heard.length = 0;
      await button("overview-cable", "pulled out").click();
      // Well before 15 s of silence make it stale.
      await card.locator('[data-status="offline"]').waitFor({ timeout: 10_000 });
      assert.deepEqual(heard, [["chiller-1/status", "offline"]], "what the chiller left with the broker");
      assert.equal(await page.locator('[data-twin="press-6"] [data-status="live"]').count(), 1, "the press goes on");

      await button("overview-chiller-set", "10").click();
      await card.locator('[data-delta="temp_setpoint"]').waitFor();
      assert.match(await card.innerText(), /wanted 10 °C, reported 8/);

      await button("overview-cable", "plugged in").click();
      await card.locator('[data-status="live"]').waitFor();
      await card.locator('[data-delta="temp_setpoint"]').waitFor({ state: "detached" });
      await card.getByRole("row", { name: /Water set point 10/ }).waitFor();
      // Reminders may have gone out before, and nobody heard them.
      const back = heard.findIndex(([, payload]) => payload === "online");
      assert.deepEqual(heard.slice(back, back + 2), [
        ["chiller-1/status", "online"],
        ["chiller-1/desired", '{"temp_setpoint":10}'],
      ]);
      await until("nothing is wanted any more", () => heard.at(-1)?.[1] === "{}");
      await client.endAsync();
    });

    // The embedded broker goes away only with the whole process.
    if (!server) return;
    it("comes back by itself when the broker was away", async function () {
      this.timeout(60_000);
      const page = await installation().open("overview");
      const card = page.locator('[data-twin="chiller-1"]');
      await card.locator('[data-status="live"]').waitFor();
      const seen = card.locator(".mto-seen");
      await server.stop("SIGKILL");
      // It reports every 2 s.
      await seen.getByText(/([6-9]|\d\d) s ago/).waitFor({ timeout: 30_000 });
      await server.start();
      await seen.getByText("just now").waitFor({ timeout: 30_000 });
      await card.locator('[data-status="live"]').waitFor();
    });
  });
