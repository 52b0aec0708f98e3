import { isUtf8 } from "node:buffer";
import { Refusal, refuse } from "../../engine/contract/errors";

/** What Western European, Chinese and Windows software writes, by the names of the WHATWG Encoding Standard. */
export const encodings = ["utf-8", "windows-1252", "gb18030", "utf-16le"] as const;
export type Encoding = (typeof encodings)[number];

/** The encoding that a charset names: `latin1` is read as windows-1252, `gbk` as gb18030, as browsers do. */
export function encodingOf(charset: string): Encoding | undefined {
  const labels: Record<string, Encoding> = { gbk: "gb18030", cp1252: "windows-1252", "us-ascii": "utf-8" };
  const named = labels[charset];
  if (named) return named;
  try {
    const { encoding } = new TextDecoder(charset);
    return encodings.find((one) => one === encoding) ?? (encoding === "gbk" ? "gb18030" : undefined);
  } catch {
    return undefined;
  }
}

/** Bytes as text. Throws `Refusal` for what the encoding does not have. */
export function decode(bytes: Buffer, encoding: Encoding): string {
  if (encoding === "utf-8") {
    if (isUtf8(bytes)) return bytes.toString("utf8");
    throw unreadable(
      "UTF-8",
      "Send it in UTF-8, uncompressed, or set the encoding of this twin-ingest (windows-1252, GBK).",
    );
  }
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw unreadable(encoding, "Send it in that encoding, or set another one in this twin-ingest.");
  }
}

const unreadable = (encoding: string, hint: string): Refusal =>
  new Refusal(refuse("bad-payload", `The payload is not ${encoding} text.`, hint));
