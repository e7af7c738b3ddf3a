/** The public names of `byward/testing`. */
export type { TestClock } from "./clock.ts";
export { conformanceOptions } from "./conformance/actors.ts";
export {
  type ConformanceCase,
  type ConformanceOptions,
  hostConformance,
  type RunningHost,
} from "./conformance/suite.ts";
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
export {
  type AnyTestKit,
  type AsOptions,
  type SetupTestOptions,
  setupTest,
  type TestKit,
  type TestScope,
} from "./setup-test.ts";
