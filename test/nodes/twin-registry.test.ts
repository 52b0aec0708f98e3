import { strict as assert } from "node:assert";
import { createHash } from "node:crypto";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { ModelSummary, ModelVersion } from "../../nodes/twin-store/store";
import { useRuntime } from "../support/runtime";

const rows = Array.from({ length: 40 }, (_, i) => ({ x: i, y: 3 * i + 1 + ((i * 7) % 5) / 10 }));
const errorOf = (msg: Record<string, unknown>) => msg.error as { code: string; message: string; hint: string };
const quality = { name: "anna", role: "quality" };

describe("twin-registry", () => {
  const runtime = useRuntime();
  let flow: Awaited<ReturnType<typeof runtime.load>>;
  /** A model of its own for each test: the store outlives them. */
  let model = "m0";

  /** A training, a prediction by champion and a registry on one store. */
  async function load(settings: Record<string, unknown> = {}): Promise<void> {
    model = `m${Number(model.slice(1)) + 1}`;
    flow = await runtime.load(
      ["twin-train", "twin-predict", "twin-registry"],
      [
        {
          id: "train",
          type: "twin-train",
          modelName: model,
          algorithm: "linear",
          target: "y",
          wires: [["out"], ["refused"], []],
        },
        { id: "predict", type: "twin-predict", modelName: model, wires: [["out"], ["refused"]] },
        { id: "node", type: "twin-registry", modelName: model, wires: [["out"], ["refused"]], ...settings },
        { id: "out", type: "helper" },
        { id: "refused", type: "helper" },
      ],
    );
  }

  async function train(count = 1, more: Record<string, unknown> = {}): Promise<void> {
    for (let i = 0; i < count; i++) {
      flow.send("train", { payload: rows, train: { seed: i + 1, ...more } });
      await flow.next("out");
    }
  }

  async function ask(operation: string, more: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    flow.send("node", { ...more, registry: { operation, ...(more.registry as object) } });
    return flow.next("out");
  }

  async function refused(operation: string, more: Record<string, unknown> = {}): Promise<ReturnType<typeof errorOf>> {
    flow.send("node", { ...more, registry: { operation, ...(more.registry as object) } });
    return errorOf(await flow.next("refused"));
  }

  async function predictedBy(): Promise<number> {
    flow.send("predict", { topic: "a", payload: { x: 3 } });
    return ((await flow.next("out")).prediction as { version: number }).version;
  }

  it("lists versions newest first, with what they know of themselves and without their pictures' points", async () => {
    await load();
    await train(2);
    const list = (await ask("list")).payload as ModelSummary[];
    assert.deepEqual(
      list.map(({ version }) => version),
      [2, 1],
    );
    const { report } = list[0] as ModelSummary;
    assert.equal(report.predictions, undefined);
    assert.deepEqual([report.seed, report.madeBy, report.model], [2, { node: "train", flow: "test-tab" }, model]);
    assert.match(String(report.dataHash), /^[0-9a-f]{16,}$/);
  });

  it("promotes and rolls back while predictions follow, without a deploy", async () => {
    await load();
    await train(3);
    for (const version of [1, 2, 3]) await ask("promote", { version, user: quality, reason: `try ${version}` });
    assert.equal(await predictedBy(), 3);
    const back = (await ask("rollback")).payload as ModelSummary;
    assert.deepEqual([back.version, back.aliases], [2, ["champion"]]);
    assert.equal(await predictedBy(), 2);
    assert.equal(((await ask("rollback")).payload as ModelSummary).version, 1);
    assert.equal(await predictedBy(), 1);
    assert.equal((await refused("rollback")).code, "not-found");
    const { events } = (await ask("get")).payload as { events: Record<string, unknown>[] };
    assert.deepEqual(
      events.map(({ action, version, before }) => [action, version, before]),
      [
        ["rollback", 1, 2],
        ["rollback", 2, 3],
        ["promote", 3, 2],
        ["promote", 2, 1],
        ["promote", 1, undefined],
      ],
    );
    assert.deepEqual([events[2]?.user, events[2]?.role, events[2]?.reason], ["anna", "quality", "try 3"]);

    const rolledBack = async (): Promise<unknown[]> =>
      ((await ask("list")).payload as ModelSummary[]).map((one) => [one.version, one.rolledBack?.alias]);
    assert.deepEqual(await rolledBack(), [
      [3, "champion"],
      [2, "champion"],
      [1, undefined],
    ]);
    await ask("promote", { version: 3 });
    assert.deepEqual((await rolledBack())[0], [3, undefined], "promoted anew");
  });

  it("promotes only what is approved, where that is asked; the approval says who and why", async () => {
    await load({ requireApproval: true });
    await train();
    const { code, hint } = await refused("promote", { version: 1 });
    assert.equal(code, "forbidden");
    assert.match(hint, /approve/);
    const { approved } = (await ask("approve", { version: 1, user: quality, reason: "MAE 0.2" }))
      .payload as ModelSummary;
    assert.deepEqual(
      [approved?.user, approved?.role, approved?.reason, approved?.via],
      ["anna", "quality", "MAE 0.2", "node"],
    );
    assert.equal(((await ask("promote", { version: 1 })).payload as ModelSummary).aliases[0], "champion");
  });

  it("asks who may change something for role and reason, and nobody who only looks", async () => {
    await load({ role: "quality", requireReason: true });
    await train();
    assert.equal((await refused("approve", { version: 1 })).code, "forbidden");
    const engineer = { name: "bo", role: "engineer" };
    assert.equal((await refused("approve", { version: 1, user: engineer, reason: "mine" })).code, "forbidden");
    assert.equal((await refused("approve", { version: 1, user: quality })).code, "no-reason");
    assert.equal((await refused("approve", { version: 1, registry: { role: "" } })).code, "bad-request");
    assert.equal(((await ask("list")).payload as unknown[]).length, 1);
    await ask("approve", { version: 1, user: quality, reason: "checked" });
  });

  it("takes a version out of use, but none that serves", async () => {
    await load();
    await train(2);
    await ask("promote", { version: 1 });
    assert.equal((await refused("retire", { version: 1 })).code, "version-conflict");
    assert.equal((await refused("delete", { version: 1 })).code, "version-conflict");
    await ask("promote", { version: 2 });
    await ask("retire", { version: 1, reason: "drifts" });
    const { code, message } = await refused("promote", { version: 1 });
    assert.equal(code, "version-conflict");
    assert.match(message, /retired/);
    for (const operation of ["approve", "retire"]) {
      const { code: again, message: why } = await refused(operation, { version: 1, reason: "second thoughts" });
      assert.deepEqual([again, /Version 1 .* is retired/.test(why)], ["version-conflict", true]);
    }
    const { retired, approved } = (await ask("get", { version: 1 })).payload as ModelSummary;
    assert.deepEqual([retired?.reason, approved], ["drifts", undefined]);
    assert.equal((await refused("rollback")).code, "not-found");
    assert.equal(await predictedBy(), 2);
  });

  it("never gives a deleted version's number again", async () => {
    await load();
    await train(2);
    await ask("delete", { version: 2 });
    await train();
    const list = (await ask("list")).payload as ModelSummary[];
    assert.deepEqual(
      list.map(({ version }) => version),
      [3, 1],
    );
  });

  it("compares two versions, and says whether they saw the same rows", async () => {
    await load();
    await train(1);
    await train(1, { algorithm: "ridge", alpha: 100 });
    await ask("promote", { version: 1 });
    const compare = (await ask("compare", { version: 2 })).payload as {
      versions: number[];
      metrics: Record<string, { values: number[]; better: number }>;
      sameRows: boolean;
    };
    assert.deepEqual([compare.versions, compare.sameRows], [[1, 2], true]);
    const { values, better } = compare.metrics.rmse as { values: [number, number]; better: number };
    assert.equal(better, 1);
    assert.ok(values[0] < values[1]);
    assert.equal(compare.metrics.r2?.better, 1);
    await train(1, { seed: 9 });
    assert.equal(((await ask("compare", { version: 3 })).payload as { sameRows: boolean }).sameRows, false);
  });

  it("carries a version over as a file, which predicts the same and is not promoted", async () => {
    await load();
    await train();
    await ask("promote", { version: 1 });
    const exported = await ask("export");
    assert.equal(exported.filename, `${model}-v1.json`);
    const added = (await ask("import", { payload: exported.payload })).payload as ModelSummary;
    assert.deepEqual([added.version, added.aliases], [2, []]);
    assert.equal((added.report.imported as { version: number }).version, 1);
    // An object, as a json node makes of the text, is the same file.
    const again = (await ask("import", { payload: JSON.parse(String(exported.payload)) })).payload as ModelSummary;
    assert.equal(again.version, 3);
    const both = await Promise.all([1, 2].map((version) => runtimeModel(version)));
    assert.equal(both[0]?.model, both[1]?.model);
  });

  const runtimeModel = async (version: number): Promise<Pick<ModelVersion, "model">> => {
    const { payload } = await ask("export", { version });
    return { model: JSON.stringify(JSON.parse(String(payload)).model) };
  };

  it("refuses a file that was changed, cut, is of the future or too large, by name; what serves goes on", async () => {
    await load();
    await train();
    await ask("promote", { version: 1 });
    const text = String((await ask("export")).payload);
    const changed = text.replace(/"seed":1/, '"seed":2');
    assert.notEqual(changed, text);
    const cases: [string, unknown, RegExp][] = [
      ["damaged", changed, /checksum/],
      ["bad-json", text.slice(0, text.length / 2), /no JSON/],
      ["schema-mismatch", text.replace('"formatVersion":1', '"formatVersion":2'), /format version 2/],
      ["too-large", `${text.slice(0, -1)}${" ".repeat(33 * 2 ** 20)}}`, /34 MiB/],
      ["bad-payload", { hello: 1 }, /no exported model/],
      ["bad-payload", undefined, /no exported model/],
    ];
    for (const [code, payload, reason] of cases) {
      const error = await refused("import", { payload });
      assert.equal(error.code, code);
      assert.match(error.message, reason);
    }
    assert.equal(await predictedBy(), 1);
    assert.equal(((await ask("list")).payload as unknown[]).length, 1);
  });

  it("imports a forest of ml-random-forest, which predicts as the package; asks for what its file does not say", async () => {
    await load();
    const { RandomForestRegression } = require("ml-random-forest") as {
      RandomForestRegression: new (
        options: object,
      ) => {
        train(x: number[][], y: number[]): void;
        predict(x: number[][]): number[];
        toJSON(): object;
      };
    };
    const forest = new RandomForestRegression({ nEstimators: 5, seed: 1, noOOB: true });
    forest.train(
      rows.map(({ x }) => [x]),
      rows.map(({ y }) => y),
    );
    const text = JSON.stringify(forest);
    const names = { features: ["x"], target: "y" };
    const first = await refused("import", { payload: text });
    assert.deepEqual([first.code, /does not say/.test(first.message)], ["bad-request", true]);
    assert.match(first.hint, /msg\.registry\.features/);
    const digest = createHash("sha256").update(text).digest("hex");
    const tampered = text.replace(/"distribution":(\d)/, '"distribution":9$1');
    assert.notEqual(tampered, text);
    const cases: [string, unknown, RegExp][] = [
      ["damaged", tampered, /sha256/],
      ["bad-json", text.slice(0, -20), /no JSON/],
      ["too-large", text + " ".repeat(33 * 2 ** 20), /MiB/],
      ["schema-mismatch", text.replace("RFRegression", "RFRanking"), /RFRanking/],
    ];
    for (const [code, payload, reason] of cases) {
      const sum = code === "damaged" ? digest : undefined;
      const error = await refused("import", { payload, registry: { ...names, sha256: sum } });
      assert.equal(error.code, code);
      assert.match(error.message, reason);
    }
    for (const payload of [text, Buffer.from(text), forest.toJSON()]) {
      const sum = payload === text ? { sha256: digest } : {};
      const { report } = (await ask("import", { payload, registry: { ...names, ...sum } })).payload as ModelSummary;
      assert.deepEqual([report.engine, report.features, report.metrics], ["ml-random-forest", ["x"], undefined]);
    }
    await ask("promote", { version: 3 });
    flow.send("predict", { payload: rows });
    const { prediction } = (await flow.next("out")) as unknown as { prediction: { value: number; domain: string }[] };
    assert.deepEqual(
      prediction.map(({ value }) => value),
      forest.predict(rows.map(({ x }) => [x])),
    );
    // Beside a version that was trained here there is nothing to weigh.
    await train(1);
    const compare = (await ask("compare", { version: 4 })).payload as { sameRows: boolean };
    assert.equal(compare.sameRows, false);
  });

  it("does not believe an approval that was written into the file", async () => {
    await load({ requireApproval: true });
    await train();
    await ask("approve", { version: 1, user: quality });
    const db = new DatabaseSync(path.join(runtime.home(), "twin", "store.db"));
    db.exec(`UPDATE model_states SET state = '{"approved":{"at":1,"user":"mallory"}}' WHERE name = '${model}'`);
    db.close();
    flow.send("node", { version: 1, registry: { operation: "promote" } });
    while (flow.errors().length < 1) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.match(String(flow.errors()[0]?.error), /checksum/);
  });

  it("says what is missing or wrong in an order", async () => {
    await load({ modelName: "" });
    assert.match((await refused("get")).message, /No model is named/);
    const named = { topic: model };
    assert.match((await refused("promote", named)).message, /No version/);
    assert.equal((await refused("promote", { ...named, version: "champion" })).code, "bad-request");
    assert.equal((await refused("promote", { ...named, version: 7 })).code, "not-found");
    assert.equal((await refused("get", { ...named, version: 7 })).code, "not-found");
    assert.match((await refused("explode", named)).hint, /rollback/);
    assert.match((await refused("promote", { ...named, version: 1, registry: { alias: "7" } })).hint, /letter/);
    flow.send("node", { topic: model, registry: "list" });
    assert.equal(errorOf(await flow.next("refused")).code, "bad-request");
  });
});
