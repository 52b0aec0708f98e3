import assert from "node:assert/strict";
import path from "node:path";
import { projectRoot } from "../flows/project";

interface Environment {
  readEnvironment(
    env: Record<string, string | undefined>,
    root: string,
    cwd?: string,
  ): { values: Record<string, string>; exposed: boolean; signIn: boolean; problems: string[]; warnings: string[] };
}
const { readEnvironment } = require(path.join(projectRoot, "scripts/lib/environment.cjs")) as Environment;
const read = (env: Record<string, string>) => readEnvironment(env, "/project", "/somewhere");
const hash = "$2b$08$wuAqPiKJlVN27eF5qJp.RuQYuy6ZYONW7a/UWYxDTtwKFCdB8F19y";

describe("the environment", () => {
  it("gives every variable a value", () => {
    assert.deepEqual(read({}), {
      values: {
        PORT: "1880",
        HOST: "127.0.0.1",
        TWIN_HOME: "/project/.node-red",
        TWIN_FLOWS: "",
        MQTT_URL: "",
        TWIN_MQTT_PORT: "1883",
        INFLUX_URL: "",
        TWIN_CREDENTIAL_SECRET: "",
        TWIN_ADMIN_PASSWORD_HASH: "",
        TWIN_LANG: "",
        TWIN_BROKER_URL: "mqtt://127.0.0.1:1883",
        TWIN_READ_ONLY: "",
        TWIN_DATA: "/project/examples/data",
      },
      exposed: false,
      signIn: false,
      problems: [],
      warnings: [],
    });
  });

  it("takes an empty or blank variable for an absent one", () => {
    const { values } = read({ PORT: "", HOST: " ", TWIN_HOME: "", TWIN_MQTT_PORT: "", MQTT_URL: "  " });
    assert.deepEqual(values, read({}).values);
  });

  it("gives stock MQTT nodes the broker that there is", () => {
    assert.equal(read({ TWIN_MQTT_PORT: "2883" }).values.TWIN_BROKER_URL, "mqtt://127.0.0.1:2883");
    assert.equal(read({ MQTT_URL: "mqtts://plant:8883" }).values.TWIN_BROKER_URL, "mqtts://plant:8883");
  });

  it("takes paths from where the user stands", () => {
    assert.equal(read({ TWIN_HOME: "data" }).values.TWIN_HOME, "/somewhere/data");
    assert.equal(read({ TWIN_HOME: "/data/twin" }).values.TWIN_HOME, "/data/twin");
    assert.match(read({ TWIN_FLOWS: "my.json" }).problems.join(), /TWIN_FLOWS: there is no file \/somewhere\/my\.json/);
  });

  for (const [given, expected] of Object.entries({
    "zh-CN": "zh-CN",
    zh_CN: "zh-CN",
    "zh_CN.UTF-8": "zh-CN",
    zh: "zh-CN",
    en: "en-US",
  }))
    it(`takes TWIN_LANG=${given} for ${expected}`, () =>
      assert.equal(read({ TWIN_LANG: given }).values.TWIN_LANG, expected));

  it("says when there is no translation, and starts all the same", () => {
    const { values, warnings, problems } = read({ TWIN_LANG: "fr" });
    assert.deepEqual([values.TWIN_LANG, warnings.length, problems.length], ["fr", 1, 0]);
  });

  for (const host of ["127.0.0.1", "127.1.2.3", "localhost", "::1"])
    it(`knows that ${host} is this machine only`, () => assert.equal(read({ HOST: host }).exposed, false));
  for (const host of ["0.0.0.0", "::", "192.168.1.5", "127.0.0.1.example.org", "plant-pc"])
    it(`knows that ${host} is beyond this machine, so that pages are read-only`, () => {
      const { exposed, values } = read({ HOST: host });
      assert.deepEqual([exposed, values.TWIN_READ_ONLY], [true, "true"]);
    });

  const wrong: [Record<string, string>, RegExp][] = [
    [{ PORT: "http" }, /PORT is "http": use a number from 1 to 65535/],
    [{ PORT: "0" }, /PORT is "0"/],
    [{ PORT: "70000" }, /PORT is "70000"/],
    [{ TWIN_MQTT_PORT: "18.83" }, /TWIN_MQTT_PORT is "18\.83"/],
    [{ PORT: "1883" }, /PORT and TWIN_MQTT_PORT are both 1883/],
    [{ MQTT_URL: "plant:1883" }, /MQTT_URL is not an address/],
    [{ MQTT_URL: "http://plant" }, /mqtt:\/\/broker\.local:1883/],
    [{ INFLUX_URL: "influx.local" }, /INFLUX_URL is not an address/],
    [{ TWIN_ADMIN_PASSWORD_HASH: "secret" }, /npm run password/],
    [{ TWIN_ADMIN_PASSWORD_HASH: hash.slice(3) }, /single quotes/],
    [{ TWIN_HOME: "/project" }, /TWIN_HOME is the project folder itself/],
  ];
  for (const [env, expected] of wrong)
    it(`does not take ${JSON.stringify(env)}`, () => assert.match(read(env).problems.join("\n"), expected));

  it("takes a hash as node-red makes it, and never repeats an address with a password in it", () => {
    assert.deepEqual(read({ TWIN_ADMIN_PASSWORD_HASH: hash }).problems, []);
    assert.doesNotMatch(read({ MQTT_URL: "plant:hunter2@x" }).problems.join(), /hunter2/);
  });

  it("takes an IPv6 address with or without brackets", () => {
    assert.deepEqual([read({ HOST: "[::1]" }).values.HOST, read({ HOST: "[::1]" }).exposed], ["::1", false]);
  });

  it("lets PORT and TWIN_MQTT_PORT be equal when the broker is elsewhere", () => {
    assert.deepEqual(read({ PORT: "1883", MQTT_URL: "mqtt://plant" }).problems, []);
  });
});
