/** Codes of other areas that the parser reports, because it alone sees what they are about. */
import { entry, text } from "../wording.ts";

export const placement = {
  "bynk.actor.by_on_agent": entry({
    title: "`by` on an agent",
    message: text`the handler of an agent has no caller of its own to verify`,
    label: text`not in an agent`,
    hint: text`verify the caller in the service that calls the agent, and pass what the agent needs`,
    explanation:
      "Agents are reached from services of their own context, which have verified the caller. A `by` clause belongs on the service's handler.",
  }),
  "bynk.actor.outside_context": entry({
    title: "actor in a commons",
    message: text`an actor is declared in a context`,
    label: text`not in a commons`,
    hint: text`move it to the context whose services it guards`,
    explanation:
      "An actor says who may enter the services of a context, so it belongs to one. A commons holds types and functions only.",
  }),
  "bynk.adapter.disallowed_item": entry({
    title: "declaration an adapter cannot hold",
    message: text`an adapter cannot hold ${"item"}`,
    label: text`not in an adapter`,
    hint: text`move it to a context that consumes the adapter`,
    explanation:
      "An adapter brings code of the host into the language: types, capabilities and their external providers. Services, agents and actors belong to contexts.",
  }),
  "bynk.agent.outside_context": entry({
    title: "agent in a commons",
    message: text`an agent is declared in a context`,
    label: text`not in a commons`,
    hint: text`move it to a context`,
    explanation: "An agent keeps state in a deployed context. A commons holds types and functions only.",
  }),
  "bynk.capability.outside_context": entry({
    title: "capability in a commons",
    message: text`a capability is declared in a context or adapter`,
    label: text`not in a commons`,
    hint: text`move it to the context that provides it`,
    explanation:
      "A capability stands for something a context can do to the world. A commons is pure: types and functions only.",
  }),
  "bynk.consumes.in_commons": entry({
    title: "`consumes` in a commons",
    message: text`a commons cannot consume a context`,
    label: text`not in a commons`,
    hint: text`use another commons with \`uses\`, or make this unit a context`,
    explanation:
      "A commons is a library of types and functions that any context can mix in, so it depends on nothing that is deployed.",
  }),
  "bynk.duration.literal_overflow": entry({
    title: "duration too long",
    message: text`this duration does not fit in milliseconds`,
    label: text`too long`,
    hint: text`write a shorter duration; the longest is 9007199254740991 milliseconds, about 285,000 years`,
    explanation: "A Duration counts milliseconds in an Int, so it ends at 2^53 − 1 of them.",
  }),
  "bynk.event.outside_context": entry({
    title: "event outside a context",
    message: text`an event is declared in the context that emits it`,
    label: text`not in this unit`,
    hint: text`move it to a context`,
    explanation: "An event has an owner, the context that emits it; subscribers consume that context.",
  }),
  "bynk.generics.no_bounds": entry({
    title: "bound on a type parameter",
    message: text`the type parameter \`${"name"}\` cannot have a bound`,
    label: text`no bounds`,
    hint: text`remove the bound, and pass the operations you need as function parameters`,
    explanation:
      "Inside a generic function a type parameter is opaque: values of it can be passed on and nothing else. There are no bounds.",
  }),
  "bynk.messages.outside_commons": entry({
    title: "messages outside a commons",
    message: text`messages are declared in a commons`,
    label: text`not in this unit`,
    hint: text`move them to a commons that the context uses`,
    explanation: "A message bundle is shared text, so it belongs to a commons.",
  }),
  "bynk.provider.outside_context": entry({
    title: "provider in a commons",
    message: text`a provider is declared in a context or adapter`,
    label: text`not in a commons`,
    hint: text`move it beside the capability it provides`,
    explanation: "A provider implements a capability of its own context. A commons is pure: types and functions only.",
  }),
  "bynk.provides.bad_sequence": entry({
    title: "malformed sequence of answers",
    message: text`\`returns each\` takes a list with at least one answer`,
    label: text`no answers`,
    hint: text`write \`returns each [first, fails, third]\``,
    explanation: "A sequence answers call after call, and its last element repeats, so it has at least one.",
  }),
  "bynk.service.outside_context": entry({
    title: "service in a commons",
    message: text`a service is declared in a context`,
    label: text`not in a commons`,
    hint: text`move it to a context`,
    explanation: "A service is a way into a deployed context. A commons holds types and functions only.",
  }),
  "bynk.service.unknown_protocol": entry({
    title: "unknown protocol",
    message: text`\`${"word"}\` is no protocol`,
    label: text`unknown`,
    hint: text`use \`from http\`, \`from cron\` or \`from queue("name")\`; leave \`from\` out for a service that contexts call`,
    explanation:
      'A service receives what its protocol delivers: `http` requests, `cron` schedules, messages of `queue("name")`, `WebSocket(in: A, out: B)` connections. Without `from` it is called by other contexts.',
    variants: {
      near: { message: text`\`${"word"}\` is no protocol`, label: text`unknown`, hint: text`write \`${"nearest"}\`` },
    },
  }),
  "bynk.service.unknown_via_clause": entry({
    title: "unknown `via` clause",
    message: text`\`via ${"word"}\` is not known`,
    label: text`unknown`,
    hint: text`write \`via schema(1)\``,
    explanation: "`via schema(n)` delivers only events of schema version n. There is no other `via` clause.",
  }),
  "bynk.service.websocket_header": entry({
    title: "malformed WebSocket header",
    message: text`\`${"word"}\` needs the types of its frames, first \`in\`, then \`out\``,
    label: text`arguments missing or malformed`,
    hint: text`write \`from ${"word"}(in: Incoming, out: Outgoing)\``,
    explanation:
      "A WebSocket service names the types of the frames it receives and sends, in this order: `from WebSocket(in: ClientFrame, out: ServerFrame)`.",
  }),
  "bynk.stub.bad_sequence": entry({
    title: "malformed sequence of answers",
    message: text`\`returns each\` takes a list with at least one answer`,
    label: text`no answers`,
    hint: text`write \`returns each [first, fails, third]\``,
    explanation: "A sequence answers call after call, and its last element repeats, so it has at least one.",
  }),
  "bynk.tier.property_has_tier": entry({
    title: "tier on a property",
    message: text`a property has no tier`,
    label: text`not on a property`,
    hint: text`remove it; properties run in process`,
    explanation: "Properties run many generated cases in process. Only cases and suites have a tier.",
  }),
} as const;
