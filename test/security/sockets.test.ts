import { strict as assert } from "node:assert";
import { EventEmitter } from "node:events";
import { keyOf, type Sessions } from "../../security/sessions";
import { openSockets, type PageSocket, signedInSockets } from "../../security/sockets";

type Judge = (packet: unknown[], pass: () => void) => void;

/** A page's connection, as socket.io hands it to its middleware. */
class FakeSocket extends EventEmitter {
  request: unknown;
  data = {};
  cut = 0;
  judge: Judge = () => undefined;
  constructor(host: string) {
    super();
    this.request = { headers: { host }, sessionID: "s", socket: {} };
  }
  use(judge: Judge): void {
    this.judge = judge;
  }
  disconnect(): void {
    this.cut++;
  }
  /** Whether the server lets that packet through. */
  passes(...packet: unknown[]): boolean {
    let passed = false;
    this.judge(packet, () => {
      passed = true;
    });
    return passed;
  }
}
const asPage = (socket: FakeSocket): PageSocket => socket as unknown as PageSocket;

describe("the connections of the pages", () => {
  it("lets go of a page that is closed after a full deploy, and cuts off the one that is open", () => {
    let end = (_key: string): void => undefined;
    const sessions = {
      who: () => ({ name: "anna", role: "operator" }),
      seen: () => undefined,
      onEnd: (listener: (key: string, name: string, why: string) => void) => {
        end = (key) => listener(key, "anna", "idle");
      },
    } as unknown as Sessions;
    const middleware = signedInSockets({
      session: (_req, _res, next) => next(),
      sessions,
      log: { record: () => undefined },
      now: () => 0,
    });
    const [closed, open] = [new FakeSocket("127.0.0.1:1880"), new FakeSocket("127.0.0.1:1880")];
    for (const socket of [closed, open]) {
      middleware(asPage(socket), (error) => assert.equal(error, undefined));
      // What the dashboard's ui-base does with every connection at a full deploy.
      socket.removeAllListeners("disconnect");
    }
    closed.emit("disconnecting");
    closed.emit("disconnect");
    end(keyOf("s"));
    assert.deepEqual([closed.cut, open.cut], [0, 1]);
  });

  for (const [host, acts] of [
    ["127.0.0.1:1880", true],
    ["localhost", true],
    ["[::1]:1880", true],
    ["evil.example:1880", false],
    ["127.0.0.1.evil.example", false],
    ["127.evil.example", false],
    ["", false],
  ] as const)
    it(`without users ${acts ? "lets" : "does not let"} a page act under the name ${JSON.stringify(host)}`, () => {
      const socket = new FakeSocket(host);
      openSockets({ readOnly: false })(asPage(socket), (error) => assert.equal(error, undefined));
      assert.equal(socket.passes("widget-action", "button", {}), acts);
    });

  describe("that only look", () => {
    const widgets = {
      quality: { type: "ui-template", props: { className: "mt-plain mt-look" } },
      orders: { type: "ui-template", props: { className: "mt-looking" } },
      button: { type: "ui-button", props: { className: "mt-look" } },
    };
    function lookingPage(): FakeSocket {
      const socket = new FakeSocket("127.0.0.1");
      openSockets({ readOnly: true })(asPage(socket), (error) => assert.equal(error, undefined));
      return socket;
    }
    const look = { topic: "look", payload: { twin: "press-6", minutes: 60, auto: true } };

    it("may ask the widgets that answer looks, once the page knows of them, and no other widget", () => {
      const socket = lookingPage();
      assert.equal(socket.passes("widget-send", "quality", look), false);
      socket.emit("ui-config", "ui", { widgets });
      assert.equal(socket.passes("widget-send", "quality", look), true);
      for (const id of ["orders", "button", "nothing", undefined, ["quality"]])
        assert.equal(socket.passes("widget-send", id, look), false, String(id));
    });
    it("may say nothing else there", () => {
      const socket = lookingPage();
      socket.emit("ui-config", "ui", { widgets });
      for (const message of [{ ...look, topic: "train" }, { payload: 1 }, [look], [[look]], "look", null, undefined])
        assert.equal(socket.passes("widget-send", "quality", message), false, JSON.stringify(message));
      for (const event of ["widget-action", "widget-change", "their-event"])
        assert.equal(socket.passes(event, "quality", look), false, event);
    });
    it("are understood in plain values only", () => {
      const socket = lookingPage();
      socket.emit("ui-config", "ui", { widgets });
      const packet = [
        "widget-send",
        "quality",
        {
          topic: "look",
          command: "stop",
          ui_update: { format: "<script>" },
          user: { name: "ada", role: "admin" },
          payload: {
            twins: ["a", { b: 1 }, 2],
            deep: { a: 1 },
            "not a key": 1,
            __proto__: { x: 1 },
            long: "x".repeat(999),
          },
        },
      ];
      socket.judge(packet, () => undefined);
      assert.deepEqual(packet[2], {
        topic: "look",
        payload: { twins: ["a", undefined, 2], deep: undefined, long: "x".repeat(200) },
      });
    });
  });

  it("are kept signed in by what somebody does, not by what a page asks by itself", () => {
    let seen = 0;
    const sessions = {
      who: () => ({ name: "anna", role: "operator" }),
      seen: () => seen++,
      onEnd: () => undefined,
    } as unknown as Sessions;
    const socket = new FakeSocket("127.0.0.1");
    signedInSockets({
      session: (_req, _res, next) => next(),
      sessions,
      log: { record: () => undefined },
      now: () => 0,
    })(asPage(socket), () => undefined);
    socket.passes("widget-load", "quality");
    socket.passes("widget-send", "quality", { topic: "look", payload: { auto: true } });
    assert.equal(seen, 0);
    socket.passes("widget-send", "quality", { topic: "look", payload: {} });
    assert.equal(seen, 1);
  });
});
