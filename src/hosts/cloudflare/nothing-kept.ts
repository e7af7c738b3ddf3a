/** Owns the store of a runtime that holds no actor: there is nothing in it, and nothing can be put into it. */
import { type ActorStore, StoreError } from "../port.ts";

export class NothingKept implements ActorStore {
  load(): null {
    return null;
  }
  async commit(): Promise<void> {
    throw refused();
  }
  readQueue(): readonly [] {
    return [];
  }
  findQueueKey(): null {
    return null;
  }
  kvGet(): readonly [] {
    return [];
  }
  kvList(): readonly [] {
    return [];
  }
  replayGet(): null {
    return null;
  }
  replayCount(): number {
    return 0;
  }
  async replayPrune(): Promise<void> {}
  list(): readonly [] {
    return [];
  }
  async findById(): Promise<null> {
    return null;
  }
  due(): readonly [] {
    return [];
  }
  nextDue(): null {
    return null;
  }
  async putRevocation(): Promise<void> {
    throw refused();
  }
  listRevocations(): readonly [] {
    return [];
  }
  async putEpoch(): Promise<void> {
    throw refused();
  }
  getEpoch(): number {
    return 0;
  }
  async close(): Promise<void> {}
}

function refused(): StoreError {
  return new StoreError("failed", "This runtime holds no actor: nothing can be written here");
}
