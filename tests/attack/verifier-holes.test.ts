/** Holes of verifiers: each is found by its own rule. What a sound registry is told is in `sound.test.ts`. */
import { findEach } from "./find.ts";
import { VERIFIER_HOLES } from "./holes.ts";

findEach(VERIFIER_HOLES);
