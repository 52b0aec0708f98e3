import { strict as assert } from "node:assert";
import type { TwinEvent } from "../../nodes/twin-store/store";
import { createReplay, type Replay } from "../../nodes/twin-watch/replay";
import { createFakeTwins } from "./twin-watch.support";

/** A replay of twins with one letter, pages of 2, and what it tells: `a` the present state, `a*` a change, `a-` a deletion. */
function replayOf(ids: string, { isKnown = false } = {}) {
  const store = createFakeTwins();
  for (const id of ids) store.update(id);
  const told: string[] = [];
  const errors: unknown[] = [];
  let pages = 0;
  let hold: Promise<void> | undefined;
  const replay = createReplay({
    twins: {
      list(...question) {
        pages++;
        return store.twins.list(...question);
      },
    },
    filter: {},
    isKnown,
    pageSize: 2,
    room: async () => {
      await hold;
      return true;
    },
    present({ id }) {
      told.push(id);
      during[id]?.(replay);
      delete during[id];
    },
    tell: ({ id, after }: TwinEvent) => told.push(`${id}${after ? "*" : "-"}`),
    onError: (error) => errors.push(error),
  });
  store.twins.watch(replay.hear);
  /** What happens while that twin is told. */
  const during: Record<string, (replay: Replay) => void> = {};
  /** Waits for the pages that are to be told. */
  const settle = async (): Promise<string> => {
    for (let turn = 0; turn < 60; turn++) await new Promise(setImmediate);
    return told.join(" ");
  };
  return {
    store,
    replay,
    told,
    errors,
    during,
    settle,
    get pages() {
      return pages;
    },
    /** No room until the function that comes back is called. */
    noRoom(): () => void {
      let open: () => void = () => undefined;
      hold = new Promise((resolve) => {
        open = resolve;
      });
      return open;
    },
  };
}

describe("the rounds of a replay", () => {
  it("read each page once", async () => {
    const one = replayOf("abcdef");
    one.replay.begin();
    assert.equal(await one.settle(), "a b c d e f");
    assert.equal(one.pages, 3);
  });

  it("go on to the last, and then from the first through the page that was being told when it began anew", async () => {
    const one = replayOf("abcdefgh");
    one.during.c = (replay) => replay.begin();
    one.replay.begin();
    assert.equal(await one.settle(), "a b c d e f g h a b c d");
  });

  it("are over then: the next replay is a whole one", async () => {
    const one = replayOf("abcd");
    one.during.c = (replay) => replay.begin();
    one.during.d = (replay) => replay.begin();
    one.replay.begin();
    await one.settle();
    one.told.length = 0;
    one.replay.begin();
    assert.equal(await one.settle(), "a b c d");

    const other = replayOf("abcd");
    other.during.b = (replay) => replay.begin();
    other.replay.begin();
    await other.settle();
    other.told.length = 0;
    other.replay.begin();
    assert.equal(await other.settle(), "a b c d");
  });

  it("tell nobody twice beyond where it began anew, however the pages lie then", async () => {
    const one = replayOf("acdefg");
    one.during.d = (replay) => replay.begin();
    // Pages a c | d e | f g before; a b | c d | e f after that.
    one.during.f = () => one.store.update("b");
    one.replay.begin();
    assert.equal(await one.settle(), "a c d e f g a b c d e");
  });

  it("are one whole round from the first when it begins anew between two rounds", async () => {
    const one = replayOf("abcd");
    one.during.b = (replay) => replay.begin();
    one.replay.begin();
    // The first round is told, and there is no room for the second.
    let open: () => void = () => undefined;
    one.during.d = () => {
      open = one.noRoom();
    };
    assert.equal(await one.settle(), "a b c d");
    one.replay.begin();
    open();
    assert.equal(await one.settle(), "a b c d a b c d");
  });
});

describe("what happens while a page is read", () => {
  it("is told of no twin that nobody has heard of when it is deleted before its page", async () => {
    const one = replayOf("abcd");
    one.store.holdPages("read");
    one.replay.begin();
    await one.settle();
    one.store.remove("b");
    one.store.remove("d");
    one.store.holdPages();
    // The page was read before: b is on it, and then gone. Nobody hears of d.
    assert.equal(await one.settle(), "a b b- c");
  });

  it("nor of one that is gone when its page is read", async () => {
    const one = replayOf("abcd");
    one.store.holdPages("unread");
    one.replay.begin();
    await one.settle();
    one.store.remove("b");
    one.store.update("c");
    one.store.holdPages();
    assert.equal(await one.settle(), "a c d");
  });

  it("is told of a twin that was known before", async () => {
    const one = replayOf("abcd", { isKnown: true });
    one.store.holdPages("unread");
    one.replay.begin();
    await one.settle();
    one.store.remove("b");
    one.store.remove("d");
    one.store.holdPages();
    assert.equal(await one.settle(), "b- d- a c");
  });

  for (const as of ["read", "unread"] as const)
    it(`is not lost where more happens than is kept, with a page that is ${as}: it is read anew`, async () => {
      const one = replayOf("abcd");
      one.store.holdPages(as);
      one.replay.begin();
      await one.settle();
      for (let k = 0; k < 10_001; k++) one.store.update("a");
      one.store.remove("b");
      one.store.holdPages();
      assert.equal(await one.settle(), "a c d");
      assert.equal(one.pages, 3, "the first page twice");
      one.store.update("a");
      assert.equal(await one.settle(), "a c d a*");
    });

  it("goes on to be told when a page cannot be read, and a later replay reads all", async () => {
    const one = replayOf("abcd");
    const { list } = one.store.twins;
    one.store.twins.list = async () => {
      one.store.update("a");
      throw new Error("the disk is gone");
    };
    one.replay.begin();
    await one.settle();
    assert.deepEqual(
      one.errors.map((error) => (error as Error).message),
      ["the disk is gone"],
    );
    one.store.update("b");
    assert.equal(await one.settle(), "b*");
    one.store.twins.list = list;
    one.replay.begin();
    assert.equal(await one.settle(), "b* a b c d");
  });
});
