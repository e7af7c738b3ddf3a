/**
 * Owns comparison of digests: time depends on the length only. The length of a digest is public, its bytes are not
 * (comparing with `===` lets a peer find a valid signature byte by byte).
 */
export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  let difference = 0;
  for (let index = 0; index < left.length; index++) {
    difference |= (left[index] as number) ^ (right[index] as number);
  }
  return difference === 0;
}
