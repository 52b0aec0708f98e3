/** What one message, and one sample of it, may hold. */
export interface IngestLimits {
  /** @default 1 MiB */
  maxBytes: number;
  /** Objects and arrays inside each other. @default 32 */
  maxDepth: number;
  /** Properties of one sample, after flattening. @default 2000 */
  maxKeys: number;
}

export const defaultLimits: IngestLimits = { maxBytes: 1024 * 1024, maxDepth: 32, maxKeys: 2000 };
