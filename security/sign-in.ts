import { createThrottle } from "../engine/security/throttle";
import { isUserName, normalName } from "../engine/security/user";
import { networkOf } from "./http";
import { isPassword } from "./password";
import type { PeopleLog } from "./people-log";
import type { Account, Users } from "./users-file";

export type Verdict = { account: Account } | { wrong: true } | { waitMs: number };

/** Judges a name and a password. `address` is undefined where nobody knows it. */
export type SignIn = (name: string, password: string, address: string | undefined) => Promise<Verdict>;

const minuteMs = 60_000;
const ofName = { free: 5, firstWaitMs: 1000, maxWaitMs: minuteMs, forgetAfterMs: 15 * minuteMs };
const ofAddress = { free: 20, firstWaitMs: 1000, maxWaitMs: 5 * minuteMs, forgetAfterMs: 15 * minuteMs };
/** A check takes a quarter of a second of a core and 32 MiB: so many at once, and so many that wait for it. */
const maxChecks = 2;
const maxWaiting = 20;

export function createSignIn(options: {
  users: Users;
  log: PeopleLog;
  now(): number;
  /** @default isPassword */
  check?: typeof isPassword;
}): SignIn {
  const { users, log, now, check = isPassword } = options;
  const names = createThrottle(ofName);
  const addresses = createThrottle(ofAddress);
  const gate = createGate();

  return async (given, password, address) => {
    const name = normalName(given.slice(0, 200)).slice(0, 64);
    const network = address === undefined ? undefined : networkOf(address);
    const waitMs = Math.max(names.waitMs(name, now()), network === undefined ? 0 : addresses.waitMs(network, now()));
    if (waitMs > 0) return { waitMs };
    if (gate.isFull()) return { waitMs: 2000 };
    // Counted before it is judged: a hundred at the same time are a hundred.
    const wait = Math.max(names.failed(name, now()), network === undefined ? 0 : addresses.failed(network, now()));

    const account = isUserName(name) ? users.find(name) : undefined;
    const isRight = await gate.run(() => check(password, account?.password));
    if (isRight && account) {
      names.forgive(name);
      if (network !== undefined) addresses.takeBack(network);
      return { account };
    }
    log.record({ event: "sign-in failed", name: account?.name, address });
    if (wait > 0)
      log.record({ event: "sign-in slowed", name: account?.name, address, seconds: Math.ceil(wait / 1000) });
    return { wrong: true };
  };
}

function createGate() {
  let running = 0;
  const waiting: (() => void)[] = [];
  return {
    isFull: () => waiting.length >= maxWaiting,
    async run<Value>(work: () => Promise<Value>): Promise<Value> {
      if (running >= maxChecks) await new Promise<void>((resolve) => waiting.push(resolve));
      running++;
      try {
        return await work();
      } finally {
        running--;
        waiting.shift()?.();
      }
    },
  };
}
