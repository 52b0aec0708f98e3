/** ml-regression 6.3 ships no types; these are the parts in use. */
declare module "ml-regression" {
  export class MultivariateLinearRegression {
    constructor(x: number[][], y: number[][], options?: { intercept?: boolean; statistics?: boolean });
    /** One row for each column of x, then the intercept where there is one. */
    readonly weights: number[][];
  }
  /** y = B * exp(A * x), by a line through ln y. */
  export class ExponentialRegression {
    constructor(x: number[], y: number[]);
    readonly A: number;
    readonly B: number;
  }
  /** y = A * x^B, by a line through ln x and ln y. */
  export class PowerRegression {
    constructor(x: number[], y: number[]);
    readonly A: number;
    readonly B: number;
  }
  /** Median of the slopes between all pairs of points. */
  export class TheilSenRegression {
    constructor(x: number[], y: number[]);
    readonly slope: number;
    readonly intercept: number;
  }
}
