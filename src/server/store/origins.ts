import { hash } from "node:crypto";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Origin } from "../otlp/rows.ts";
import { attributesJson } from "../reading/contents.ts";
import { serviceOf } from "../reading/span-facts.ts";

const ADD = `
  insert into origin (hash, service, scope_name, scope_version, resource)
  values (:hash, :service, :scopeName, :scopeVersion, :resource) on conflict do nothing`;
const FIND = "select id from origin where hash = :hash";
const MAX_KNOWN = 1024;

/** Resources with their scopes, each kept once. */
export class Origins {
  readonly #add: StatementSync;
  readonly #find: StatementSync;
  /** Items of one origin stand together. */
  #last: { readonly origin: Origin; readonly id: number } | undefined;
  readonly #known = new Map<string, number>();

  constructor(database: DatabaseSync) {
    this.#add = database.prepare(ADD);
    this.#find = database.prepare(FIND);
  }

  idOf(origin: Origin): number {
    if (origin === this.#last?.origin) return this.#last.id;
    const resource = attributesJson(origin.resource);
    const { scopeName, scopeVersion } = origin;
    const digest = hash("sha256", `${resource}\0${scopeName}\0${scopeVersion}`, "buffer");
    const text = digest.toString("latin1");
    const id = this.#known.get(text) ?? this.#store(digest, resource, origin);
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.set(text, id);
    this.#last = { origin, id };
    return id;
  }

  /** After a rollback. */
  clear(): void {
    this.#last = undefined;
    this.#known.clear();
  }

  #store(
    digest: Buffer,
    resource: string,
    { resource: list, scopeName, scopeVersion }: Origin,
  ): number {
    this.#add.run({ hash: digest, service: serviceOf(list), scopeName, scopeVersion, resource });
    return Number(this.#find.get({ hash: digest })?.["id"]);
  }
}
