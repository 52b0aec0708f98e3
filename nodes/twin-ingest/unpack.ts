import { gunzip } from "node:zlib";
import { type RefusalInfo, refuse } from "../../engine/contract/errors";
import { tooLarge } from "./read-text";

/** A body that was sent as gzip, at most `maxBytes` of it however little was sent; or why there is none. */
export function unpack(body: Buffer, maxBytes: number): Promise<Buffer | RefusalInfo> {
  return new Promise((resolve) => {
    gunzip(body, { maxOutputLength: maxBytes }, (error, unpacked) => {
      if (!error) resolve(unpacked);
      else if ("code" in error && error.code === "ERR_BUFFER_TOO_LARGE") resolve(tooLarge());
      else
        resolve(
          refuse(
            "bad-payload",
            "The body is not gzip, or cut off.",
            "Send all of what gzip makes, or leave out Content-Encoding.",
          ),
        );
    });
  });
}
