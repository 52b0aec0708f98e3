import { Redis } from "ioredis";

/** Compare and set: the property and the next revision, when the twin is at the revision that is expected. */
const compareAndSet = `
if redis.call('HGET', KEYS[1], 'rev') ~= ARGV[1] then return redis.error_reply('version-conflict') end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[3], 'ts:' .. ARGV[2], ARGV[4], 'rev', ARGV[1] + 1)
return 1`;

export interface RedisTwins {
  write(id: string, ts: number, name: string, value: number): Promise<unknown>;
  fill(
    count: number,
    properties: number,
    twinName: (k: number) => string,
    propertyName: (k: number) => string,
  ): Promise<void>;
}

/** Twins as hashes in Redis. What is sent in one turn goes in one pipeline, as fast as ioredis can. */
export async function openRedisTwins(port: number): Promise<RedisTwins> {
  const redis = new Redis({ port, host: "127.0.0.1", enableAutoPipelining: true });
  redis.defineCommand("compareAndSet", { numberOfKeys: 1, lua: compareAndSet });
  const set = (redis as unknown as { compareAndSet(...args: (string | number)[]): Promise<unknown> }).compareAndSet;
  const revs = new Map<string, number>();
  return {
    async write(id, ts, name, value) {
      const rev = revs.get(id) ?? 0;
      await set.call(redis, id, rev, name, value, ts);
      revs.set(id, rev + 1);
    },
    async fill(count, properties, twinName, propertyName) {
      for (let from = 0; from < count; from += 500) {
        const ids = Array.from({ length: Math.min(500, count - from) }, (_, k) => twinName(from + k));
        await Promise.all(
          ids.map((id, at) => {
            const fields = Array.from({ length: properties }, (_, k) => {
              const name = propertyName(k);
              return [name, from + at + k / 4, `ts:${name}`, 1];
            });
            revs.set(id, 1);
            return redis.hset(id, "rev", 1, ...fields.flat());
          }),
        );
      }
    },
  };
}
