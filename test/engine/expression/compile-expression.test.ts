import { strict as assert } from "node:assert";
import fc from "fast-check";
import type { Scalar } from "../../../engine/contract/messages";
import type { PropertyType } from "../../../engine/contract/model";
import {
  type CompiledExpression,
  compileExpression,
  type ExpressionOptions,
  lookupIn,
} from "../../../engine/expression/compile-expression";
import type { ExpressionProblem } from "../../../engine/expression/expression-error";
import { numberFunctions } from "../../../engine/expression/functions";
import { expressionLimits } from "../../../engine/expression/parse-expression";

function compiled(text: string, options?: ExpressionOptions): CompiledExpression {
  const result = compileExpression(text, options);
  assert.ok(!("error" in result), "error" in result ? result.error.message : "");
  return result;
}

function problemOf(text: string, options?: ExpressionOptions): ExpressionProblem {
  const result = compileExpression(text, options);
  assert.ok("error" in result, `${text} was accepted`);
  return result.error;
}

const values: Record<string, Scalar> = {
  a: 6,
  b: -4,
  zero: 0,
  "motor.speed": 80,
  "motor.and": 1,
  "T out [°C]": 21.5,
  "100%": 7,
  温度: 36.6,
  class: 3,
  if: 2,
  running: true,
  guard: false,
  lot: "A17",
  gone: null,
};
const resultOf = (text: string, options?: ExpressionOptions) => compiled(text, options).evaluate(lookupIn(values));

describe("an expression", () => {
  const results: [string, ReturnType<typeof resultOf>][] = [
    ["1 + 2 * 3", 7],
    ["(1 + 2) * 3", 9],
    ["7 - 2 - 1", 4],
    ["2 ** 3 ** 2", 512],
    ["7 % 4", 3],
    ["-7 % 4", -3],
    ["1e3 + .5 + 0x10", 1016.5],
    ["-a", -6],
    ["- -a", 6],
    ["+a", 6],
    ["-zero", 0],
    ["a > b", true],
    ["a <= 6 and a >= 6", true],
    ["a == 6", true],
    ["a != 6", false],
    ["a === 6 || a !== 6", true],
    ['lot == "A17"', true],
    ["lot != 'A17'", false],
    ["running == true", true],
    ["not running", false],
    ["!running", false],
    ["not (a > b) or running", true],
    ["running && !guard", true],
    ["a > 3 ? 1 : 2", 1],
    ["if(guard, 1, 2)", 2],
    ["if(guard, 1, 2) / 2", 1],
    ["running ? lot : 'none'", "A17"],
    ["motor.speed / 2", 40],
    ["motor.and", 1],
    ['["motor.speed"] / 2', 40],
    ['["T out [°C]"] + 1', 22.5],
    ["`T out [°C]` + 1", 22.5],
    ['["100%"] - 1', 6],
    ["温度 * 1", 36.6],
    ["class + if", 5],
    ["abs(b)", 4],
    ["sign(b)", -1],
    ["min(a, b, 2)", -4],
    ["max(a, b)", 6],
    ["floor(-1.5)", -2],
    ["ceil(-1.5)", -1],
    ["trunc(-1.5)", -1],
    ["round(2.5)", 3],
    ["round(-2.5)", -3],
    ["round(1.005, 2)", 1.01],
    ["round(-0.2)", 0],
    ["round(1e21)", 1e21],
    ["sqrt(9)", 3],
    ["exp(0)", 1],
    ["log(exp(1))", 1],
    ["log10(1000)", 3],
    ["pow(2, 10)", 1024],
    ["clamp(a, 0, 5)", 5],
    ["clamp(b, 0, 5)", 0],
    ["cos(0) + sin(0) + tan(0)", 1],
    ["round(2 * pi, 4)", 6.2832],
    ["known(a)", true],
    ["known(gone)", false],
    ["gone ?? 5", 5],
    ["(gone ?? nothing) ?? 5", 5],
    ["known(nothing) and nothing > 3", false],
    ["1\n + 2\t", 3],
  ];
  for (const [text, expected] of results) {
    it(`${JSON.stringify(text)} is ${JSON.stringify(expected)}`, () =>
      assert.ok(Object.is(resultOf(text), expected), String(resultOf(text))));
  }

  it("names the properties that it reads, once, in order of appearance", () => {
    assert.deepEqual(compiled('b + a * motor.speed - a + ["100%"]').names, ["b", "a", "motor.speed", "100%"]);
  });

  it("has a test for every function", () => {
    for (const name of numberFunctions.keys())
      assert.ok(
        results.some(([text]) => text.includes(`${name}(`)),
        name,
      );
  });
});

