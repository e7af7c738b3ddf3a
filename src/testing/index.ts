/** The public names of `byward/testing`. */
export type { TestClock } from "./clock.ts";
export type { InternalOptions, Member, SignOptions, TokenOptions } from "./credentials.ts";
export {
  type Access,
  type AccessMatrix,
  AccessMismatch,
  type AccessRow,
  type ExpectAccessOptions,
  expectAccess,
} from "./expect-access.ts";
export type { LogLine } from "./session.ts";
export { type AsOptions, type SetupTestOptions, setupTest, type TestKit, type TestScope } from "./setup-test.ts";
