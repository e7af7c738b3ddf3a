/** The public names of `byward/react`. */
export { type Byward, createByward, type UseActorOptions, type UseActorResult } from "./create-byward.ts";
