import type { Socket } from "node:net";

/**
 * Ends a connection as soon as it announces an MQTT packet of more than `maxBytes`, before any of it is kept. aedes has
 * no such limit of its own, and MQTT allows 256 MB.
 *
 * It looks at what the broker reads, through the socket's own `read`, and follows the packets' lengths.
 */
export function limitPackets(socket: Socket, maxBytes: number): void {
  const read = socket.read.bind(socket);
  /** Bytes of the present packet still to come; -1: its first byte is next; -2: its length is being read. */
  let left = -1;
  let length = 0;
  let factor = 1;

  function fits(chunk: Buffer): boolean {
    let at = 0;
    while (at < chunk.length) {
      if (left > 0) {
        const step = Math.min(left, chunk.length - at);
        at += step;
        left -= step;
        if (left === 0) left = -1;
      } else if (left === -1) {
        at++;
        left = -2;
        length = 0;
        factor = 1;
      } else {
        const byte = chunk[at++] as number;
        length += (byte & 127) * factor;
        factor *= 128;
        if (length > maxBytes) return false;
        if (byte < 128) left = length === 0 ? -1 : length;
      }
    }
    return true;
  }

  socket.read = (size?: number): unknown => {
    const chunk: unknown = read(size);
    if (!Buffer.isBuffer(chunk) || fits(chunk)) return chunk;
    socket.destroy(new Error(`an MQTT packet of more than ${maxBytes} bytes`));
    return null;
  };
}