describe("an unknown value", () => {
  const unknown = [
    "gone",
    "nothing",
    "gone + 1",
    "0 * gone",
    "-gone",
    "gone == gone",
    "gone != 1",
    "gone < 1",
    "not gone",
    "abs(gone)",
    "min(1, gone)",
    "gone ? 1 : 2",
    "if(nothing, true, false)",
    "running and gone",
    "gone and running",
    "guard or gone",
    "gone or guard",
    "gone ?? nothing",
    "1 / zero",
    "-1 / 0",
    "zero / zero",
    "a % 0",
    "sqrt(b)",
    "log(0)",
    "exp(1000)",
    "10 ** 400",
    "b ** 0.5",
    "clamp(1, 5, 0)",
    "round(1, 99)",
    // Values of a wrong type are no numbers and no conditions.
    "lot + 1",
    "running + 1",
    "lot > 1",
    "lot and running",
    "not lot",
    "a ? 1 : 2",
    "lot == a",
    "max(1, lot)",
    // What every object has, a twin has not.
    "constructor_ + toString",
    "toString",
    "valueOf == 1",
    "hasOwnProperty",
  ];
  for (const text of unknown) {
    it(`makes ${text} unknown, and says why`, () => {
      const told: string[] = [];
      assert.equal(
        compiled(text).evaluate(lookupIn(values), (problem) => told.push(problem)),
        undefined,
      );
      assert.ok(told.length > 0);
    });
  }

  it("is what every object has and a twin has not", () => {
    for (const name of ["toString", "valueOf", "__proto__", "constructor"]) assert.equal(lookupIn({})(name), undefined);
  });

  const decided: [string, boolean][] = [
    ["guard and gone", false],
    ["gone and guard", false],
    ["running or gone", true],
    ["gone or running", true],
  ];
  for (const [text, expected] of decided) {
    it(`does not matter in ${text}: ${expected}`, () => assert.equal(resultOf(text), expected));
  }

  it("is told by the name of the property or by the place", () => {
    const why = (text: string, options?: ExpressionOptions) => {
      let last = "";
      compiled(text, options).evaluate(lookupIn(values), (problem) => {
        last = problem;
      });
      return last;
    };
    assert.equal(why("motor.speed + gone"), "gone is not known.");
    assert.equal(why("1 + lot"), "Character 5: what stands after + is text, but must be a number.");
    assert.equal(why("a / zero"), "Character 1: a / b gives no finite number.");
    assert.equal(why("lot", { expects: "boolean" }), "The result is text, but must be true or false.");
    assert.equal(why("a / 4", { expects: "integer" }), "The result 1.5 is no whole number.");
  });

  it("makes a condition neither true nor false", () => {
    const interlock = compiled("not guard.open and motor.speed < 10", { expects: "boolean" });
    const verdict = (given: Record<string, Scalar>) => interlock.evaluate(lookupIn(given));
    assert.equal(verdict({ "guard.open": false, "motor.speed": 3 }), true);
    assert.equal(verdict({ "guard.open": true, "motor.speed": 3 }), false);
    assert.equal(verdict({ "guard.open": true }), false);
    assert.equal(verdict({ "motor.speed": 3 }), undefined);
    assert.equal(verdict({ "guard.open": false, "motor.speed": null }), undefined);
    assert.equal(verdict({ "guard.open": 0, "motor.speed": 3 }), undefined);
    assert.equal(verdict({}), undefined);
  });
});

