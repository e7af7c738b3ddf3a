import { storeSuite } from "../store-suite.ts";
import { MemoryStore } from "./store.ts";

storeSuite(async () => ({ store: new MemoryStore() }));
