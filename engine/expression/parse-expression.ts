import { type Expression, Parser, type TokenType, tokTypes } from "acorn";
import { quote } from "../contract/errors";
import { ExpressionError } from "./expression-error";

/** What bounds the cost of an expression: it has no loops, so that its length bounds its steps as well. */
export const expressionLimits = { maxLength: 2000, maxTokens: 500, maxDepth: 32 } as const;

/** Whatever is not here does not get as far as the parser: no braces, assignments, arrows, regular expressions, keywords. */
const allowed = new Set<TokenType>([
  tokTypes.num,
  tokTypes.string,
  tokTypes.name,
  tokTypes.backQuote,
  tokTypes.template,
  tokTypes.bracketL,
  tokTypes.bracketR,
  tokTypes.parenL,
  tokTypes.parenR,
  tokTypes.comma,
  tokTypes.dot,
  tokTypes.question,
  tokTypes.colon,
  tokTypes.prefix,
  tokTypes.plusMin,
  tokTypes.star,
  tokTypes.slash,
  tokTypes.modulo,
  tokTypes.starstar,
  tokTypes.relational,
  tokTypes.equality,
  tokTypes.logicalAND,
  tokTypes.logicalOR,
  tokTypes.coalesce,
  tokTypes.eof,
]);

const operatorWords = new Map<string, readonly [TokenType, string]>([
  ["and", [tokTypes.logicalAND, "&&"]],
  ["or", [tokTypes.logicalOR, "||"]],
  ["not", [tokTypes.prefix, "!"]],
]);

const hints: Record<string, string> = {
  "=": "Compare with ==; an expression changes nothing.",
  "^": "Powers are written a ** b.",
  "&": "Use and.",
  "|": "Use or.",
  "~": "Use not.",
  "++": "Write a + b; two signs in a row need a space.",
  "--": "Write a - b; two signs in a row need a space.",
  "?.": "Write a name with dots as it is: motor.speed.",
};
const nameHint = 'Put names with other characters in brackets: ["T out [°C]"].';

/** What acorn's plugin interface offers besides its types. */
interface Internals {
  type: TokenType;
  start: number;
  pos: number;
  input: string;
  readWord1(): string;
  finishToken(type: TokenType, value?: unknown): void;
}
type ParserClass = new (...args: never[]) => Internals;

/**
 * Acorn's grammar of expressions, cut down to what is allowed and with `and`, `or`, `not`. Every other word is a name, those
 * that JavaScript reserves included: a property may be called `class`, a function `if`.
 */
const ExpressionParser = Parser.extend(
  ((Base: ParserClass) =>
    class extends Base {
      tokens = 0;
      depth = 0;

      readWord(): void {
        const isPart = this.type === tokTypes.dot;
        const word = this.readWord1();
        const operator = isPart ? undefined : operatorWords.get(word);
        if (operator) this.finishToken(...operator);
        else this.finishToken(tokTypes.name, word);
      }

      override finishToken(type: TokenType, value?: unknown): void {
        // The base class may set up its state before the fields above exist.
        if (type !== tokTypes.eof) this.admit(type);
        super.finishToken(type, value);
      }

      admit(type: TokenType): void {
        const text = this.input.slice(this.start, this.pos);
        if (!allowed.has(type))
          throw new ExpressionError(
            this.start,
            `${quote(text, 20)} cannot be used.`,
            hints[text] ?? (text.endsWith("=") ? (hints["="] as string) : nameHint),
          );
        if (++this.tokens > expressionLimits.maxTokens)
          throw new ExpressionError(
            this.start,
            `it has more than ${expressionLimits.maxTokens} parts.`,
            "Split it over several derived properties.",
          );
        if (type === tokTypes.parenL || type === tokTypes.bracketL) this.depth++;
        if (type === tokTypes.parenR || type === tokTypes.bracketR) this.depth--;
        if (this.depth > expressionLimits.maxDepth)
          throw new ExpressionError(
            this.start,
            `it is nested deeper than ${expressionLimits.maxDepth} levels.`,
            "Split it over several derived properties.",
          );
      }

      checkUnreserved(): void {
        // Nothing is reserved.
      }
    }) as never,
) as typeof Parser;

/** The syntax tree of an expression, with the parentheses that were written. Throws an {@link ExpressionError}. */
export function parseExpression(text: string): Expression {
  if (text.trim() === "")
    throw new ExpressionError(0, "the expression is empty.", "Write one, such as motor.speed > 0.");
  if (text.length > expressionLimits.maxLength)
    throw new ExpressionError(
      expressionLimits.maxLength,
      `it is longer than ${expressionLimits.maxLength} characters.`,
      "Split it over several derived properties.",
    );
  const tree = parseWithAcorn(text);
  const rest = text.slice(tree.end);
  if (rest.trim() !== "") {
    const index = text.length - rest.trimStart().length;
    throw new ExpressionError(index, `${quote(rest.trim(), 20)} is not expected here.`, "An operator is missing.");
  }
  return tree;
}

function parseWithAcorn(text: string): Expression {
  try {
    return ExpressionParser.parseExpressionAt(text, 0, {
      ecmaVersion: 2022,
      sourceType: "module",
      allowAwaitOutsideFunction: false,
      preserveParens: true,
      onComment: (_isBlock, _text, start) => {
        throw new ExpressionError(start, "comments cannot be used.", "Say it in the label.");
      },
    });
  } catch (error) {
    if (error instanceof ExpressionError || !isSyntaxError(error)) throw error;
    throw explain(text, error.pos, error.message);
  }
}

const isSyntaxError = (error: unknown): error is SyntaxError & { pos: number } =>
  error instanceof SyntaxError && "pos" in error && typeof error.pos === "number";

function explain(text: string, index: number, message: string): ExpressionError {
  const words = message.replace(/ \(\d+:\d+\)$/, "");
  if (!words.startsWith("Unexpected token") && !words.startsWith("Unexpected character"))
    return new ExpressionError(
      index,
      `${words.charAt(0).toLowerCase()}${words.slice(1)}.`,
      "See the help for what may be written.",
    );
  if (index >= text.trimEnd().length)
    return new ExpressionError(
      index,
      "something is missing at the end.",
      "Finish the expression, or close a parenthesis.",
    );
  const found = String.fromCodePoint(text.codePointAt(index) as number);
  return new ExpressionError(
    index,
    `${quote(found)} is not expected here.`,
    words.startsWith("Unexpected character") ? nameHint : "An operator, a name or a value is missing or too many.",
  );
}
