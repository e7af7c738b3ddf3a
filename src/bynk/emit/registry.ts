/** A module that puts every context of a program into one registry: what `byward dev` serves. */
import type { Program } from "../check/model.ts";
import { modulePath } from "./emit.ts";
import { nameUnit } from "./module.ts";
import { dottedName, NameScope } from "./names.ts";

/** The text of a module beside the emitted ones that exports `registry`. */
export function emitRegistry(program: Program): string {
  const contexts = program.units.filter((unit) => unit.kind === "context" && !unit.firstParty);
  const scope = new NameScope(undefined, (name) => name === "setup" || name === "registry");
  const named = contexts.map((unit) => ({ unit, name: scope.claim(dottedName(unit.name)) }));
  const imports = named.map(
    ({ unit, name }) => `import { ${nameUnit(unit).definition} as ${name} } from "./${modulePath(unit)}";`,
  );
  const services = named.map(({ name }) => `...${name}`).join(", ");
  const lines = [
    'import { setup } from "byward";',
    ...imports,
    "",
    `export const registry = setup({ services: { ${services} } });`,
  ];
  return `${lines.join("\n")}\n`;
}
