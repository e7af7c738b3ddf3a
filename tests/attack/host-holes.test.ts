/** Holes of hosts: each is found by its own rule. What a sound registry is told is in `sound.test.ts`. */
import { findEach } from "./find.ts";
import { HOST_HOLES } from "./holes.ts";

findEach(HOST_HOLES);
