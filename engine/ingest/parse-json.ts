import { Refusal, refuse } from "../contract/errors";

/**
 * Parses JSON whose objects and arrays lie no more than `maxDepth` inside each other. Deeper text is refused before it is
 * parsed: 20,000 levels parse, and then crash whatever clones or prints them. Throws `Refusal`, nothing else.
 */
export function parseJson(text: string, maxDepth: number): unknown {
  if (text.length > maxDepth && depthOf(text, maxDepth) > maxDepth)
    throw new Refusal(
      refuse("too-deep", `The JSON is nested deeper than ${maxDepth} levels.`, "Send flatter objects."),
    );
  try {
    return JSON.parse(text);
  } catch (error) {
    // Control characters of the payload may stand in the reason.
    const reason = (error as Error).message.replace(/\p{Cc}+/gu, " ");
    const hint = /\b(NaN|Infinity)\b/.test(text)
      ? "JSON has no NaN or Infinity: send null for no reading."
      : "Check quotes, commas and brackets; names and text need double quotes.";
    throw new Refusal(refuse("bad-json", `The payload is not valid JSON: ${reason.slice(0, 160)}.`, hint));
  }
}

/** Deepest nesting of brackets outside of texts; stops as soon as it is beyond `enough`. */
function depthOf(text: string, enough: number): number {
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) {
      // To the closing quote; a backslash hides the character after it.
      for (at++; at < text.length && text.charCodeAt(at) !== 0x22; at++) if (text.charCodeAt(at) === 0x5c) at++;
    } else if (code === 0x7b || code === 0x5b) {
      if (++depth > deepest) {
        deepest = depth;
        if (deepest > enough) break;
      }
    } else if (code === 0x7d || code === 0x5d) depth--;
  }
  return deepest;
}
