/** Holes of handlers: each is found by its own rule. What a sound registry is told is in `sound.test.ts`. */
import { findEach } from "./find.ts";
import { HANDLER_HOLES } from "./holes.ts";

findEach(HANDLER_HOLES);