describe("the text of an expression", () => {
  const refused: [string, number, RegExp][] = [
    ["", 1, /empty/],
    ["   ", 1, /empty/],
    ["1 +", 4, /missing at the end/],
    ["(a", 3, /missing at the end/],
    ["a b", 3, /operator is missing/],
    ["1,5 + a", 2, /decimal point/],
    ["a = 5", 3, /==/],
    ["a += 5", 3, /==/],
    ["a ^ 2", 3, /\*\*/],
    ["a & b", 3, /and/],
    ["a++", 2, /two signs/],
    ["a < b < 3", 1, /must be a number/],
    ["not a > b", 1, /not \(a > b\)/],
    ["T out + 1", 3, /operator is missing/],
    ["T° + 1", 2, /brackets/],
    ["foo(1)", 1, /no function "foo".*Use one of/],
    ["constructor(1)", 1, /no function/],
    ["a.b(1)", 1, /no function/],
    ["abs()", 1, /given 0 arguments.*takes 1/],
    ["min()", 1, /takes 1 or more/],
    ["round(1, 2, 3)", 1, /takes 1 to 2/],
    ["if(running, 1)", 1, /takes 3/],
    ["null", 1, /known\(a\)/],
    ["a == undefined", 6, /known\(a\)/],
    ["1 + true", 5, /must be a number/],
    ["'x' + 'y'", 1, /must be a number/],
    ["1 and 2", 1, /must be true or false/],
    ["'a' == 1", 8, /text and a number/],
    ["running ? 1 : 'x'", 15, /a number and text/],
    ["12n", 1, /number or a text/],
    ["/x/", 1, /cannot be used/],
    ["{}", 1, /cannot be used/],
    ["a => a", 3, /cannot be used/],
    ["a; b", 2, /cannot be used/],
    ["...a", 1, /cannot be used/],
    ["[1]", 1, /no name/],
    ['["a", "b"]', 1, /no name/],
    ["a[0]", 1, /no name/],
    ['a["b"]', 1, /no name/],
    ["a?.b", 2, /name with dots/],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: that is what is refused
    ["`a${b}`", 3, /cannot be used/],
    ["/* a */ 1", 1, /comments/],
    ["__proto__", 1, /no name/],
    ["a.__proto__.b", 1, /no name/],
    ["a.constructor", 1, /no name/],
    ['["constructor"]', 1, /no name/],
    ['[""]', 1, /no name/],
    ["this.x$", 1, /no name/],
    ["new Date()", 5, /operator is missing/],
    ["typeof a", 8, /operator is missing/],
    ["'open", 1, /./],
  ];
  for (const [text, at, says] of refused) {
    it(`${JSON.stringify(text)} is refused at character ${at}`, () => {
      const problem = problemOf(text);
      assert.match(`${problem.message} ${problem.hint}`, says);
      assert.equal(problem.at, at, problem.message);
      assert.ok(problem.message.startsWith(`Character ${at}: `));
      assert.ok(problem.hint.length > 0);
    });
  }

  it("is bounded in length, parts and depth, and what is just within passes", () => {
    const { maxLength, maxTokens, maxDepth } = expressionLimits;
    assert.match(problemOf("1".repeat(maxLength + 1)).message, /longer/);
    assert.match(problemOf(`1${"+1".repeat(maxTokens / 2)}`).message, /parts/);
    assert.equal(
      compiled(`1${"+1".repeat(maxTokens / 2 - 1)}`).evaluate(() => null),
      maxTokens / 2,
    );
    assert.equal(compiled(`running and ${"!".repeat(maxTokens - 4)}running`).evaluate(lookupIn(values)), true);
    assert.match(problemOf(`${"(".repeat(maxDepth + 1)}1${")".repeat(maxDepth + 1)}`).message, /nested/);
    assert.equal(
      compiled(`${"(".repeat(maxDepth)}1${")".repeat(maxDepth)}`).evaluate(() => null),
      1,
    );
    assert.equal(compiled(`${"running ? 1 : ".repeat(maxTokens / 4 - 1)}2`).evaluate(lookupIn(values)), 1);
    assert.match(problemOf("(".repeat(maxLength)).message, /nested/);
  });

  const types = new Map<string, { type: PropertyType }>([
    ["speed", { type: "number" }],
    ["count", { type: "integer" }],
    ["running", { type: "boolean" }],
    ["lot", { type: "string" }],
  ]);
  it("is checked against the properties of a model", () => {
    const options = { properties: types };
    assert.equal(problemOf("speed + spede", options).message, 'Character 9: there is no property "spede".');
    assert.match(problemOf("abs + 1", options).hint, /abs\(/);
    assert.match(problemOf("speed and running", options).message, /^Character 1: what stands before and is a number/);
    assert.match(problemOf("lot == 5", options).message, /text and a number/);
    assert.match(problemOf("speed + 1", { properties: types, expects: "boolean" }).message, /result is a number/);
    assert.equal(compiled("count > 3 and running", { ...options, expects: "boolean" }).names.length, 2);
  });

  it("does not trust values to have the type that the model says", () => {
    const options = { properties: types };
    assert.equal(
      compiled("speed + 1", options).evaluate(() => "5"),
      undefined,
    );
    assert.equal(
      compiled("running", options).evaluate(() => 1),
      undefined,
    );
    assert.equal(
      compiled("speed", options).evaluate(() => Number.NaN),
      undefined,
    );
    assert.equal(
      compiled("speed").evaluate(() => ({}) as unknown as Scalar),
      undefined,
    );
    assert.ok(
      Object.is(
        compiled("speed").evaluate(() => -0),
        0,
      ),
    );
  });
});

describe("expressions of any kind", () => {
  const name = fc.constantFrom("a", "b", "motor.speed", "gone", "running", '["T out [°C]"]', "`100%`");
  const { text } = fc.letrec<{ text: string }>((tie) => ({
    text: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      name,
      fc.double({ min: 0, max: 1e6, noNaN: true }).map(String),
      fc.constantFrom("true", "false", "'x'"),
      fc
        .tuple(
          tie("text"),
          fc.constantFrom("+", "-", "*", "/", "%", "<", ">=", "==", "!=", "and", "or", "??"),
          tie("text"),
        )
        .map(([left, operator, right]) => `(${left}) ${operator} (${right})`),
      tie("text").map((part) => `not (${part})`),
      tie("text").map((part) => `-(${part})`),
      fc.tuple(tie("text"), tie("text"), tie("text")).map((parts) => `if(${parts.join(", ")})`),
      fc.tuple(fc.constantFrom("abs", "sqrt", "max", "round"), tie("text")).map(([f, part]) => `${f}(${part})`),
    ),
  }));
  const scalar = fc.oneof(fc.double(), fc.integer(), fc.string(), fc.boolean(), fc.constant(null));
  const twin = fc.dictionary(fc.constantFrom("a", "b", "motor.speed", "gone", "running", "T out [°C]", "100%"), scalar);

  it("give a finite number, text, true, false or nothing, the same each time, and change nothing", () => {
    let accepted = 0;
    fc.assert(
      fc.property(text, twin, (expression, given) => {
        const result = compileExpression(expression);
        if ("error" in result) return;
        accepted++;
        const frozen = Object.freeze({ ...given });
        const value = result.evaluate(lookupIn(frozen));
        if (typeof value === "number") assert.ok(Number.isFinite(value) && !Object.is(value, -0));
        else assert.ok(value === undefined || typeof value === "string" || typeof value === "boolean");
        assert.ok(Object.is(result.evaluate(lookupIn(frozen)), value));
        const again = compileExpression(expression);
        assert.ok(!("error" in again) && Object.is(again.evaluate(lookupIn(frozen)), value));
      }),
      { numRuns: 2000 },
    );
    assert.ok(accepted > 300, `${accepted} were accepted`);
  });

  it("that only compare and calculate are never decided by what is unknown", () => {
    // Taking values away may make a result unknown, never another one.
    fc.assert(
      fc.property(text, twin, fc.constantFrom("a", "b", "motor.speed", "running"), (expression, given, away) => {
        if (expression.includes("??")) return;
        const result = compileExpression(expression);
        if ("error" in result) return;
        const before = result.evaluate(lookupIn(given));
        const after = result.evaluate(lookupIn({ ...given, [away]: null }));
        assert.ok(after === undefined || Object.is(after, before));
      }),
      { numRuns: 2000 },
    );
  });

  it("are compiled or refused with a place inside the text, whatever the text", () => {
    const piece = fc.constantFrom(
      ..."( ) [ ] { } + - * / % ** ! ? : , . ; = == < > & | ^ ~ ` ' \" \\ # @ ${ => ... ?. ?? 1 1e9 0b1 12n a if not and or null this new class constructor __proto__ /x/ // /* */ <!-- é 温 \u0000 \n \u2028".split(
        " ",
      ),
    );
    const anything = fc.oneof(
      fc.string({ maxLength: 60, unit: "binary" }),
      fc.array(piece, { maxLength: 40 }).map((parts) => parts.join(" ")),
      fc.array(piece, { maxLength: 40 }).map((parts) => parts.join("")),
    );
    fc.assert(
      fc.property(anything, twin, (expression, given) => {
        const result = compileExpression(expression);
        if ("error" in result) {
          assert.ok(result.error.at >= 1 && result.error.at <= expression.length + 1);
          assert.ok(result.error.message && result.error.hint);
        } else result.evaluate(lookupIn(given));
      }),
      { numRuns: 5000 },
    );
  });
});
