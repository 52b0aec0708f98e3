/** What a page of the dashboard says to the server and hears from it: socket.io's protocol over plain requests. */
export interface Page {
  /** Sends an event, as a widget does. */
  say(event: string, ...args: unknown[]): Promise<void>;
  /** The next event of that name that the server sent. */
  heard(event: string): Promise<unknown[]>;
}

/** Opens a page's connection; rejects when the server does not let it in. */
export async function openPage(url: string, headers: Record<string, string> = {}): Promise<Page> {
  const address = `${url}/dashboard/socket.io/?EIO=4&transport=polling`;
  const ask = async (query = "", body?: string): Promise<string> => {
    const response = await fetch(address + query, { method: body ? "POST" : "GET", body, headers });
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    return response.text();
  };
  const { sid } = JSON.parse((await ask()).slice(1)) as { sid: string };
  await ask(`&sid=${sid}`, "40");
  const events: unknown[][] = [];
  const listen = async (): Promise<void> => {
    for (const packet of (await ask(`&sid=${sid}`)).split("\u001e")) {
      if (packet.startsWith("44")) throw new Error(`not let in: ${packet.slice(2)}`);
      if (packet.startsWith("42")) events.push(JSON.parse(packet.slice(2)) as unknown[]);
      // A ping wants its pong.
      if (packet === "2") await ask(`&sid=${sid}`, "3");
    }
  };
  await listen();
  return {
    async say(event, ...args) {
      await ask(`&sid=${sid}`, `42${JSON.stringify([event, ...args])}`);
    },
    async heard(event) {
      for (;;) {
        const at = events.findIndex(([name]) => name === event);
        if (at >= 0) return events.splice(at, 1)[0]?.slice(1) ?? [];
        await listen();
      }
    },
  };
}
