/**
 * Owns whole WebSocket frames of a server (RFC 6455 §5.2: final, unmasked, not compressed), so that a frame is one buffer
 * and one write; `ws` writes head and payload apart.
 */

const TEXT = 0x81;
const BINARY = 0x82;

/** One message as one frame. */
export function frameOf(data: string | Uint8Array): Buffer {
  const size = typeof data === "string" ? Buffer.byteLength(data) : data.byteLength;
  const head = size < 126 ? 2 : size < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(head + size);
  frame[0] = typeof data === "string" ? TEXT : BINARY;
  if (head === 2) frame[1] = size;
  else if (head === 4) {
    frame[1] = 126;
    frame[2] = size >> 8;
    frame[3] = size & 255;
  } else {
    frame[1] = 127;
    // The upper half is zero: no message has 4 GiB.
    frame.writeUInt32BE(0, 2);
    frame.writeUInt32BE(size, 6);
  }
  if (typeof data === "string") frame.write(data, head, size, "utf8");
  else frame.set(data, head);
  return frame;
}
