/** What is found about refined and opaque types, and about the shapes of declared types. */
import { entry, text } from "../wording.ts";

export const refinements = {
  "bynk.refine.literal_violates": entry({
    title: "literal outside its type",
    message: text`${"value"} cannot be ${"what"}: it ${"rule"}`,
    label: text`${"rule"}`,
    hint: text`write a value that satisfies the predicate`,
    explanation:
      "Where a refined type is expected, a literal of its base is taken as a value of it, after its predicates have been checked at compile time. Other values go through `.of`, which checks at run time.",
  }),
  "bynk.types.empty_refinement": entry({
    title: "refinement without values",
    message: text`no ${"base"} satisfies all of these predicates`,
    label: text`contradict each other`,
    hint: text`remove or correct one of them`,
    explanation: "A type that no value can have, such as `MinLength(5)` with `MaxLength(3)`, is always a mistake.",
  }),
  "bynk.types.field_refinement_not_base": entry({
    title: "refinement of a field that has no base",
    message: text`predicates apply to base values, and \`${"type"}\` is none`,
    label: text`cannot be checked on \`${"type"}\``,
    hint: text`refine the types inside \`${"type"}\` instead`,
    explanation:
      "A field may carry predicates when its type is a base type or a refinement of one: `days: Int where InRange(1, 28)`.",
  }),
  "bynk.types.invalid_regex": entry({
    title: "invalid pattern",
    message: text`\`${"pattern"}\` is not a valid regular expression`,
    label: text`does not compile`,
    hint: text`correct it; a backslash is written twice in a string`,
    explanation:
      "`Matches` takes an ECMAScript regular expression, which must match the whole value. In a string `\\\\d` stands for the expression `\\d`.",
  }),
  "bynk.types.inverted_range": entry({
    title: "range upside down",
    message: text`the range begins at ${"low"} and ends at ${"high"}, below it`,
    label: text`holds no value`,
    hint: text`write \`InRange(${"high"}, ${"low"})\``,
    explanation: "`InRange(low, high)` includes both ends, and low comes first.",
  }),
  "bynk.types.negative_length": entry({
    title: "negative length",
    message: text`a length cannot be ${"length"}`,
    label: text`below zero`,
    hint: text`write 0 or more`,
    explanation: "Lengths of strings count UTF-16 units and are never negative.",
  }),
  "bynk.types.predicate_arguments": entry({
    title: "wrong arguments of a predicate",
    message: text`\`${"name"}\` does not take these arguments`,
    label: text`not as \`${"name"}\` needs it`,
    hint: text`write \`${"wanted"}\``,
    explanation:
      'The predicates are `NonNegative`, `Positive`, `NonEmpty` without arguments, `InRange(low, high)`, `MinLength(n)`, `MaxLength(n)`, `Length(n)` with whole numbers, and `Matches("pattern")`.',
  }),
  "bynk.types.predicate_base_mismatch": entry({
    title: "predicate of another base",
    message: text`\`${"name"}\` is for ${"bases"}, and this type is made of ${"base"}`,
    label: text`not for ${"base"}`,
    hint: text`use a predicate for ${"base"}, or change the base`,
    explanation:
      "`NonNegative`, `Positive` and `InRange` are for Int and Float; `NonEmpty`, the lengths and `Matches` for String. Bool, Duration, Instant and Bytes take no predicate.",
  }),
  "bynk.types.catastrophic_regex": entry({
    title: "pattern that can take forever",
    message: text`\`${"pattern"}\` can read one text in many ways, so a short input can keep it busy for years`,
    label: text`reads the same text in more than one way, again and again`,
    hint: text`let what is repeated begin or end with something that nothing else in it can take`,
    explanation:
      "Patterns check input from strangers. One such as `(a+)+` or `(a|a)*` can divide a text among its rounds in many ways, twice as many with each further letter, and tries them all before it gives up; that makes it a way to stop the service, so it is refused.",
  }),
  "bynk.types.reserved_payload_field": entry({
    title: "payload field with a reserved name",
    message: text`a payload field cannot be called \`${"name"}\``,
    label: text`tells variants apart`,
    hint: text`choose another name`,
    explanation:
      "A sum's value carries its variant as `tag` in memory and as `kind` on the wire, beside the payload; a payload field of that name would overwrite it.",
  }),
  "bynk.types.opaque_raw_outside": entry({
    title: "`.raw` outside the declaring unit",
    message: text`only \`${"owner"}\` may read the raw value of \`${"type"}\``,
    label: text`not here`,
    hint: text`add a method to \`${"type"}\` that gives what is needed`,
    explanation:
      "An opaque type hides its base from everybody but the unit that declares it. That unit decides which methods give something away.",
  }),
  "bynk.types.opaque_record_construction": entry({
    title: "record literal of an opaque type",
    message: text`\`${"name"}\` is opaque and has no fields to fill`,
    label: text`opaque`,
    hint: text`make it with \`${"name"}.of(…)\``,
    explanation: "An opaque type wraps one base value, which only `.of` (and `.unsafe` in the declaring unit) puts in.",
  }),
  "bynk.types.opaque_unsafe_outside": entry({
    title: "`.unsafe` outside the declaring unit",
    message: text`only \`${"owner"}\` may make \`${"type"}\` without checks`,
    label: text`not here`,
    hint: text`use \`${"type"}.of(…)\``,
    explanation: "`.unsafe` skips the predicates, so only the unit that answers for the type may use it.",
  }),
  "bynk.types.embeds_ambiguous": entry({
    title: "error embedded twice",
    message: text`both \`${"first"}\` and \`${"second"}\` embed \`${"type"}\`, so \`?\` cannot choose`,
    label: text`the second`,
    hint: text`keep one \`embeds ${"type"}\``,
    explanation:
      "`embeds E as V` lets `?` wrap an error of type E in the variant V. With two variants for one type it would be unclear which is meant.",
  }),
  "bynk.types.embeds_unknown_variant": entry({
    title: "`embeds` of an unknown variant",
    message: text`the sum has no variant \`${"name"}\``,
    label: text`not a variant of this sum`,
    hint: text`name one of the sum's variants`,
    explanation: "`embeds E as V` names a variant of the sum it stands behind.",
  }),
  "bynk.types.embeds_variant_shape": entry({
    title: "variant that cannot embed the error",
    message: text`\`${"name"}\` does not hold exactly one value, a \`${"type"}\``,
    label: text`another payload`,
    hint: text`declare it as \`${"name"}(error: ${"type"})\``,
    explanation: "`embeds E as V` wraps an error in V, so V has one payload field, and its type is E.",
  }),
  "bynk.types.unencodable_at_boundary": entry({
    title: "type without a form on the wire",
    message: text`\`${"type"}\` cannot cross a boundary`,
    label: text`has no form on the wire`,
    hint: text`pass a value instead: a record, a sum, or one of the base types`,
    explanation:
      "What a handler takes and gives travels as JSON. Effects, HTTP and queue results and built-in error records have no form there; records, sums, Option, Result, List, Map and base types have.",
    variants: {
      inside: {
        message: text`\`${"type"}\` cannot cross a boundary, because it holds \`${"part"}\``,
        label: text`holds \`${"part"}\``,
        hint: text`replace \`${"part"}\` by a type that has a form on the wire`,
      },
    },
  }),
  "bynk.types.bytes_at_workers_boundary": entry({
    title: "bare Bytes between Workers",
    message: text`\`Bytes\` alone cannot pass between Workers`,
    label: text`bare Bytes`,
    hint: text`put it in a record: \`type Blob = { content: Bytes }\``,
    explanation:
      "Between Workers the arguments of `on call` travel as JSON, in which bytes stand as base64 text inside a record; alone they have no form.",
  }),
} as const;
