/** What the parser reports about the shape of the source. */
import { entry, text } from "../wording.ts";
import { expectedToken } from "./expected-token.ts";

export const parse = {
  ...expectedToken,
  "bynk.parse.consumes_after_decls": entry({
    title: "`consumes` after a declaration",
    message: text`in a unit without braces \`consumes\` stands above all declarations`,
    label: text`too late`,
    hint: text`move it above the first declaration`,
    explanation:
      "A unit without braces runs to the end of its file, and its header comes first: `uses`, `consumes` and `exports` stand above all declarations, so that a reader sees at the top what the unit depends on. A unit in braces may have them anywhere.",
  }),
  "bynk.parse.uses_after_decls": entry({
    title: "`uses` after a declaration",
    message: text`in a unit without braces \`uses\` stands above all declarations`,
    label: text`too late`,
    hint: text`move it above the first declaration`,
    explanation:
      "A unit without braces runs to the end of its file, and its header comes first: `uses`, `consumes` and `exports` stand above all declarations. A unit in braces may have them anywhere.",
  }),
  "bynk.parse.exports_after_decls": entry({
    title: "`exports` after a declaration",
    message: text`in a unit without braces \`exports\` stands above all declarations`,
    label: text`too late`,
    hint: text`move it above the first declaration`,
    explanation:
      "A unit without braces runs to the end of its file, and its header comes first: `uses`, `consumes` and `exports` stand above all declarations. A unit in braces may have them anywhere.",
  }),
  "bynk.parse.dangling_handler_annotation": entry({
    title: "annotation without a handler",
    message: text`\`@${"annotation"}\` must stand before \`on\`, found ${"found"}`,
    label: text`belongs to no handler`,
    hint: text`put it right above the handler it is for`,
    explanation:
      'An annotation such as `@cache(maxAge: 5.minutes)` belongs to the handler that follows it:\n\n```\n@cache(maxAge: 5.minutes)\non GET("/menu") by v: Visitor () -> Effect[HttpResult[Menu]] { … }\n```',
  }),
  "bynk.parse.duplicate_by": entry({
    title: "two `by` clauses",
    message: text`this handler names its caller twice`,
    label: text`the second \`by\``,
    hint: text`keep one: before the parameters, or after the result type`,
    explanation:
      'A handler names its caller once. `by` may stand before the parameters, `on GET("/me") by u: User () -> …`, or after the result type, `on GET("/me") () -> … by u: User`, and not in both places: two answers to "who may enter" would leave it open which one holds.',
  }),
  "bynk.parse.duplicate_cors": entry({
    title: "two `cors` sections",
    message: text`this service has a second \`cors\` section`,
    label: text`the second one`,
    hint: text`merge the two sections into one`,
    explanation: "A service has at most one section of each policy: `cors`, `security`, `limits`.",
  }),
  "bynk.parse.duplicate_limits": entry({
    title: "two `limits` sections",
    message: text`this service has a second \`limits\` section`,
    label: text`the second one`,
    hint: text`merge the two sections into one`,
    explanation: "A service has at most one section of each policy: `cors`, `security`, `limits`.",
  }),
  "bynk.parse.duplicate_security": entry({
    title: "two `security` sections",
    message: text`this service has a second \`security\` section`,
    label: text`the second one`,
    hint: text`merge the two sections into one`,
    explanation: "A service has at most one section of each policy: `cors`, `security`, `limits`.",
  }),
  "bynk.parse.empty_agent": entry({
    title: "empty agent",
    message: text`an agent has a key and something stored`,
    label: text`nothing in its braces`,
    hint: text`begin with \`key name: Type\` and a \`store\``,
    explanation:
      "An agent is durable state under a key:\n\n```\nagent Cart {\n  key owner: UserId\n  store items: Cell[List[Item]]\n  on call count() -> Effect[Int] { items.length() }\n}\n```",
  }),
  "bynk.parse.empty_capability": entry({
    title: "empty capability",
    message: text`the capability \`${"name"}\` has no operation`,
    label: text`offers nothing`,
    hint: text`add an operation: \`fn now() -> Effect[Instant]\``,
    explanation:
      "A capability is a list of operations that a provider implements. One without operations offers nothing.",
  }),
  "bynk.parse.empty_interpolation": entry({
    title: "empty hole in a string",
    message: text`this hole holds no expression`,
    label: text`nothing to insert`,
    hint: text`write an expression between the brackets, or remove the hole`,
    explanation: 'A hole inserts the value of an expression: `"on \\(shelf)"`. An empty one has nothing to insert.',
  }),
  "bynk.parse.empty_match": entry({
    title: "`match` without arms",
    message: text`this \`match\` has no arm`,
    label: text`matches nothing`,
    hint: text`write an arm for each case: \`Pattern => value\``,
    explanation:
      "A `match` takes the value of its first arm whose pattern fits, so it needs at least one:\n\n```\nmatch state {\n  Lent(days) => days\n  _ => 0\n}\n```",
  }),
  "bynk.parse.empty_service": entry({
    title: "service without handlers",
    message: text`the service \`${"name"}\` has no handler`,
    label: text`no way in`,
    hint: text`add a handler: \`on GET("/") by v: Visitor () -> Effect[HttpResult[String]] { … }\``,
    explanation: "A service is a set of ways in; one without handlers cannot be reached and does nothing.",
  }),
  "bynk.parse.event_pattern_empty": entry({
    title: "empty event pattern",
    message: text`this pattern selects nothing`,
    label: text`no field`,
    hint: text`name a field, \`{ paid: true, .. }\`, or remove the braces to receive every event`,
    explanation:
      "The pattern behind an event filters deliveries by field values. Without a field there is nothing to filter by.",
  }),
  "bynk.parse.expected_agent_key": entry({
    title: "agent without a key",
    message: text`an agent begins with its key, found ${"found"}`,
    label: text`\`key name: Type\` belongs here`,
    hint: text`begin the agent with \`key name: Type\``,
    explanation:
      "An agent's key says which instance is meant; it is the first thing in the braces: `key owner: UserId`.",
  }),
  "bynk.parse.expected_agent_storage": entry({
    title: "agent without storage",
    message: text`this agent stores nothing`,
    label: text`no \`store\``,
    hint: text`add what it keeps: \`store items: Cell[Int]\``,
    explanation:
      "An agent exists to keep state, so it has at least one `store`. Logic without state is a function or a service.",
  }),
  "bynk.parse.expected_base_type": entry({
    title: "base type expected",
    message: text`expected a base type, found ${"found"}`,
    label: text`not a base type`,
    hint: text`use one of Int, String, Bool, Float, Duration, Instant, Bytes`,
    explanation:
      "Refined and opaque types stand on a base type: `type Age = Int where InRange(0, 150)`, `type Token = opaque String`. There is no refinement of a refinement; list all predicates in one `where`.",
    variants: {
      alias: {
        message: text`a type is a base type, a record, a sum or an enum; ${"found"} is none of these`,
        label: text`not the start of a type's definition`,
        hint: text`use the other type directly; Bynk has no aliases`,
      },
    },
  }),
  "bynk.parse.expected_capability_op": entry({
    title: "operation expected",
    message: text`a capability holds operations, found ${"found"}`,
    label: text`\`fn\` expected`,
    hint: text`write an operation: \`fn name(a: A) -> Effect[B]\``,
    explanation:
      "A capability lists operations by their signatures, `fn name(params) -> Result`, one after the other. How they work is said by its provider.",
    variants: {
      body: {
        message: text`an operation of a capability has no body`,
        label: text`not here`,
        hint: text`move the body to the provider: \`provides Cap = Name { fn … }\``,
      },
    },
  }),
  "bynk.parse.expected_expression": entry({
    title: "expression expected",
    message: text`expected an expression, found ${"found"}`,
    label: text`not an expression`,
    hint: text`write a value, a name or a call here`,
    explanation:
      "Here a value is needed: a literal, a name, a call, `if`, `match`, a list, a record, or brackets around one.",
    variants: {
      block: {
        message: text`expected an expression, found ${"found"}`,
        label: text`a block cannot stand here`,
        hint: text`write a record with its type's name, \`Type { … }\`, or a copy with changes, \`{ ...value, field: … }\``,
      },
    },
  }),
  "bynk.parse.expected_handler": entry({
    title: "handler expected",
    message: text`a service holds handlers and policies, found ${"found"}`,
    label: text`\`on\` expected`,
    hint: text`write \`on GET("/path") by u: User () -> … { … }\`; declare types and functions outside the service`,
    explanation:
      "The body of a service holds `on …` handlers, their annotations, and the sections `cors`, `security` and `limits`. Types, functions and actors are declared beside the service.",
    variants: {
      onMissing: {
        message: text`a service holds handlers and policies, found ${"found"}`,
        label: text`\`on\` is missing`,
        hint: text`write \`on\` before it`,
      },
      agent: {
        message: text`an agent holds stores, invariants, transitions and handlers, found ${"found"}`,
        label: text`\`on call\` expected`,
        hint: text`write \`on call name(…) -> … { … }\`; declare types and functions outside the agent`,
      },
    },
  }),
  "bynk.parse.expected_item": entry({
    title: "declaration expected",
    message: text`expected a declaration, found ${"found"}`,
    label: text`starts no declaration`,
    hint: text`begin with \`type\`, \`fn\`, \`capability\`, \`provides\`, \`service\` or \`actor\``,
    explanation:
      "A unit is a list of declarations, each beginning with its word: `uses`, `consumes`, `exports`, `type`, `fn`, `capability`, `provides`, `service`, `agent`, `actor`. Expressions stand inside functions and handlers.",
    variants: {
      near: {
        message: text`expected a declaration, found ${"found"}`,
        label: text`starts no declaration`,
        hint: text`write \`${"better"}\``,
      },
      noGlobals: {
        message: text`expected a declaration, found ${"found"}`,
        label: text`a unit holds no values`,
        hint: text`write a function without parameters: \`fn name() -> Int { 1 }\``,
      },
      bar: {
        message: text`expected a declaration, found ${"found"}`,
        label: text`a base type is no variant`,
        hint: text`wrap each case in a variant: \`| Number(value: Int) | Text(value: String)\``,
      },
      question: {
        message: text`expected a declaration, found ${"found"}`,
        label: text`not part of a type`,
        hint: text`write \`Option[T]\` where a value may be missing: in a field, a parameter or a result`,
      },
      oneTarget: {
        message: text`a \`${"clause"}\` clause names one unit, found ${"found"} after it`,
        label: text`one at a time`,
        hint: text`write one \`${"clause"}\` for each unit`,
      },
      fragmentNotLast: {
        message: text`a unit without braces runs to the end of its file, found ${"found"}`,
        label: text`another unit`,
        hint: text`put the first unit's declarations in braces, or move this unit to a file of its own`,
      },
      binding: {
        message: text`${"found"} belongs to adapters`,
        label: text`not in this unit`,
        hint: text`declare an \`adapter\` for code of the host`,
      },
      exportsInCommons: {
        message: text`everything in a commons is public, so it has no ${"found"}`,
        label: text`not needed`,
        hint: text`remove it; only contexts and adapters choose what others see`,
      },
      suite: {
        message: text`a suite holds cases, properties and doubles, found ${"found"}`,
        label: text`\`case\` expected`,
        hint: text`write \`case "title" { … }\``,
      },
    },
  }),
  "bynk.parse.expected_predicate": entry({
    title: "predicate expected",
    message: text`expected a predicate, found ${"found"}`,
    label: text`not a predicate`,
    hint: text`use one of NonNegative, Positive, InRange, NonEmpty, MinLength, MaxLength, Length, Matches`,
    explanation:
      "Behind `where`, and behind each `and`, stands one of the eight predicates, such as `Positive` or `InRange(1, 28)`. Free expressions are not allowed, so that the compiler can check literals and reject empty types.",
  }),
  "bynk.parse.expected_provider_op": entry({
    title: "operation expected",
    message: text`a provider holds operations, found ${"found"}`,
    label: text`\`fn\` expected`,
    hint: text`write an operation with its body: \`fn name(a: A) -> Effect[B] { … }\``,
    explanation:
      "A provider implements the operations of its capability, one `fn` after the other, and holds nothing else.",
  }),
  "bynk.parse.expected_type": entry({
    title: "type expected",
    message: text`expected a type, found ${"found"}`,
    label: text`not a type`,
    hint: text`write a type such as \`Int\`, \`UserId\` or \`Option[String]\``,
    explanation:
      "Here a type is needed: a base type, a declared type, or a generic with its arguments in square brackets such as `Result[User, Refusal]`.",
    variants: {
      reserved: {
        message: text`expected a type, found ${"found"}`,
        label: text`not a type`,
        hint: text`write a type such as \`Int\` or \`UserId\`; a reserved word cannot name a type`,
      },
      body: {
        message: text`expected what the type is, found ${"found"}`,
        label: text`not the start of a type's definition`,
        hint: text`write a base type, a record \`{ field: Type }\`, a sum \`| A | B\` or \`enum { A, B }\``,
      },
      leadingBar: {
        message: text`expected \`|\` before the first variant \`${"name"}\``,
        label: text`the bar is missing`,
        hint: text`write \`| ${"name"}\`; each variant of a sum has a bar in front`,
      },
      array: {
        message: text`\`${"name"}[]\` is not a type`,
        label: text`takes no brackets`,
        hint: text`write \`List[${"name"}]\``,
      },
      index: {
        message: text`\`${"list"}[…]\` takes types, not a position`,
        label: text`not a type`,
        hint: text`read an element with \`${"list"}.get(position)\`, which gives an Option`,
      },
    },
  }),
  "bynk.parse.expected_unit_header": entry({
    title: "unit header expected",
    message: text`expected \`commons\`, \`context\`, \`adapter\` or \`suite\`, found ${"found"}`,
    label: text`starts no unit`,
    hint: text`begin the file with \`context name\` or \`commons name\``,
    explanation:
      "A file consists of units, each beginning with its kind and name: `context shop.orders`. The name follows the path: `shop/orders.bynk`.",
    variants: {
      headless: {
        message: text`expected \`commons\`, \`context\`, \`adapter\` or \`suite\` before the first declaration, found ${"found"}`,
        label: text`belongs to no unit`,
        hint: text`put \`context name\` (for services) or \`commons name\` (for shared types) at the top of the file`,
      },
    },
  }),
  "bynk.parse.expected_visibility": entry({
    title: "visibility expected",
    message: text`expected \`opaque\`, \`transparent\` or \`capability\`, found ${"found"}`,
    label: text`says not how it is exported`,
    hint: text`write \`exports transparent { … }\` to let others look inside, \`opaque\` to let them only hold it`,
    explanation:
      "`exports` says how others see the names: `transparent` types can be read and matched but not built, `opaque` types only held and passed on, `capability` offers a capability.",
  }),
  "bynk.parse.extra_tokens": entry({
    title: "text after the end",
    message: text`a file compiled alone holds one unit, found ${"found"} as well`,
    label: text`not read`,
    hint: text`compile the folder as a project, or move it to a file of its own`,
    explanation:
      "A single file is compiled as exactly one commons. A project, that is a folder with `bynk.toml` or `src/`, may hold several units in a file. A hole in a string holds exactly one expression.",
    variants: {
      hole: {
        message: text`a hole holds one expression, found ${"found"} after it`,
        label: text`left over`,
        hint: text`close the hole with \`)\` before it`,
      },
    },
  }),
  "bynk.parse.generic_arg_count": entry({
    title: "wrong number of type arguments",
    message: text`\`${"name"}\` takes ${"wanted"} type argument(s), found ${"found"}`,
    label: text`wrong count`,
    hint: text`write \`Result[Value, Error]\`, \`Map[Key, Value]\`, \`Option[Value]\``,
    explanation:
      "`Result` and `Map` take two types, `Option`, `Effect`, `HttpResult`, `List`, `Stream`, `Query` and `Connection` one, in square brackets.",
  }),
  "bynk.parse.handler_in_agent": entry({
    title: "protocol handler in an agent",
    message: text`an agent is called by name; \`on ${"word"}\` belongs in a service`,
    label: text`not in an agent`,
    hint: text`write \`on call name(…) -> … { … }\` and call it from a service`,
    explanation:
      "Agents have `on call name(…)` handlers only. Requests, schedules and queues arrive at services, which call agents.",
  }),
  "bynk.parse.invariant_after_handler": entry({
    title: "`invariant` after a handler",
    message: text`invariants stand above the handlers`,
    label: text`too late`,
    hint: text`move it above the first \`on call\``,
    explanation: "The parts of an agent stand in a fixed order: key, stores, invariants and transitions, handlers.",
  }),
  "bynk.parse.malformed_float_literal": entry({
    title: "malformed decimal number",
    message: text`\`${"written"}\` lacks a digit on one side of the point`,
    label: text`a digit is missing`,
    hint: text`write a digit on both sides of the point, as in \`7.0\` and \`0.7\``,
    explanation:
      "A decimal number has digits on both sides of its point: `7.0`, `0.7`. A point behind a number otherwise begins a method or a unit, as in `5.minutes`.",
  }),
  "bynk.parse.nesting_too_deep": entry({
    title: "nested too deeply",
    message: text`this is nested more than ${"limit"} deep`,
    label: text`too deep`,
    hint: text`name the inner parts with \`let\`, or split off a function`,
    explanation:
      "Expressions, types and patterns nest to a fixed depth, so that no source can exhaust the compiler. Code that people read stays far below it.",
    variants: {
      chain: {
        message: text`this chain has more than ${"limit"} links`,
        label: text`one link too many`,
        hint: text`name the parts with \`let\`, or fold over a list`,
      },
    },
  }),
  "bynk.parse.non_associative": entry({
    title: "chained comparison",
    message: text`\`${"operator"}\` cannot follow another comparison`,
    label: text`which one comes first?`,
    hint: text`put brackets around one of them, or join two comparisons with \`&&\``,
    explanation:
      "`==`, `!=` and `is` do not chain, and neither do `<`, `<=`, `>`, `>=`: `a < b < c` would compare a Bool. Write `a < b && b < c`.",
  }),
  "bynk.parse.orphan_doc_block": entry({
    severity: "warning",
    title: "doc block that documents nothing",
    message: text`this documentation stands before nothing it could document`,
    label: text`belongs to nothing`,
    hint: text`put it on the line above a declaration, or make it a comment with \`--\``,
    explanation:
      "A doc block documents the declaration that begins on the line after it: a unit, type, function, capability, operation, provider, service, handler, agent, actor, stored value, invariant, case or property.",
    variants: {
      blankLine: {
        message: text`a blank line separates this documentation from what it documents`,
        label: text`belongs to nothing`,
        hint: text`remove the blank line below it`,
      },
    },
  }),
  "bynk.parse.refined_pattern_inner": entry({
    title: "`where` behind a pattern other than `_`",
    message: text`only \`_\` can carry a \`where\` in a pattern`,
    label: text`must be \`_\``,
    hint: text`write \`_ where Positive => …\`, or use a guard: \`n if n > 0 => …\``,
    explanation:
      "A refined pattern tests the matched value itself: `_ where Positive`. To test a bound name, use a guard.",
  }),
  "bynk.parse.reserved_keyword": entry({
    title: "reserved word as a name",
    message: text`\`${"word"}\` is a reserved word and cannot be a name`,
    label: text`reserved`,
    hint: text`choose another name, such as \`${"word"}Value\``,
    explanation:
      "The words of the language cannot name things, also not fields. `on`, `suite`, `case` and `and` are exceptions.",
  }),
  "bynk.parse.self_outside_method": entry({
    title: "`self` on a free function",
    message: text`\`${"name"}\` is not a method, so it has no \`self\``,
    label: text`only methods have it`,
    hint: text`name the type it belongs to, \`fn Type.${"name"}(self)\`, or make it a parameter with a type`,
    explanation:
      "`self` is the value a method is called on. A method is declared with its type: `fn Loan.extended(self, days: Int) -> Loan`.",
  }),
  "bynk.parse.storage_after_phase": entry({
    title: "`store` after invariants or handlers",
    message: text`stores stand right below the key`,
    label: text`too late`,
    hint: text`move it above the invariants, transitions and handlers`,
    explanation: "The parts of an agent stand in a fixed order: key, stores, invariants and transitions, handlers.",
  }),
  "bynk.parse.transition_after_handler": entry({
    title: "`transition` after a handler",
    message: text`transitions stand above the handlers`,
    label: text`too late`,
    hint: text`move it above the first \`on call\``,
    explanation: "The parts of an agent stand in a fixed order: key, stores, invariants and transitions, handlers.",
  }),
  "bynk.parse.unexpected_adapter": entry({
    title: "adapter in a single file",
    message: text`a file compiled alone holds a commons, not an adapter`,
    label: text`needs a project`,
    hint: text`compile the folder it stands in`,
    explanation:
      "A file given alone is compiled as one commons. Contexts, adapters and suites depend on other units and belong to a project.",
  }),
  "bynk.parse.unexpected_context": entry({
    title: "context in a single file",
    message: text`a file compiled alone holds a commons, not a context`,
    label: text`needs a project`,
    hint: text`compile the folder it stands in`,
    explanation:
      "A file given alone is compiled as one commons. Contexts, adapters and suites depend on other units and belong to a project.",
  }),
  "bynk.parse.unexpected_eof": entry({
    title: "unexpected end of the file",
    message: text`the file ends where ${"expected"} was expected`,
    label: text`the end`,
    hint: text`complete what was begun; look for a bracket that is not closed`,
    explanation:
      "The file ended in the middle of something, most often because a closing brace is missing, or it holds no unit at all.",
  }),
  "bynk.parse.unexpected_suite": entry({
    title: "suite in a single file",
    message: text`a file compiled alone holds a commons, not a suite`,
    label: text`needs a project`,
    hint: text`compile the folder it stands in`,
    explanation:
      "A file given alone is compiled as one commons. Contexts, adapters and suites depend on other units and belong to a project.",
  }),
  "bynk.parse.unknown_effect_method": entry({
    title: "unknown member of `Effect`",
    message: text`\`Effect\` has only \`pure\`, not \`${"method"}\``,
    label: text`unknown`,
    hint: text`write \`Effect.pure(value)\` to make an effect of a value`,
    explanation:
      "`Effect.pure(v)` is an effect that does nothing and yields `v`. Effects are otherwise made by calling capabilities and services.",
  }),
  "bynk.parse.unknown_handler_kind": entry({
    title: "unknown kind of handler",
    message: text`\`on ${"word"}\` is no entry point`,
    label: text`unknown`,
    hint: text`use GET, POST, PUT, PATCH or DELETE with a path, \`call\`, \`schedule("…")\`, \`message\`, \`open\`, \`close\` or \`event\``,
    explanation:
      'A handler says what it answers: `GET("/path")` and the other methods in a service from http, `schedule("…")` from cron, `message` from a queue, `call` without a protocol.',
    variants: {
      near: {
        message: text`\`on ${"word"}\` is no entry point`,
        label: text`unknown`,
        hint: text`write \`${"nearest"}\``,
      },
    },
  }),
  "bynk.parse.unknown_predicate": entry({
    title: "unknown predicate",
    message: text`\`${"word"}\` is no predicate`,
    label: text`unknown`,
    hint: text`use one of ${"known"}`,
    explanation:
      'There are eight predicates: `NonNegative`, `Positive` and `InRange(a, b)` for numbers, `NonEmpty`, `MinLength(n)`, `MaxLength(n)`, `Length(n)` and `Matches("regex")` for strings.',
    variants: {
      near: { message: text`\`${"word"}\` is no predicate`, label: text`unknown`, hint: text`write \`${"nearest"}\`` },
    },
  }),
  "bynk.parse.unknown_tier": entry({
    title: "unknown tier",
    message: text`\`${"word"}\` is no tier`,
    label: text`unknown`,
    hint: text`use \`unit\`, \`integration\` or \`system\``,
    explanation:
      "A test runs at one of three tiers: `unit` (in process, doubles allowed), `integration` (real collaborators), `system` (over the real edge).",
  }),
  "bynk.parse.variant_name_case": entry({
    title: "lower-case variant",
    message: text`the variant \`${"name"}\` must begin with an upper-case letter`,
    label: text`lower case`,
    hint: text`call it \`${"better"}\`, here and where it is used`,
    explanation:
      "In a pattern a lower-case name binds the value, so a variant must begin with an upper-case letter to be recognised.",
  }),
} as const;
