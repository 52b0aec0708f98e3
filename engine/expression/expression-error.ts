/** What is wrong with the text of an expression, where, and how to mend it. */
export interface ExpressionProblem {
  /** One sentence that names the place and what stands there. */
  message: string;
  hint: string;
  /** Where, in characters from 1. */
  at: number;
}

/** Thrown inside `engine/expression` only: `compileExpression` gives it back as `{ error }`. */
export class ExpressionError extends Error {
  override name = "ExpressionError";
  readonly problem: ExpressionProblem;
  /** @param index where, in characters from 0 */
  constructor(index: number, what: string, hint: string) {
    const at = index + 1;
    super(what);
    this.problem = { message: `Character ${at}: ${what}`, hint, at };
  }
}
