import type { CallExpression, Expression, MemberExpression } from "acorn";
import { quote } from "../contract/errors";
import { isPropertyName, propertyHint } from "../contract/identity";
import type { PropertyType } from "../contract/model";
import { ExpressionError } from "./expression-error";
import { numberFunctions } from "./functions";
import {
  apply,
  type Compiled,
  calculate,
  chain,
  choose,
  coalesce,
  compare,
  constant,
  equate,
  known,
  negate,
  not,
  readName,
} from "./operators";
import type { Kind } from "./value";

export interface Names {
  /** Takes up every property that is read. */
  names: Set<string>;
  properties: ReadonlyMap<string, { type: PropertyType }> | undefined;
}

/** Turns a syntax tree into a closure. What is not listed here is refused. */
export function compileNode(node: Expression, scope: Names): Compiled {
  const compile = (part: Expression): Compiled => compileNode(part, scope);
  switch (node.type) {
    case "ParenthesizedExpression":
      return compile(node.expression);
    case "Literal":
      if (typeof node.value === "number" && Number.isFinite(node.value)) return constant(node.value, node.start);
      if (typeof node.value === "string") return constant(node.value, node.start);
      throw new ExpressionError(
        node.start,
        `${quote(node.raw, 20)} cannot be used.`,
        "Use a number or a text in quotes.",
      );
    case "Identifier":
      return word(node.name, node.start, scope);
    case "MemberExpression":
    case "ArrayExpression":
    case "TemplateLiteral":
      return property(nameOf(node), node.start, scope);
    case "UnaryExpression":
      if (node.operator === "!") return not(compile(node.argument));
      return negate(node.operator, compile(node.argument));
    case "BinaryExpression": {
      if (node.left.type === "PrivateIdentifier") break;
      for (const side of [node.left, node.right])
        if (side.type === "UnaryExpression" && side.operator === "!") throw loose(side.start, node.operator);
      const [left, right] = [compile(node.left), compile(node.right)];
      if (/^[!=]==?$/.test(node.operator)) return equate(node.operator.startsWith("="), left, right);
      return /[<>]/.test(node.operator) ? compare(node.operator, left, right) : calculate(node.operator, left, right);
    }
    case "LogicalExpression": {
      const [left, right] = [compile(node.left), compile(node.right)];
      if (node.operator === "??") return coalesce(left, right);
      return chain(node.operator === "&&", left, right);
    }
    case "ConditionalExpression":
      return choose(compile(node.test), compile(node.consequent), compile(node.alternate));
    case "CallExpression":
      return call(node, compile);
    case "SequenceExpression":
      throw new ExpressionError(
        node.expressions[0]?.end ?? node.start,
        "a comma cannot stand here.",
        "Numbers have a decimal point; a comma stands between the arguments of a function.",
      );
  }
  throw new ExpressionError(node.start, "this cannot be used.", "Use values, names, operators and functions only.");
}

const loose = (start: number, operator: string): ExpressionError =>
  new ExpressionError(start, `it is not clear what "not" goes with.`, `Use parentheses: not (a ${operator} b).`);

function word(name: string, start: number, scope: Names): Compiled {
  switch (name) {
    case "true":
      return constant(true, start);
    case "false":
      return constant(false, start);
    case "pi":
      return constant(Math.PI, start);
    case "null":
    case "undefined":
      throw new ExpressionError(start, `${name} cannot be used.`, "Ask known(a), or give a substitute: a ?? 0.");
    default:
      return property(name, start, scope);
  }
}

function property(name: string, start: number, { names, properties }: Names): Compiled {
  if (!isPropertyName(name)) throw new ExpressionError(start, `${quote(name)} is no name of a property.`, propertyHint);
  const type = properties?.get(name)?.type;
  if (properties && type === undefined)
    throw new ExpressionError(
      start,
      `there is no property ${quote(name)}.`,
      numberFunctions.has(name)
        ? `Call the function: ${name}(...).`
        : "Check the spelling, or add it to the twin-model.",
    );
  names.add(name);
  return readName(name, start, type === undefined ? "any" : kinds[type]);
}

const kinds: Record<PropertyType, Kind> = { number: "number", integer: "number", boolean: "boolean", string: "string" };

/** The name that `motor.speed`, `["T out [°C]"]` or a name in backquotes stands for. */
function nameOf(node: Expression): string {
  if (node.type === "Identifier") return node.name;
  if (node.type === "MemberExpression") return dotted(node);
  if (node.type === "TemplateLiteral") return node.quasis[0]?.value.cooked ?? "";
  const only = node.type === "ArrayExpression" && node.elements.length === 1 ? node.elements[0] : undefined;
  if (only?.type === "Literal" && typeof only.value === "string") return only.value;
  throw new ExpressionError(node.start, "this is no name.", 'One name in quotes stands in brackets: ["T out [°C]"].');
}

function dotted(node: MemberExpression): string {
  const { object, property: part } = node;
  if (
    node.computed ||
    part.type !== "Identifier" ||
    (object.type !== "Identifier" && object.type !== "MemberExpression")
  )
    throw new ExpressionError(
      node.start,
      "this is no name.",
      'Write a name with dots bare (motor.speed), or as a whole in brackets (["motor.T out"]).',
    );
  return `${nameOf(object)}.${part.name}`;
}

function call(node: CallExpression, compile: (part: Expression) => Compiled): Compiled {
  const name = node.callee.type === "Identifier" ? node.callee.name : "";
  const parts = node.arguments.map((part) => {
    if (part.type !== "SpreadElement") return compile(part);
    throw new ExpressionError(part.start, "this cannot be used.", "Name each argument.");
  });
  const count = (low: number, high: number): void => {
    if (parts.length >= low && parts.length <= high) return;
    const takes = high === low ? `${low}` : high === Number.POSITIVE_INFINITY ? `${low} or more` : `${low} to ${high}`;
    const what = `${name} is given ${parts.length} argument${parts.length === 1 ? "" : "s"}.`;
    throw new ExpressionError(node.start, what, `It takes ${takes}.`);
  };
  if (name === "if") {
    count(3, 3);
    return choose(...(parts as [Compiled, Compiled, Compiled]));
  }
  if (name === "known") {
    count(1, 1);
    return known(...(parts as [Compiled]));
  }
  const definition = numberFunctions.get(name);
  if (!definition)
    throw new ExpressionError(
      node.start,
      `there is no function ${quote(name)}.`,
      `Use one of if, known, ${[...numberFunctions.keys()].join(", ")}.`,
    );
  count(definition.minArguments, definition.maxArguments);
  return apply(name, definition.apply, parts, node.start);
}
