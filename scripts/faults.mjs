// npm run faults: does terrible things to real processes and says what became of the data. See docs/reliability.md.
import { spawn } from "node:child_process";
import { at, build, install, nodeProgram, pathWithTools, Stop } from "./lib/install.mjs";

try {
  await install(console.log);
  await build(console.log);
  // An overload leaves ten million rows to compare.
  const args = [
    "--max-old-space-size=14000",
    "--enable-source-maps",
    at("dist/test/faults/main.js"),
    ...process.argv.slice(2),
  ];
  const child = spawn(nodeProgram(), args, { stdio: "inherit", env: pathWithTools() });
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
  process.exitCode = await new Promise((resolve) => child.once("exit", (code) => resolve(code ?? 1)));
} catch (error) {
  console.error(error instanceof Stop ? error.message : error);
  process.exitCode = 1;
}
