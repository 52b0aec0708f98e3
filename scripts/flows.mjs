// npm run flows:check | flows:format | flows:reset | flows:save
import { createRequire } from "node:module";
import environment from "./lib/environment.cjs";
import { at, build, install, root, Stop } from "./lib/install.mjs";
import { otherOn } from "./lib/running.mjs";

try {
  await install(console.log);
  await build(console.log);
  const { values, problems } = environment.readEnvironment(process.env, root, process.env.INIT_CWD ?? process.cwd());
  if (problems.length > 0) throw new Stop(problems.join("\n"));
  if (process.argv[2] === "reset" && otherOn(values.TWIN_HOME))
    throw new Stop(
      `MediTwin is at work on ${values.TWIN_HOME}: stop it before a reset, or it will write its flows over the new ones.`,
    );
  const { flowsCommand } = createRequire(import.meta.url)(at("dist/scripts/flows/command.js"));
  process.exitCode = flowsCommand(process.argv[2], {
    root,
    home: values.TWIN_HOME,
    flows: values.TWIN_FLOWS,
    language: environment.pageLanguage(values.TWIN_LANG),
    now: new Date(),
  });
} catch (error) {
  console.error(error instanceof Stop ? error.message : error);
  process.exitCode = 1;
}
