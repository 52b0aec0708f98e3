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
});
