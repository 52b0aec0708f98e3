// npm run user -- add anna --role operator: who may sign in to the pages and the editor. See docs/security.md.
import { createRequire } from "node:module";
import environment from "./lib/environment.cjs";
import { at, build, install, root, Stop } from "./lib/install.mjs";

let UserCommandError = Stop;
try {
  await install(console.error);
  await build(console.error);
  const require = createRequire(import.meta.url);
  const command = require(at("dist/security/user-command.js"));
  UserCommandError = command.UserCommandError;
  const { values, problems } = environment.readEnvironment(process.env, root, process.env.INIT_CWD ?? process.cwd());
  if (problems.length > 0) throw new Stop(problems.join("\n"));
  const home = values.TWIN_HOME;
  const { record } = require(at("dist/security/people-log.js")).openPeopleLog(home, {
    now: Date.now,
    complain: console.error,
  });
  const { askPassword } = require(at("dist/security/ask-password.js"));
  await command.userCommand(process.argv.slice(2), {
    home,
    now: new Date(),
    say: console.log,
    askPassword: () => askPassword(process.stdin, process.stderr),
    record,
  });
} catch (error) {
  console.error(error instanceof Stop || error instanceof UserCommandError ? error.message : error);
  process.exitCode = 1;
}
