/** ml-regression 6.3 ships no types; this is the part in use. */
declare module "ml-regression" {
  export class MultivariateLinearRegression {
    constructor(x: number[][], y: number[][], options?: { intercept?: boolean; statistics?: boolean });
    /** One row for each column of x, then the intercept where there is one. */
    readonly weights: number[][];
  }
}
