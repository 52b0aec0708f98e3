import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

export type Direction = "toServer" | "toClient";

/** What befalls every connection, those of now and those to come, until another fault is set. Bytes count from then on. */
export type Fault =
  | { kind: "none" }
  /** Half-open: connections are accepted and held, and nothing is forwarded, not even their end. It is kept for later. */
  | { kind: "stall" }
  /** Everything arrives so much later, also what was sent by somebody who has gone by then. */
  | { kind: "delay"; ms: number }
  /** What comes after so many bytes is swallowed, also the end, for as long as that connection lives, whatever is set later. */
  | { kind: "drop"; direction: Direction; afterBytes: number }
  /** The connection is reset after so many bytes. */
  | { kind: "cut"; direction: Direction; afterBytes: number }
  /** Nobody listens any more. The connections of now go on. */
  | { kind: "refuse" }
  /** HTTP: each request is answered 503 with Retry-After, and what is left of it does not arrive. */
  | { kind: "unavailable"; retryAfterS: number };

/** Stands between a client and a server on 127.0.0.1. Reads whatever comes: not for streams that outgrow memory. */
export interface FaultProxy {
  readonly port: number;
  /** Connections that were reset or became lossy, and requests answered 503. */
  hits(): number;
  set(fault: Fault): Promise<void>;
  /** Resets all connections. */
  cut(): void;
  close(): Promise<void>;
}

interface Lane {
  direction: Direction;
  from: Socket;
  to: Socket;
  waiting: { due: number; act(): void }[];
  passed: number;
  isLossy: boolean;
}

interface Link {
  client: Socket;
  server: Socket;
  lanes: Lane[];
}

export async function startProxy(serverPort: number): Promise<FaultProxy> {
  let fault: Fault = { kind: "none" };
  let hits = 0;
  const links = new Set<Link>();
  const listener = createServer({ noDelay: true }, open);
  const listen = async (on: number): Promise<void> => {
    listener.listen(on, "127.0.0.1");
    await once(listener, "listening");
  };
  await listen(0);
  const { port } = listener.address() as { port: number };

  function open(client: Socket): void {
    const server = connect({ port: serverPort, host: "127.0.0.1", noDelay: true });
    const fresh = { passed: 0, isLossy: false };
    const there: Lane = { direction: "toServer", from: client, to: server, waiting: [], ...fresh };
    const back: Lane = { direction: "toClient", from: server, to: client, waiting: [], ...fresh };
    const link = { client, server, lanes: [there, back] };
    links.add(link);
    for (const one of link.lanes) {
      one.from.on("error", () => undefined);
      one.from.on("data", (chunk: Buffer) => later(one, () => deliver(link, one, chunk)));
      one.from.on("close", (failed) => {
        later(one, () => one.isLossy || (failed ? resetSocket(one.to) : one.to.end()));
        if (client.destroyed && server.destroyed) links.delete(link);
      });
    }
  }

  function later(lane: Lane, act: () => void): void {
    lane.waiting.push({ due: performance.now() + (fault.kind === "delay" ? fault.ms : 0), act });
    flush(lane);
  }

  /** In order: what comes after a delay does not overtake what is still on its way. */
  function flush(lane: Lane): void {
    if (fault.kind === "stall") return;
    for (let [first] = lane.waiting; first; [first] = lane.waiting) {
      const leftMs = first.due - performance.now();
      if (leftMs > 0) return void setTimeout(() => flush(lane), Math.ceil(leftMs)).unref();
      lane.waiting.shift();
      first.act();
    }
  }

  function deliver(link: Link, lane: Lane, chunk: Buffer): void {
    if (lane.isLossy) return;
    lane.passed += chunk.length;
    if (fault.kind === "unavailable" && lane.direction === "toServer") answerUnavailable(link, lane, fault.retryAfterS);
    else if ((fault.kind === "drop" || fault.kind === "cut") && fault.direction === lane.direction) {
      const { kind } = fault;
      const beyond = lane.passed - fault.afterBytes;
      const isHit = beyond > 0;
      lane.isLossy = isHit;
      if (isHit && kind === "drop") hits++;
      lane.to.write(isHit ? chunk.subarray(0, Math.max(0, chunk.length - beyond)) : chunk, () => {
        if (isHit && kind === "cut") reset(link);
      });
    } else lane.to.write(chunk);
  }

  function answerUnavailable({ client, server }: Link, lane: Lane, retryAfterS: number): void {
    hits++;
    // What else comes of the request is read and forgotten: a reset would overtake the answer.
    lane.isLossy = true;
    server.destroy();
    const fields = `Retry-After: ${retryAfterS}\r\nContent-Length: 0\r\nConnection: close`;
    client.end(`HTTP/1.1 503 Service Unavailable\r\n${fields}\r\n\r\n`);
  }

  function reset(link: Link): void {
    if (!links.delete(link)) return;
    hits++;
    for (const lane of link.lanes) lane.waiting = [];
    resetSocket(link.client);
    resetSocket(link.server);
  }

  return {
    port,
    hits: () => hits,
    async set(next) {
      fault = next;
      if (next.kind === "refuse") listener.close();
      else if (!listener.listening) await listen(port);
      for (const lane of [...links].flatMap((link) => link.lanes)) {
        lane.passed = 0;
        flush(lane);
      }
    },
    cut: () => [...links].forEach(reset),
    async close() {
      listener.close();
      [...links].forEach(reset);
    },
  };
}

/** A socket that is closing already cannot be reset: libuv refuses, and the event loop spins. */
const resetSocket = (socket: Socket): Socket =>
  socket.writableEnded || socket.destroyed ? socket.destroy() : socket.resetAndDestroy();
