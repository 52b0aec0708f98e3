import assert from "node:assert/strict";
import { createServer, type IncomingMessage, request, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { type FaultProxy, startProxy } from "./proxy";
import { comesTrue } from "./stage";

describe("test/faults/proxy", () => {
  let server: Server;
  let proxy: FaultProxy;
  /** Bodies that arrived whole. */
  let arrived: string[];
  const clients: Socket[] = [];

  beforeEach(async () => {
    arrived = [];
    server = createServer(async (incoming, response) => {
      const body = await text(incoming).catch(() => undefined);
      if (body !== undefined) arrived.push(body);
      response.end("taken");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    proxy = await startProxy((server.address() as AddressInfo).port);
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy();
    await proxy.close();
    server.closeAllConnections();
    server.close();
  });

  /** One request on a connection of its own: the answer, or the code of the error. */
  function post(body: string): Promise<{ status?: number; retryAfter?: string; said: string }> {
    return new Promise((resolve) => {
      const options = { port: proxy.port, host: "127.0.0.1", method: "POST", agent: false as const };
      const failed = (error: Error & { code?: string }): void => resolve({ said: error.code ?? error.message });
      const sending = request(options, (answer: IncomingMessage) => {
        const { statusCode: status, headers } = answer;
        const retryAfter = headers["retry-after"];
        text(answer).then((said) => resolve({ status, said, ...(retryAfter ? { retryAfter } : {}) }), failed);
      });
      sending.on("socket", (socket) => clients.push(socket));
      sending.on("error", failed);
      sending.end(body);
    });
  }

  const isOpen = async (answer: Promise<unknown>): Promise<boolean> => {
    const open = Symbol("open");
    return (await Promise.race([answer, new Promise((resolve) => setTimeout(resolve, 100, open))])) === open;
  };

  it("forwards what comes, both ways", async () => {
    assert.deepEqual(await post("one"), { status: 200, said: "taken" });
    assert.deepEqual(arrived, ["one"]);
    assert.equal(proxy.hits(), 0);
  });

  it("holds everything while it stalls, and then lets it go on", async () => {
    await proxy.set({ kind: "stall" });
    const answer = post("one");
    assert.ok(await isOpen(answer));
    assert.deepEqual(arrived, []);
    await proxy.set({ kind: "none" });
    assert.deepEqual(await answer, { status: 200, said: "taken" });
  });

  it("resets all connections", async () => {
    await proxy.set({ kind: "stall" });
    const answer = post("one");
    assert.ok(await comesTrue(() => clients[0]?.readyState === "open", 5000, 5));
    assert.ok(await isOpen(answer));
    proxy.cut();
    assert.deepEqual(await answer, { said: "ECONNRESET" });
    assert.deepEqual(arrived, []);
    assert.equal(proxy.hits(), 1);
  });

  it("drops the answer of a request that arrived, and goes on dropping on that connection", async () => {
    await proxy.set({ kind: "drop", direction: "toClient", afterBytes: 0 });
    const answer = post("one");
    assert.ok(await comesTrue(() => proxy.hits() === 1, 5000, 5));
    assert.deepEqual(arrived, ["one"]);
    await proxy.set({ kind: "none" });
    assert.ok(await isOpen(answer));
    assert.equal((await post("two")).status, 200);
    proxy.cut();
    assert.deepEqual(await answer, { said: "ECONNRESET" });
  });

  it("cuts in the middle of a request, and in the middle of an answer", async () => {
    await proxy.set({ kind: "cut", direction: "toServer", afterBytes: 1000 });
    assert.deepEqual(await post("x".repeat(5000)), { said: "ECONNRESET" });
    assert.deepEqual(arrived, []);
    await proxy.set({ kind: "cut", direction: "toClient", afterBytes: 20 });
    assert.deepEqual(await post("one"), { said: "ECONNRESET" });
    assert.deepEqual(arrived, ["one"]);
  });

  it("delays, and delivers what was sent by somebody who has gone", async () => {
    await proxy.set({ kind: "delay", ms: 300 });
    const began = performance.now();
    const answer = post("one");
    assert.ok(await comesTrue(() => clients[0]?.bytesWritten !== undefined && clients[0].bytesWritten > 0, 5000, 5));
    assert.ok(await isOpen(answer));
    clients[0]?.destroy();
    assert.ok(await comesTrue(() => arrived.length === 1, 5000, 5));
    assert.ok(performance.now() - began >= 299);
  });

  it("refuses new connections, and leaves those of now alone", async () => {
    const client = connect(proxy.port, "127.0.0.1");
    clients.push(client);
    await new Promise((resolve) => client.once("connect", resolve));
    await proxy.set({ kind: "refuse" });
    assert.deepEqual(await post("one"), { said: "ECONNREFUSED" });
    client.write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\ntwo");
    assert.ok(await comesTrue(() => arrived.includes("two"), 5000, 5));
    await proxy.set({ kind: "none" });
    assert.equal((await post("three")).status, 200);
  });

  it("answers 503 with Retry-After for a request of any size, which does not arrive", async () => {
    await proxy.set({ kind: "unavailable", retryAfterS: 2 });
    for (const size of [1, 1_000_000])
      assert.deepEqual(await post("x".repeat(size)), { status: 503, said: "", retryAfter: "2" });
    await proxy.set({ kind: "none" });
    assert.deepEqual(arrived, []);
    assert.equal((await post("one")).status, 200);
  });
});
