import path from "node:path";

/**
 * A Node-RED plugin that says where the examples find their data, in `TWIN_DATA`: `npm start` sets it, and in any other Node-RED
 * it is the folder of this package.
 */
export = (): void => {
  process.env.TWIN_DATA ||= path.join(__dirname, "../../../examples/data");
};
