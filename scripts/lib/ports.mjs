// Whether a port is free, before something else fails on it less clearly.
import { createServer } from "node:net";

/** undefined when the address can be listened on, else the error code. */
export function whyTaken(host, port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error) => resolve(error.code ?? String(error)));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

/** Words for a port that cannot be had; `variable` is the setting that chooses it. */
export function portMessage(what, variable, host, port, code) {
  if (code === "EADDRINUSE")
    return `Port ${port} is taken, and ${what} needs it: stop the program that uses it (perhaps another MediTwin), or choose another port with ${variable}, as in ${variable}=${port + 1} npm start.`;
  if (code === "EACCES")
    return `Port ${port} may not be used by this user (ports below 1024 are for root): choose another one with ${variable}, as in ${variable}=1880 npm start.`;
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND")
    return `HOST is ${host}, which is no address of this machine: use 127.0.0.1, 0.0.0.0 or one of its own.`;
  return `Cannot listen on ${host}:${port} (${code}): see ${variable} and HOST.`;
}
