/**
 * Owns the access matrix as Cedar: a schema and policies that permit exactly what a cell says `allow` to, so that Cedar's
 * own analysis can be asked about it. What code decides is not in them: Cedar denies what nothing permits.
 *
 * Principals are parties, actions are `kind:name` (the bare kind for names nobody declared), resources are actors in the type
 * they are of, and services. `byward/cedar` asks in these words.
 */
import { ConfigurationError } from "../boundary/errors.ts";
import type { Matrix, MatrixRow } from "./matrix.ts";

export interface CedarExport {
  /** A Cedar schema, in its own syntax. */
  readonly schema: string;
  readonly policies: string;
}

/** Names that Cedar keeps for itself, and those of our own types. */
const RESERVED: ReadonlySet<string> = new Set([
  ...["true", "false", "if", "then", "else", "in", "is", "like", "has", "__cedar", "Bool", "String", "Long", "Set"],
  ...["Record", "Entity", "Extension", "Action", "Actor", "ActorType", "Service"],
]);

/**
 * The matrix as Cedar.
 *
 * @throws ConfigurationError `access.cedar_name` for a party whose name Cedar or the schema keeps
 */
export function renderCedar(matrix: Matrix): CedarExport {
  for (const { name } of matrix.parties) {
    if (!RESERVED.has(name)) continue;
    throw new ConfigurationError(
      "access.cedar_name",
      `The party "${name}" has a name that the exported Cedar schema keeps for itself. Give it another one.`,
    );
  }
  return { schema: renderSchema(matrix), policies: renderPolicies(matrix) };
}

/** The action of a row; names that nobody declared have the kind's own. */
export function cedarActionOf({ kind, name }: Pick<MatrixRow, "kind" | "name">): string {
  return name === undefined || name === "*" ? kind : `${kind}:${name}`;
}

function renderSchema({ parties, rows }: Matrix): string {
  const principals = parties.map(({ name }) => name).join(", ");
  const applies = `appliesTo { principal: [${principals}], resource: [Actor, Service] }`;
  const kinds = [...new Set(rows.map(({ kind }) => kind))];
  const named = [...new Set(rows.filter(({ name }) => name !== undefined && name !== "*").map(cedarActionOf))];
  return [
    "// Who may come, to what. Written from the access matrix.",
    ...parties.map(({ name, refines }) =>
      refines === undefined
        ? `entity ${name};`
        : `// ${oneLine(refines.requires)}\nentity ${name} in [${refines.base}];`,
    ),
    "entity ActorType;",
    "entity Actor in [ActorType];",
    "entity Service;",
    ...kinds.map((kind) => `action ${text(kind)} ${applies};`),
    ...named.map((action) => `action ${text(action)} in [${text(action.slice(0, action.indexOf(":")))}] ${applies};`),
    "",
  ].join("\n");
}

function renderPolicies({ rows }: Matrix): string {
  const policies = rows.flatMap((row) => {
    const permitted = partiesWith(row, ["allow"]);
    const open = partiesWith(row, ["?", "depends"]);
    const title = `${row.owner} ${row.kind}${row.name === undefined ? "" : ` ${row.name}`}`;
    return [
      ...(open.length === 0 ? [] : [`// ${oneLine(title)}: code decides for ${open.join(", ")}`]),
      ...(permitted.length === 0 ? [] : [renderPermit(row, actionTest(row, rows), title, permitted)]),
    ];
  });
  return `// What the access matrix allows without asking code. Everything else is denied.\n${policies.join("\n")}\n`;
}

function partiesWith(row: MatrixRow, verdicts: readonly string[]): readonly string[] {
  return Object.entries(row.cells).flatMap(([party, verdict]) => (verdicts.includes(verdict) ? [party] : []));
}

/** Where every name is open, so are those that another actor declares, which are actions of their own in the schema. */
function actionTest(row: MatrixRow, rows: readonly MatrixRow[]): string {
  const isOpen =
    row.name === "*" && !rows.some((other) => other !== row && other.owner === row.owner && other.kind === row.kind);
  return `action ${isOpen ? "in" : "=="} Action::${text(cedarActionOf(row))}`;
}

function renderPermit(row: MatrixRow, action: string, title: string, parties: readonly string[]): string {
  const resource =
    row.of === "actor" ? `resource in ActorType::${text(row.owner)}` : `resource == Service::${text(row.owner)}`;
  const who = parties.map((party) => `principal is ${party}`).join(" || ");
  return `@id(${text(title)})\npermit (principal, ${action}, ${resource})\nwhen { ${who} };`;
}

/** A string of Cedar: escapes of Rust. */
function text(value: string): string {
  const escaped = value.replace(/["\\]/g, "\\$&");
  return `"${escaped.replace(/[^ -~]/gu, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`)}"`;
}

/** Within a comment. */
function oneLine(value: string): string {
  return value.replace(/[^ -~]/gu, "?");
}
