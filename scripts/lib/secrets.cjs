// Secrets that are made once and kept in the home folder, readable by its owner only.
"use strict";
const { randomBytes } = require("node:crypto");
const { chmodSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } = require("node:fs");
const path = require("node:path");

/** The secret of that file; a new one when there is none yet. */
function keptSecret(home, name, bytes = 32) {
  const file = path.join(home, name);
  try {
    return read();
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
  }
  mkdirSync(home, { recursive: true });
  // Linked into place when whole: a start that is killed half-way leaves no empty secret, and two starts agree on one.
  const draft = `${file}.${process.pid}.tmp`;
  writeFileSync(draft, `${randomBytes(bytes).toString("base64url")}\n`, { mode: 0o600, flush: true });
  try {
    linkSync(draft, file);
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  return read();

  function read() {
    const secret = readFileSync(file, "utf8").trim();
    if (!secret) throw new Error(`${file} is empty: put the secret back, or delete the file to have a new one made.`);
    chmodSync(file, 0o600);
    return secret;
  }
}

module.exports = { keptSecret };
