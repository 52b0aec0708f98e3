import assert from "node:assert/strict";
import type { Sample } from "../../../engine/contract/messages";
import { createLineMaker } from "../../../engine/history/line-protocol";
import { readLine } from "../../../engine/history/read-line";

describe("readLine", () => {
  const texts = ["", "a", 'say "hi\\"', "\\", "\\\\'", "two\nlines", "a,b =c", "温度", "💧", "t i=5 1\nother n=1 2"];
  const samples: Sample[] = [
    {
      id: "press-6",
      ts: 1_772_409_600_000,
      values: { n: 6.8, zero: 0, big: 1e21, tiny: 5e-324, yes: true, no: false },
    },
    { id: "a:b.c_d", ts: -1, model: "press, new=1", values: { "tbl speed": 94, "motor.temp (°C)": 1, 温度: 0.1 } },
    ...texts.map((text): Sample => ({ id: "t", ts: 0, values: { before: 1, text, after: text } })),
  ];
  for (const measurement of ["twin", "my twin, old"])
    for (const sample of samples)
      it(`gives back what a LineMaker took: ${measurement} ${JSON.stringify(sample.values)}`, () => {
        assert.deepEqual(readLine(createLineMaker(measurement).lineOf(sample) as string), sample);
      });
});
