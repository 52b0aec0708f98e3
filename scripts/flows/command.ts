import { writeFileSync } from "node:fs";
import { checkProject, formatProject, problemLine } from "./check";
import { type HomePlan, resetHome, saveHome } from "./home";

/** `npm run flows:<command>`. Gives the exit code. */
export function flowsCommand(command: string | undefined, plan: HomePlan): number {
  if (command === "check") {
    const problems = checkProject(plan.root);
    for (const problem of problems) console.error(problemLine(problem));
    console.log(problems.length === 0 ? "The flows are in order." : `${problems.length} problems in the flows.`);
    return problems.length === 0 ? 0 : 1;
  }
  if (command === "format") {
    const changed = formatProject(plan.root, (file, text) => writeFileSync(file, text));
    console.log(changed.length === 0 ? "Nothing to format." : changed.join("\n"));
    return 0;
  }
  const work = command === "reset" ? resetHome : command === "save" ? saveHome : undefined;
  if (!work) {
    console.error("Use flows:check, flows:format, flows:reset or flows:save.");
    return 2;
  }
  for (const note of work(plan).notes) console.log(note);
  return 0;
}
