import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";

/** OWASP's equal of N = 2^17, p = 1 with a quarter of its memory: 32 MiB and a quarter of a second for one attempt. */
const cost = { N: 32_768, r: 8, p: 3 };
const bytes = 32;
/** Bounds for what a hash in the file may ask for: a wrong number must not take the machine's memory. */
const maxMemory = 128 * 1024 * 1024;
const format = /^scrypt:(\d{1,7}):(\d{1,2}):(\d{1,2}):([A-Za-z0-9_-]{16,64}):([A-Za-z0-9_-]{43})$/;

export const shortestPassword = 10;
const longestPassword = 256;

/** What is wrong with a new password; undefined when nothing is. Length is what counts (NIST SP 800-63B): no rules about signs. */
export function passwordProblem(password: string, name: string): string | undefined {
  const length = [...password].length;
  if (length < shortestPassword) return `The password has ${length} characters: use ${shortestPassword} or more.`;
  if (length > longestPassword) return `The password has ${length} characters: use ${longestPassword} or fewer.`;
  if (password.toLowerCase().includes(name.toLowerCase()) && length < name.length + shortestPassword)
    return "The password is the name and little more: choose another.";
  return undefined;
}

export async function hashPassword(password: string, { N, r, p } = cost): Promise<string> {
  const salt = randomBytes(16);
  const key = await derive(password, salt, { N, r, p });
  return ["scrypt", N, r, p, salt.toString("base64url"), key.toString("base64url")].join(":");
}

export const isPasswordHash = (hash: unknown): hash is string => typeof hash === "string" && format.test(hash);

/** Whether it is that password. Takes as long for a hash that is none (`undefined`: there is no such user). */
export async function isPassword(password: string, hash: string | undefined): Promise<boolean> {
  const [, N, r, p, salt = "", expected = ""] = format.exec(hash ?? "") ?? [];
  const known = expected !== "";
  const given = password.length <= longestPassword * 2 ? password : "";
  const key = await derive(
    given,
    known ? Buffer.from(salt, "base64url") : Buffer.alloc(16),
    known ? { N: Number(N), r: Number(r), p: Number(p) } : cost,
  );
  const isSame = timingSafeEqual(key, known ? Buffer.from(expected, "base64url") : Buffer.alloc(bytes));
  return known && isSame && given !== "";
}

function derive(password: string, salt: Buffer, { N, r, p }: typeof cost): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // The same password from another keyboard is the same password.
    scrypt(password.normalize("NFKC"), salt, bytes, { N, r, p, maxmem: maxMemory }, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
}
