/** What is found about `uses`, `consumes` and `exports`, and about foreign types. */
import { entry, text } from "../wording.ts";
import { nearEntry } from "./near.ts";

export const units = {
  "bynk.uses.name_conflict": entry({
    title: "name from two commons",
    message: text`both \`${"first"}\` and \`${"second"}\` bring \`${"name"}\``,
    label: text`brings \`${"name"}\` a second time`,
    hint: text`declare \`${"name"}\` in this unit, or use only one of the two`,
    explanation:
      "`uses` makes every type and function of a commons visible by its bare name. When two commons bring the same name, the bare name would be ambiguous; a declaration of this unit's own decides the matter.",
  }),
  "bynk.uses.self_reference": entry({
    title: "unit that uses itself",
    message: text`\`${"name"}\` uses itself`,
    label: text`this very unit`,
    hint: text`remove the clause: a unit sees its own names anyway`,
    explanation: "`uses` brings the names of another commons. A unit's own names are visible in all of its files.",
  }),
  "bynk.uses.target_is_context": entry({
    title: "`uses` of something that is no commons",
    message: text`\`${"name"}\` is a ${"kind"}, and \`uses\` takes a commons`,
    label: text`a ${"kind"}`,
    hint: text`write \`consumes ${"name"}\``,
    explanation:
      "`uses` copies the names of a library into this unit. A context or adapter is something that runs; it is consumed, so that the dependency is visible.",
  }),
  "bynk.uses.unknown_commons": nearEntry({
    title: "unknown commons",
    message: text`there is no commons \`${"name"}\``,
    label: text`not found`,
    hint: text`create it, or remove the clause`,
    explanation: "`uses a.b` names a commons of this project by its full dotted name.",
  }),
  "bynk.consumes.alias_conflict": entry({
    title: "alias already taken",
    message: text`\`${"name"}\` is already a name in this unit`,
    label: text`taken`,
    hint: text`choose another alias`,
    explanation:
      "An alias stands in front of a dot, `desk.lookup(…)`, where types, functions and capabilities stand too, so it must differ from all of them and from other aliases.",
  }),
  "bynk.consumes.capability_name_clash": entry({
    title: "capability of a name already taken",
    message: text`\`${"name"}\` of \`${"context"}\` clashes with the capability \`${"name"}\` of ${"other"}`,
    label: text`a second \`${"name"}\``,
    hint: text`consume \`${"context"}\` with an alias and write \`given alias.${"name"}\``,
    explanation:
      "`consumes a { Cap }` makes a capability usable by its bare name, which then must mean one thing. An alias keeps it behind a prefix instead.",
  }),
  "bynk.consumes.name_conflict": entry({
    title: "exported type of a name already taken",
    message: text`\`${"context"}\` exports a type \`${"name"}\`, and this unit already has that name`,
    label: text`brings \`${"name"}\``,
    hint: text`rename the type of this unit`,
    explanation:
      "Consuming a context makes its exported types visible by bare name. When the unit has or uses another thing of that name, it would be unclear which is meant.",
  }),
  "bynk.consumes.self_reference": entry({
    title: "unit that consumes itself",
    message: text`\`${"name"}\` consumes itself`,
    label: text`this very unit`,
    hint: text`remove the clause, and call the function or provider directly`,
    explanation: "`consumes` declares a dependency on another deployable unit.",
  }),
  "bynk.consumes.service_arity": entry({
    title: "wrong number of arguments for a service",
    message: text`\`${"service"}\` takes ${"wanted"}, but is given ${"found"}`,
    label: text`${"found"}`,
    hint: text`pass ${"wanted"}`,
    explanation: "A call of another context's service passes exactly the parameters of its `on call` handler.",
  }),
  "bynk.consumes.target_is_commons": entry({
    title: "`consumes` of a commons",
    message: text`\`${"name"}\` is a commons, and \`consumes\` takes a context or adapter`,
    label: text`a commons`,
    hint: text`write \`uses ${"name"}\``,
    explanation:
      "A commons is a library that is compiled into whoever uses it; there is nothing running to depend on. `uses` brings its names.",
  }),
  "bynk.consumes.unknown_context": nearEntry({
    title: "unknown context",
    message: text`there is no context or adapter \`${"name"}\``,
    label: text`not found`,
    hint: text`create it, or remove the clause`,
    explanation: "`consumes a.b` names a context or adapter of this project, or one of the toolchain such as `bynk`.",
  }),
  "bynk.consumes.unknown_service": nearEntry({
    title: "unknown service",
    message: text`\`${"context"}\` has no service \`${"name"}\` that can be called`,
    label: text`no such service`,
    hint: text`call a service of \`${"context"}\` that has \`on call\``,
    explanation:
      "Across contexts only services with `on call` can be called, by the service's name: `desk.lookup(id)`. Routes, schedules and queues are not reachable that way.",
  }),
  "bynk.context.consumes_cycle": entry({
    title: "contexts that consume each other in a circle",
    message: text`these contexts consume each other in a circle: ${"chain"}`,
    label: text`closes the circle`,
    hint: text`move what both sides need into a third context or a commons`,
    explanation:
      "A context is deployed after those it depends on, so dependencies cannot run in a circle. `uses` between commons may.",
  }),
  "bynk.context.external_construction": entry({
    title: "foreign value built here",
    message: text`\`${"type"}\` belongs to \`${"owner"}\`, which alone may build its values`,
    label: text`built outside its owner`,
    hint: text`ask \`${"owner"}\` for the value through one of its services`,
    explanation:
      "A context keeps the rules of its types by being the only one that makes their values. Consumers may hold them, pass them on and, when the type is exported `transparent`, look inside.",
  }),
  "bynk.context.external_provider": entry({
    title: "provider without a body",
    message: text`the provider of \`${"name"}\` has no body`,
    label: text`nothing implements it`,
    hint: text`implement the operations in braces`,
    explanation:
      "In a context a provider is written in Bynk. Only an adapter may leave the body to a module of the host.",
  }),
  "bynk.context.opaque_inspection": entry({
    title: "look inside an opaque value",
    message: text`\`${"owner"}\` exports \`${"type"}\` as opaque, so ${"act"} is not possible here`,
    label: text`opaque here`,
    hint: text`ask \`${"owner"}\` through one of its services, or have it export the type \`transparent\``,
    explanation:
      "A type exported `opaque` may be held and passed on. What it consists of can then change without anybody noticing; so nobody else may look.",
  }),
  "bynk.context.rebrand_construction": entry({
    title: "value of a hidden type built here",
    message: text`${"what"} builds \`${"type"}\` of \`${"owner"}\`, which this unit's own \`${"type"}\` hides`,
    label: text`its type has no name here`,
    hint: text`rename this unit's \`${"type"}\`, or build the value with a function of \`${"owner"}\``,
    explanation:
      "A type that comes in through `uses` becomes a type of this unit, under its own name. When the unit declares a type of the same name, the used one is hidden: values of it may still come out of the commons' functions, but they cannot be built here.",
  }),
  "bynk.boundary.structural_mismatch": entry({
    title: "argument of another structure",
    message: text`argument ${"position"} of \`${"service"}\` does not have the structure of \`${"expected"}\`: ${"reason"}`,
    label: text`is \`${"found"}\``,
    hint: text`pass a value with the fields, variants and refinements that \`${"service"}\` declares`,
    explanation:
      "Contexts have types of their own, so an argument that crosses from one to another is compared by structure: records by their fields, sums by their variants and payloads, refined types by base and predicates, opaque types by name.",
  }),
  "bynk.exports.capability_not_provided": entry({
    title: "exported capability without a provider",
    message: text`\`${"name"}\` is exported, and nothing here provides it`,
    label: text`has no provider`,
    hint: text`add \`provides ${"name"} = …\``,
    explanation:
      "Whoever consumes an exported capability calls the provider of the context that exports it, so there must be one.",
  }),
  "bynk.exports.conflicting_visibility": entry({
    title: "type exported both ways",
    message: text`\`${"name"}\` is exported both \`opaque\` and \`transparent\``,
    label: text`the other way`,
    hint: text`keep one of the two`,
    explanation: "A type is either `transparent`, so consumers may look inside, or `opaque`, so they may not.",
  }),
  "bynk.exports.duplicate_export": entry({
    title: "name exported twice",
    message: text`\`${"name"}\` is exported in two clauses`,
    label: text`exported again`,
    hint: text`remove it from one of them`,
    explanation: "Every name is exported at most once, so that one place says how it is visible.",
  }),
  "bynk.exports.duplicate_in_clause": entry({
    title: "name twice in one clause",
    message: text`\`${"name"}\` stands twice in this clause`,
    label: text`again`,
    hint: text`remove one of the two`,
    explanation: "Every name is exported at most once.",
  }),
  "bynk.exports.undeclared_capability": nearEntry({
    title: "export of an unknown capability",
    message: text`this unit declares no capability \`${"name"}\``,
    label: text`not declared here`,
    hint: text`declare it, or remove it from the clause`,
    explanation: "A unit exports capabilities that it declares and provides itself.",
  }),
  "bynk.exports.undeclared_type": nearEntry({
    title: "export of an unknown type",
    message: text`this unit has no type \`${"name"}\``,
    label: text`not declared here`,
    hint: text`declare it, or remove it from the clause`,
    explanation: "A unit exports types that it declares or that come in through `uses`.",
  }),
} as const;
