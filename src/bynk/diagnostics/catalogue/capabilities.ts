/** What is found about effects, capabilities, their providers and `given`. */
import { entry, text } from "../wording.ts";
import { nearEntry } from "./near.ts";

export const capabilities = {
  "bynk.effect.bind_in_pure_context": entry({
    title: "`<-` in a pure body",
    message: text`\`<-\` awaits an effect, and this body returns \`${"result"}\``,
    label: text`awaited in a pure body`,
    hint: text`make the body return \`Effect[${"result"}]\``,
    explanation:
      "Only a body whose declared result is an Effect may await effects, so a signature tells what a call can do.",
  }),
  "bynk.effect.bind_on_non_effect": entry({
    title: "`<-` on something that is no effect",
    message: text`\`<-\` takes an Effect`,
    label: text`is \`${"type"}\``,
    hint: text`write \`=\``,
    explanation: "`let x <- e` awaits the effect e. A plain value is bound with `let x = e`.",
  }),
  "bynk.effect.capability_in_pure_context": entry({
    title: "capability in a pure body",
    message: text`\`${"call"}\` does something to the world, and this body is pure`,
    label: text`called in a pure body`,
    hint: text`move the call into a handler or provider, and pass the value on`,
    explanation:
      "A body whose result is no Effect is pure: same arguments, same result. Capabilities belong to handlers and providers, which list them in `given`.",
  }),
  "bynk.effect.cross_context_in_pure_context": entry({
    title: "remote call in a pure body",
    message: text`\`${"call"}\` calls another context, and this body is pure`,
    label: text`called in a pure body`,
    hint: text`make the body return an Effect`,
    explanation: "A call of another context's service takes time and may fail, so it is an effect.",
  }),
  "bynk.effect.do_in_pure_context": entry({
    title: "`do` in a pure body",
    message: text`\`do\` awaits an effect, and this body returns \`${"result"}\``,
    label: text`awaited in a pure body`,
    hint: text`make the body return \`Effect[${"result"}]\``,
    explanation: "Only a body whose declared result is an Effect may await effects.",
  }),
  "bynk.effect.do_on_non_effect": entry({
    title: "`do` on something that is no effect",
    message: text`\`do\` takes an \`Effect[()]\``,
    label: text`is \`${"type"}\``,
    hint: text`remove the statement, or write \`let _ = …\``,
    explanation: "`do e` awaits an effect for what it does. A plain value does nothing.",
  }),
  "bynk.effect.do_requires_unit": entry({
    title: "`do` that drops a value",
    message: text`\`do\` would drop the value of this effect`,
    label: text`is \`${"type"}\``,
    hint: text`bind it: \`let value <- …\`, or drop it openly: \`let _ <- …\``,
    explanation: "`do` takes effects without a value, so that no result, and no error, is dropped unseen.",
  }),
  "bynk.send.in_pure_context": entry({
    title: "`~>` in a pure body",
    message: text`\`~>\` starts an effect, and this body returns \`${"result"}\``,
    label: text`started in a pure body`,
    hint: text`make the body return \`Effect[${"result"}]\``,
    explanation: "Only a body whose declared result is an Effect may start effects.",
  }),
  "bynk.send.non_effect": entry({
    title: "`~>` on something that is no effect",
    message: text`\`~>\` takes an \`Effect[()]\``,
    label: text`is \`${"type"}\``,
    hint: text`remove the statement`,
    explanation: "`~> e` starts an effect and does not wait for it.",
  }),
  "bynk.send.requires_unit": entry({
    title: "`~>` that drops a value",
    message: text`nobody would see the value of this effect`,
    label: text`is \`${"type"}\``,
    hint: text`await it with \`let value <- …\``,
    explanation: "`~>` starts an effect and goes on; a value, and an error in it, would be lost.",
  }),
  "bynk.capability.duplicate_operation": entry({
    title: "operation declared twice",
    message: text`\`${"capability"}\` has a second operation \`${"name"}\``,
    label: text`declared again`,
    hint: text`rename or remove one of the two`,
    explanation: "There is no overloading: the operations of a capability have different names.",
  }),
  "bynk.capability.op_arity": entry({
    title: "wrong number of arguments of an operation",
    message: text`\`${"name"}\` takes ${"wanted"}, but is given ${"found"}`,
    label: text`called with ${"found"}`,
    hint: text`pass ${"wanted"}`,
    explanation: "An operation is called with exactly its parameters.",
  }),
  "bynk.capability.unknown_operation": nearEntry({
    title: "unknown operation",
    message: text`the capability \`${"capability"}\` has no operation \`${"name"}\``,
    label: text`no such operation`,
    hint: text`call an operation that \`${"capability"}\` declares`,
    explanation: "After a capability's name stands one of its operations.",
  }),
  "bynk.given.cross_context_unknown_capability": nearEntry({
    title: "capability that is not exported",
    message: text`\`${"context"}\` exports no capability \`${"name"}\``,
    label: text`not exported`,
    hint: text`add it to \`exports capability\` of \`${"context"}\``,
    explanation: "A context offers the capabilities in its `exports capability` clause, and no others.",
  }),
  "bynk.given.duplicate_capability": entry({
    title: "capability given twice",
    message: text`\`${"name"}\` is given twice`,
    label: text`again`,
    hint: text`remove one of the two`,
    explanation:
      "In the body a capability goes by the last part of what is written in `given`, so two entries cannot end alike.",
  }),
  "bynk.given.undeclared_capability": entry({
    title: "capability without `given`",
    message: text`\`${"name"}\` is used here and not given`,
    label: text`not given`,
    hint: text`add \`given ${"name"}\``,
    explanation:
      "`given` lists what a handler or provider may do to the world. What is not listed cannot be used, so a reader of the signature knows.",
    variants: {
      function: {
        message: text`\`${"name"}\` is a capability, and functions are given none`,
        label: text`not in a function`,
        hint: text`take the value as a parameter, or write a capability with a provider`,
      },
      prefixed: {
        message: text`\`${"name"}\` is used here and not given`,
        label: text`not given`,
        hint: text`add \`given ${"written"}\``,
      },
    },
  }),
  "bynk.given.unknown_capability": nearEntry({
    title: "unknown capability",
    message: text`there is no capability \`${"name"}\` here`,
    label: text`not found`,
    hint: text`declare it, or consume the unit that exports it: \`consumes bynk { Clock }\``,
    explanation:
      "`given` names a capability of this context, one selected with `consumes a { Cap }`, or `alias.Cap` of a consumed context.",
  }),
  "bynk.given.unused_capability": entry({
    severity: "warning",
    title: "capability given and not used",
    message: text`\`${"name"}\` is given and never used`,
    label: text`not used`,
    hint: text`remove it`,
    explanation: "`given` says what a handler may do. Less is better, and what is listed should be true.",
  }),
  "bynk.provider.dependency_cycle": entry({
    title: "providers that need each other",
    message: text`these providers need each other in a circle: ${"chain"}`,
    label: text`closes the circle`,
    hint: text`move what they share into a capability of its own`,
    explanation: "A provider is built after those it is given, so they cannot need each other in a circle.",
  }),
  "bynk.provider.extra_operation": entry({
    title: "operation the capability does not have",
    message: text`\`${"capability"}\` declares no operation \`${"name"}\``,
    label: text`not part of the capability`,
    hint: text`remove it, or declare it in \`${"capability"}\``,
    explanation: "A provider implements exactly the operations of its capability.",
    variants: {
      repeated: {
        message: text`\`${"capability"}.${"name"}\` is implemented twice`,
        label: text`again`,
        hint: text`remove one of the two`,
      },
    },
  }),
  "bynk.provider.missing_operation": entry({
    title: "operation that is not implemented",
    message: text`this provider does not implement \`${"capability"}.${"name"}\``,
    label: text`\`${"name"}\` missing`,
    hint: text`add \`fn ${"name"}\` to its body`,
    explanation: "A provider implements every operation of its capability.",
  }),
  "bynk.provider.signature_mismatch": entry({
    title: "operation with another signature",
    message: text`\`${"operation"}\` is declared as \`${"wanted"}\``,
    label: text`is \`${"found"}\``,
    hint: text`use the declared types; parameter names are free`,
    explanation: "Callers know the capability, not the provider, so types of parameters and result are those declared.",
  }),
  "bynk.provider.unknown_capability": nearEntry({
    title: "provider of an unknown capability",
    message: text`this unit declares no capability \`${"name"}\``,
    label: text`not declared here`,
    hint: text`declare the capability in this unit`,
    explanation: "A provider implements a capability of its own unit.",
  }),
} as const;
