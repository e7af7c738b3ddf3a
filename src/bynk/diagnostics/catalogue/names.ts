/** What is found about names: declarations that clash, and names that mean nothing where they stand. */
import { entry, text } from "../wording.ts";
import { nearEntry } from "./near.ts";

export const names = {
  "bynk.resolve.ambiguous_variant": entry({
    title: "variant of several sums",
    message: text`\`${"name"}\` is a variant of ${"owners"}`,
    label: text`which one?`,
    hint: text`write ${"choices"}`,
    explanation:
      "A bare variant must belong to one visible sum. Where several have a variant of that name, the sum's name goes in front: `State.Lost`.",
  }),
  "bynk.resolve.arity_mismatch": entry({
    title: "wrong number of arguments",
    message: text`\`${"name"}\` takes ${"wanted"}, but is given ${"found"}`,
    label: text`called with ${"found"}`,
    hint: text`pass ${"wanted"}`,
    explanation: "A function is called with exactly its parameters: there are no defaults and no optional arguments.",
  }),
  "bynk.resolve.duplicate_actor": entry({
    title: "actor declared twice",
    message: text`the actor \`${"name"}\` is declared twice`,
    label: text`declared again`,
    hint: text`rename or remove one of the two`,
    explanation: "An actor's name stands in `by` clauses, so it must mean one contract in a context.",
  }),
  "bynk.resolve.duplicate_capability": entry({
    title: "capability declared twice",
    message: text`the capability \`${"name"}\` is declared twice`,
    label: text`declared again`,
    hint: text`merge the operations into one declaration`,
    explanation: "A capability is declared once, with all its operations.",
  }),
  "bynk.resolve.duplicate_field": entry({
    title: "field declared twice",
    message: text`this ${"owner"} has a second field \`${"name"}\``,
    label: text`declared again`,
    hint: text`rename or remove one of the two`,
    explanation: "The fields of a record, and the payload fields of a variant, have different names.",
  }),
  "bynk.resolve.duplicate_field_init": entry({
    title: "field given twice",
    message: text`\`${"name"}\` is given a value twice`,
    label: text`again`,
    hint: text`keep one of the two values`,
    explanation: "A record literal gives every field one value.",
  }),
  "bynk.resolve.duplicate_fn": entry({
    title: "function declared twice",
    message: text`the function \`${"name"}\` is declared twice`,
    label: text`declared again`,
    hint: text`rename or remove one of the two`,
    explanation: "There is no overloading: a name stands for one function in a unit, over all its files.",
  }),
  "bynk.resolve.duplicate_method": entry({
    title: "method declared twice",
    message: text`the type has a second member \`${"name"}\``,
    label: text`declared again`,
    hint: text`rename or remove one of the two`,
    explanation:
      "The methods and statics of a type have different names, and a static may not take the name of a variant or of a constructor such as `of`.",
  }),
  "bynk.resolve.duplicate_param": entry({
    title: "parameter declared twice",
    message: text`there is a second parameter \`${"name"}\``,
    label: text`declared again`,
    hint: text`rename one of the two`,
    explanation: "The parameters of one function, operation or handler have different names.",
  }),
  "bynk.resolve.duplicate_provider": entry({
    title: "capability provided twice",
    message: text`the capability \`${"name"}\` is provided twice`,
    label: text`provided again`,
    hint: text`keep one provider`,
    explanation: "A context has exactly one provider for each of its capabilities, so that it is clear what runs.",
  }),
  "bynk.resolve.duplicate_service": entry({
    title: "service declared twice",
    message: text`the service \`${"name"}\` is declared twice`,
    label: text`declared again`,
    hint: text`rename one, or merge their handlers`,
    explanation: "A service's name is how other contexts call it and how the access matrix shows it.",
  }),
  "bynk.resolve.duplicate_type": entry({
    title: "type declared twice",
    message: text`the type \`${"name"}\` is declared twice`,
    label: text`declared again`,
    hint: text`rename or remove one of the two`,
    explanation: "A name stands for one type in a unit, over all its files.",
  }),
  "bynk.resolve.duplicate_variant": entry({
    title: "variant declared twice",
    message: text`the sum has a second variant \`${"name"}\``,
    label: text`declared again`,
    hint: text`rename or remove one of the two`,
    explanation: "The variants of a sum have different names; `match` tells them apart by them.",
  }),
  "bynk.resolve.fn_without_call": entry({
    title: "function named without a call",
    message: text`\`${"name"}\` must be called`,
    label: text`not called`,
    hint: text`write \`${"name"}(…)\``,
    explanation:
      "A function's name alone is no value, unless a function type is expected. Write the brackets, also where there is no argument.",
  }),
  "bynk.resolve.let_shadows_fn": entry({
    title: "`let` that hides a function",
    message: text`\`${"name"}\` is a function of this unit`,
    label: text`hides the function`,
    hint: text`choose another name`,
    explanation:
      "`let` may replace an earlier local of the same name, but not a function or type of the unit: further down, `name(…)` would no longer mean what it says.",
  }),
  "bynk.resolve.let_shadows_type": entry({
    title: "`let` that hides a type",
    message: text`\`${"name"}\` is a type of this unit`,
    label: text`hides the type`,
    hint: text`choose another name, in lower case`,
    explanation: "`let` may replace an earlier local of the same name, but not a function or type of the unit.",
  }),
  "bynk.resolve.method_unknown_type": entry({
    title: "method of a type declared elsewhere",
    message: text`this unit declares no type \`${"type"}\`, so it cannot give it methods`,
    label: text`not declared in this unit`,
    hint: text`declare the type here, or write a function that takes the value`,
    explanation:
      "The methods of a type stand in the unit that declares it, so that a type means the same wherever it is used.",
  }),
  "bynk.resolve.missing_field": entry({
    title: "field left out",
    message: text`\`${"type"}\` lacks ${"fields"} here`,
    label: text`incomplete`,
    hint: text`give ${"fields"} a value`,
    explanation:
      "A record literal gives every field a value; there are no defaults. To change a few fields of an existing value, write `T { ...value, field: new }`.",
  }),
  "bynk.resolve.name_conflict": entry({
    title: "type and function of one name",
    message: text`\`${"name"}\` is both a type and a function`,
    label: text`the name is taken`,
    hint: text`rename one of the two`,
    explanation:
      "Types and functions of a unit share one name space, because `Name(…)` and `Name.member` are looked up in it.",
  }),
  "bynk.resolve.not_a_record_type": entry({
    title: "record literal of something that is no record",
    message: text`\`${"name"}\` is no record`,
    label: text`has no fields`,
    hint: text`make refined values with \`${"name"}.of(…)\`, and sums with one of their variants`,
    explanation:
      "`T { field: value }` builds a record. A refined type is made with `T.of(…)`, a sum with one of its variants: `Lent(9)`.",
    variants: {
      variant: {
        message: text`\`${"name"}\` is a variant, and its payload stands in round brackets`,
        label: text`no record`,
        hint: text`write \`${"name"}(…)\` with the payload in order`,
      },
    },
  }),
  "bynk.resolve.opaque_record_construction": entry({
    title: "record literal of an opaque type",
    message: text`\`${"name"}\` is opaque and has no fields to fill`,
    label: text`opaque`,
    hint: text`make it with \`${"name"}.of(…)\``,
    explanation: "An opaque type wraps one base value, which only `.of` (and `.unsafe` in the declaring unit) puts in.",
  }),
  "bynk.resolve.param_as_function": entry({
    title: "call of something that is no function",
    message: text`\`${"name"}\` is a value of type \`${"type"}\`, not a function`,
    label: text`cannot be called`,
    hint: text`remove the brackets, or call a function with it: \`f(${"name"})\``,
    explanation: "Only functions can be called. A parameter or local is a value.",
  }),
  "bynk.resolve.recursive_record_field": entry({
    title: "record that contains itself",
    message: text`\`${"record"}\` contains itself through \`${"field"}\`, so no value of it could ever be finished`,
    label: text`leads back to \`${"record"}\``,
    hint: text`make it optional, \`Option[${"record"}]\`, or a list`,
    explanation:
      "A record holds all its fields. One that holds a value of its own type would need another, and that another again. `Option`, `List`, `Map` and sums may end the chain.",
  }),
  "bynk.resolve.reserved_builtin_type": entry({
    title: "name of a built-in type",
    message: text`\`${"name"}\` is a built-in type`,
    label: text`taken by the language`,
    hint: text`choose another name`,
    explanation:
      "The built-in types keep their names, so that `List[T]` or `HttpResult[T]` means the same in every unit.",
  }),
  "bynk.resolve.self_outside_method": entry({
    title: "`self` outside a method",
    message: text`there is no \`self\` here`,
    label: text`not in an instance method`,
    hint: text`add \`self\` as the first parameter of the method, or take the value as a parameter`,
    explanation: "`self` is the value an instance method is called on: `fn Loan.extended(self, days: Int) -> Loan`.",
  }),
  "bynk.resolve.type_as_function": entry({
    title: "call of a type",
    message: text`\`${"name"}\` is a type, not a function`,
    label: text`cannot be called`,
    hint: text`build a record with \`${"name"} { … }\`, or make a refined value with \`${"name"}.of(…)\``,
    explanation:
      "Types have no call syntax: records are built with braces, refined types with `.of`, sums with their variants.",
  }),
  "bynk.resolve.type_in_expr": entry({
    title: "type used as a value",
    message: text`\`${"name"}\` is a type, and a value is expected here`,
    label: text`a type`,
    hint: text`build a value of it, or name a variable`,
    explanation: "A type's name stands before `.` or `{` in an expression, never alone.",
  }),
  "bynk.resolve.unconsumed_context": entry({
    title: "call into a context that is not consumed",
    message: text`\`${"name"}\` is not consumed here`,
    label: text`no \`consumes ${"name"}\``,
    hint: text`add \`consumes ${"name"}\` to the unit's header`,
    explanation:
      "A context reaches another only when its header says so. In front of a dot stands the alias of a consumed context or its full dotted name.",
    variants: {
      full: {
        message: text`\`${"name"}\` is not consumed here`,
        label: text`no such prefix`,
        hint: text`add \`consumes ${"full"}\` to the unit's header`,
      },
      segment: {
        message: text`\`${"name"}\` is only the last part of \`${"full"}\``,
        label: text`not a prefix`,
        hint: text`write \`${"full"}\`, or give it an alias: \`consumes ${"full"} as ${"name"}\``,
      },
    },
  }),
  "bynk.resolve.unknown_field": nearEntry({
    title: "unknown field",
    message: text`\`${"type"}\` has no field \`${"name"}\``,
    label: text`no such field`,
    hint: text`remove it, or declare it in \`${"type"}\``,
    explanation: "A record literal names fields that its type declares.",
  }),
  "bynk.resolve.unknown_function": nearEntry({
    title: "unknown function",
    message: text`there is no function \`${"name"}\``,
    label: text`not found`,
    hint: text`declare it, or use the commons that has it`,
    explanation:
      "A call names a function of this unit or of a commons it uses, or a variant. Methods stand after a dot: `text.trim()`.",
  }),
  "bynk.resolve.unknown_name": nearEntry({
    title: "unknown name",
    message: text`\`${"name"}\` means nothing here`,
    label: text`not found`,
    hint: text`declare it with \`let\`, or take it as a parameter`,
    explanation:
      "A name in an expression is a parameter, a `let` further up, a variant, or stands before a dot: a type, a capability, a consumed context.",
  }),
  "bynk.resolve.unknown_static_member": nearEntry({
    title: "unknown static member",
    message: text`\`${"type"}\` has no static member \`${"name"}\``,
    label: text`no such member`,
    hint: text`declare \`fn ${"type"}.${"name"}(…)\`, or call a method on a value`,
    explanation:
      "After a type's name stand its variants, its statics, and for refined types `of`. Instance methods are called on a value. A consumed type brings its methods, not its statics.",
  }),
  "bynk.resolve.unknown_type": nearEntry({
    title: "unknown type",
    message: text`there is no type \`${"name"}\``,
    label: text`not found`,
    hint: text`declare it, or use or consume the unit that has it`,
    explanation:
      "A type is visible when this unit declares it, when a commons it uses declares it, or when a context it consumes exports it.",
  }),
} as const;
