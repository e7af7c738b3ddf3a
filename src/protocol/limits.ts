/** Owns the bounds of encodings and frames. Both directions use the same ones: what is written can be read. */

/** Levels of nesting in the text; a Map adds three. */
export const MAX_DEPTH = 512;

/** Decimal digits of a bigint: reading one costs more than linear time. */
export const MAX_BIGINT_DIGITS = 4096;

/** Largest time a Date holds, ms (ECMA-262, time values). */
export const MAX_TIME = 8.64e15;

/** Messages in one frame. */
export const MAX_BATCH = 256;

/** Characters of a name, or of an idempotency id. */
export const MAX_NAME = 256;
