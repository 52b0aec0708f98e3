import { strict as assert } from "node:assert";
import { Failure, Refusal } from "../../engine/contract/errors";
import { serveAdminPost } from "../../nodes/lib/admin-post";
import { importProperties } from "../../nodes/twin-model/import-properties";
import { readSampleText } from "../../nodes/twin-model/read-sample";
import { useStarts } from "../start/server";
import { adminPost } from "../support/admin-post";

describe("the import of a twin-model", () => {
  it("takes a CSV with a header, in any order and case, and says what it left", () => {
    const csv = "Unit,Name,max,min,Writable,Remark\nkN,force,50,0,yes,x\n,guard,,,,\n";
    assert.deepEqual(importProperties(csv), {
      properties: [{ unit: "kN", name: "force", max: 50, min: 0, writable: true }, { name: "guard" }],
      ignored: ["Remark"],
    });
  });

  it("takes semicolons with decimal commas, and every column", () => {
    const csv = [
      "name;type;unit;min;max;lsl;target;usl;tolerance;class;label;offset;gain;calibrationDue;expression",
      'Kraft;number;kN;0;50,5;1;5,5;9;0,1;public;"Presskraft; Haupt";-0,25;1,02;2027-03-31;',
      "Halb;;;;;;;;;;;;;;Kraft / 2",
    ].join("\r\n");
    assert.deepEqual(importProperties(`\uFEFF${csv}`).properties, [
      {
        name: "Kraft",
        type: "number",
        unit: "kN",
        min: 0,
        max: 50.5,
        lsl: 1,
        target: 5.5,
        usl: 9,
        tolerance: 0.1,
        class: "public",
        label: "Presskraft; Haupt",
        offset: -0.25,
        gain: 1.02,
        calibrationDue: "2027-03-31",
      },
      { name: "Halb", expression: "Kraft / 2" },
    ]);
  });

  it("takes a sample message: types inferred, nested ones with dots, what is no value left", () => {
    const values = { motor: { speed: 80, on: true }, lot: "A", none: null, list: [1], "bad\nname": 1 };
    const expected = {
      properties: [
        { name: "motor.speed", type: "number" },
        { name: "motor.on", type: "boolean" },
        { name: "lot", type: "string" },
      ],
      ignored: ["none", "list", "bad\nname"],
    };
    for (const message of [
      values,
      { topic: "press-6", payload: values },
      { id: "press-6", values },
      [{ id: "p", values }],
    ])
      assert.deepEqual(importProperties(JSON.stringify(message)), expected);
  });

  const refused: [string, string, RegExp][] = [
    ["nothing", "  ", /nothing to import/],
    ["a CSV without names", "unit,min\nkN,0", /called name/],
    ["a word for a number", "name,min\nforce,0\narea,much", /line 3: min is "much"/],
    ["a type that is none", "name,type\nforce,float", /line 2: type is "float"/],
    ["limits in the wrong order", "name,min,max\nforce,5,1", /line 2: min is 5/],
    ["a flag that is none", "name,writable\nforce,perhaps", /line 2: writable/],
    ["a line with other cells", "name,min\nforce,0,3", /Line 2 has 3 cells/],
    ["a bad name", 'name,min\n"a""b",0', /line 2: name/],
    ["bad JSON", '{"a": ', /not valid JSON/],
    ["deep JSON", "[".repeat(100), /nested deeper/],
    ["more than 1 MiB", `name\n${"a".repeat(1024 * 1024)}`, /1 MiB/],
    [
      "too many keys",
      JSON.stringify(Object.fromEntries(Array.from({ length: 2001 }, (_, k) => [`p${k}`, k]))),
      /2000 properties/,
    ],
    ["__proto__", '{"__proto__": {"a": 1}}', /__proto__/],
  ];
  for (const [what, text, says] of refused)
    it(`refuses ${what}, naming the line where there is one`, () => {
      assert.throws(
        () => importProperties(text),
        (error: unknown) => (error instanceof Refusal || error instanceof Failure) && says.test(error.message),
      );
    });

  it("refuses a sample that is no object, or none at all", () => {
    for (const text of ["5", '"a"', "[]", "null", "", undefined])
      assert.throws(
        () => readSampleText(text),
        (error: unknown) => error instanceof Refusal && error.code === "bad-payload",
      );
  });
});

describe("what the form of a twin-model asks of the server", () => {
  it("takes JSON only, asks for the permission, is served once, and tells what is wrong in the form's terms", async () => {
    const { red, served, call } = adminPost();
    const answer = ({ x }: Record<string, unknown>) => {
      if (x === 1) throw new Error("broken");
      return { x };
    };
    serveAdminPost(red, "test", "flows.write", answer);
    serveAdminPost(red, "test", "flows.write", answer);
    assert.deepEqual(served(), [["/meditwin/test", "needs flows.write"]]);
    assert.deepEqual(await call({ x: 2 }), [200, { x: 2 }]);
    assert.equal((await call({ x: 2 }, "application/x-www-form-urlencoded"))[0], 400);
    assert.equal((await call([1]))[0], 400);
    assert.equal((await call({ x: 1 }))[0], 500);
  });

  const starts = useStarts();
  const ask = (url: string, model: unknown, sample: string) =>
    fetch(`${url}/meditwin/twin-model/preview`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model, sample }),
    });
  const started = async (env: Record<string, string>) => {
    const flow = starts.put("empty.json", JSON.stringify([{ id: "tab", type: "tab", label: "empty" }]));
    const one = await starts.start({ TWIN_FLOWS: flow, ...env });
    await one.serving();
    return one.url;
  };

  it("is closed to whoever may not change flows", async function () {
    this.timeout(60_000);
    const hash = require("bcryptjs").hashSync("a long word", 4) as string;
    const url = await started({ TWIN_ADMIN_PASSWORD_HASH: hash });
    assert.equal((await ask(url, {}, "{}")).status, 401);
  });

  it("is answered by the server's own engine", async function () {
    this.timeout(60_000);
    const url = await started({});
    const good = await ask(url, { properties: [{ name: "force", gain: 2 }] }, '{"force": 3}');
    assert.equal(((await good.json()) as { verdicts: { value: number }[] }).verdicts[0]?.value, 6);
    const model = { properties: [{ name: "force" }, { name: "half", expression: "forse / 2" }] };
    const wrong = await ask(url, model, "{}");
    const { error } = (await wrong.json()) as { error: { field: string; message: string } };
    assert.deepEqual([wrong.status, error.field], [422, "properties[1].expression"]);
    assert.match(error.message, /forse/);
  });
});
