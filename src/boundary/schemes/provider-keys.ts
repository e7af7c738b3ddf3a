/**
 * Owns the keys of one OpenID provider over time: discovery, the key set, its age, its rotation.
 *
 * P1 At most one request is under way, and one starts at most every `cooldown`, whatever tokens arrive: an unknown
 *    `kid` is free for a peer to invent.
 * P2 Keys older than `maxAge` are asked for again; while that fails they serve for `staleFor` more, then not at all.
 * P3 `generation` changes when a key that may have verified something is gone.
 */
import { isJsonObject, parseStrictJsonBytes } from "../json-strict.ts";
import { type KeySet, readKeySet } from "../jwt-keys.ts";
import type { SchemeEnvironment } from "../scheme.ts";
import { fetchDocument, readProviderUrl, type UrlRule } from "./guarded-fetch.ts";

/** Times in ms. */
export interface ProviderTimes {
  readonly maxAge: number;
  readonly cooldown: number;
  readonly staleFor: number;
  readonly timeout: number;
}

export interface ProviderAddress {
  readonly issuer: string;
  /** Null: discovered from the issuer, and then on the issuer's host. */
  readonly jwks: URL | null;
  readonly rule: UrlRule;
}

/**
 * Between attempts while there are no keys at all, so that a slow provider at start costs seconds and not half a
 * minute.
 */
const FIRST_KEYS_COOLDOWN = 5_000;

export class ProviderKeys {
  readonly #address: ProviderAddress;
  readonly #times: ProviderTimes;
  readonly #environment: SchemeEnvironment;
  #set: KeySet | null = null;
  #fetchedAt = 0;
  #attemptedAt: number | null = null;
  #underWay: Promise<void> | null = null;
  #generation = 0;

  constructor(address: ProviderAddress, times: ProviderTimes, environment: SchemeEnvironment) {
    this.#address = address;
    this.#times = times;
    this.#environment = environment;
  }

  get generation(): number {
    return this.#generation;
  }

  /** True while the keys are not older than `maxAge`. */
  isCurrent(now: number): boolean {
    return this.#set !== null && now - this.#fetchedAt < this.#times.maxAge;
  }

  /** The keys to use now; null when there are none. Waits for the provider only when they are too old. */
  async current(now: number): Promise<KeySet | null> {
    if (!this.isCurrent(now)) await this.#refresh(now);
    this.#dropStale(now);
    return this.#set;
  }

  /** The keys after a token named one that is not known; asks the provider where the cooldown allows it. */
  async renewed(now: number): Promise<KeySet | null> {
    await this.#refresh(now);
    this.#dropStale(now);
    return this.#set;
  }

  async #refresh(now: number): Promise<void> {
    if (this.#underWay === null) {
      const cooldown = this.#set === null ? Math.min(FIRST_KEYS_COOLDOWN, this.#times.cooldown) : this.#times.cooldown;
      const wait = this.#attemptedAt === null ? 0 : this.#attemptedAt + cooldown - now;
      // A clock that went back does not lengthen the cooldown.
      if (wait > 0 && wait <= cooldown) return;
      this.#attemptedAt = now;
      this.#underWay = this.#fetchSet(now).finally(() => {
        this.#underWay = null;
      });
    }
    await this.#underWay;
  }

  async #fetchSet(now: number): Promise<void> {
    const url = this.#address.jwks ?? (await this.#discover());
    const bytes = url === null ? null : await fetchDocument(url, this.#environment, this.#times.timeout);
    const set = bytes === null ? null : readKeySet(bytes);
    if (set === null) {
      this.#environment.warn(`The keys of ${this.#address.issuer} could not be fetched.`);
      return;
    }
    if (this.#set !== null && !containsAll(set, this.#set)) this.#generation += 1;
    this.#set = set;
    this.#fetchedAt = now;
  }

  /** OpenID Connect Discovery 1.0 §4: the document must name this very issuer. */
  async #discover(): Promise<URL | null> {
    const { issuer, rule } = this.#address;
    const address = new URL(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
    const bytes = await fetchDocument(address, this.#environment, this.#times.timeout);
    const json = bytes === null ? null : parseStrictJsonBytes(bytes);
    if (json === null || !json.ok || !isJsonObject(json.value) || json.value["issuer"] !== issuer) return null;
    const url = readProviderUrl(json.value["jwks_uri"], rule);
    if (url?.host === address.host && url.protocol === address.protocol) return url;
    this.#environment.warn(`${issuer} keeps its keys on another host. Name it: oidc({ issuer, jwks: "https://…" }).`);
    return null;
  }

  #dropStale(now: number): void {
    if (this.#set === null || now - this.#fetchedAt < this.#times.maxAge + this.#times.staleFor) return;
    this.#set = null;
    this.#generation += 1;
  }
}

function containsAll(next: KeySet, previous: KeySet): boolean {
  const known = new Set(next.keys.map(fingerprint));
  return previous.keys.every((key) => known.has(fingerprint(key)));
}

function fingerprint(key: KeySet["keys"][number]): string {
  return JSON.stringify([key.kid, key.algorithms, key.jwk]);
}
