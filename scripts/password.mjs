// npm run password: asks for a password and prints its hash, for TWIN_ADMIN_PASSWORD_HASH.
import { spawnSync } from "node:child_process";
import { at, install, nodeProgram } from "./lib/install.mjs";

await install(console.log);
const { status } = spawnSync(nodeProgram(), [at("node_modules/node-red/red.js"), "admin", "hash-pw"], {
  stdio: "inherit",
});
console.log("\nUse it in single quotes, for it has $ signs in it: TWIN_ADMIN_PASSWORD_HASH='...' npm start");
process.exitCode = status ?? 1;
