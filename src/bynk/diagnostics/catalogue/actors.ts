/** What is found about actors and `by` clauses. Nothing here repeats what may be a secret. */
import { entry, text } from "../wording.ts";
import { nearEntry } from "./near.ts";

export const actors = {
  "bynk.actor.bad_header_name": entry({
    title: "malformed header name",
    message: text`${"written"} is no name of a header`,
    label: text`cannot be a header`,
    hint: text`write letters, digits and dashes: \`"X-Signature"\``,
    explanation: "No request can carry a header with such a name, so nothing could ever be verified.",
  }),
  "bynk.actor.bad_secret_name": entry({
    title: "secret that is no variable name",
    message: text`\`secret\` names an environment variable: capital letters, digits and underscores`,
    label: text`not the name of a variable`,
    hint: text`put the key into an environment variable and write its name: \`secret = "AUTH_JWT_SECRET"\``,
    explanation:
      "The key itself never stands in source. `secret` names the environment variable that holds it, such as `AUTH_JWT_SECRET`. What is written here is not repeated in this message, because it may be the key.",
  }),
  "bynk.actor.bad_tolerance": entry({
    title: "tolerance that accepts nothing",
    message: text`a tolerance of ${"seconds"} seconds accepts no request`,
    label: text`not above zero`,
    hint: text`write the seconds a signed time may be off: \`tolerance = 300\``,
    explanation: "A signed time is accepted when it is at most `tolerance` seconds away from now, in both directions.",
    variants: {
      long: {
        message: text`a tolerance of ${"seconds"} seconds lets a copied request in for longer than a day`,
        label: text`above ${"longest"}`,
        hint: text`write the seconds a signed time may be off: \`tolerance = 300\``,
      },
    },
  }),
  "bynk.actor.bearer_identity_not_string_constructible": entry({
    title: "identity that is not made from text",
    message: text`the identity of \`${"actor"}\` cannot be \`${"type"}\`: a token names its subject as text`,
    label: text`not made from a String`,
    hint: text`use a refined or opaque type over String`,
    explanation:
      'A token\'s subject is text, and the identity is made from it with `.of`:\n\n```\ntype UserId = String where NonEmpty\nactor User { auth = Bearer(secret = "AUTH_JWT_SECRET"), identity = UserId }\n```',
    variants: {
      absent: {
        message: text`\`${"actor"}\` is known by a token and has no identity${"type"}`,
        label: text`no \`identity\``,
        hint: text`add \`, identity = UserId\` with a type over String`,
      },
    },
  }),
  "bynk.actor.bearer_missing_secret": entry({
    title: "Bearer without a secret",
    message: text`\`${"actor"}\` does not say which secret its tokens are signed with`,
    label: text`no \`secret\``,
    hint: text`write \`Bearer(secret = "AUTH_JWT_SECRET")\`, the name of an environment variable`,
    explanation: "Without the key no token can be verified. `secret` names the environment variable that holds it.",
    variants: {
      notText: {
        message: text`the secret of \`${"actor"}\` must be text: the name of an environment variable`,
        label: text`not text`,
        hint: text`write \`secret = "AUTH_JWT_SECRET"\``,
      },
    },
  }),
  "bynk.actor.binder_not_a_value": entry({
    title: "caller used as a value",
    message: text`\`${"name"}\` is the caller, and cannot be passed around`,
    label: text`not a value`,
    hint: text`read \`${"name"}.identity\``,
    explanation:
      "The binder of a `by` clause stands for the verified caller. What may be used and passed on is its identity.",
  }),
  "bynk.actor.binder_shadows_param": entry({
    title: "caller and parameter of one name",
    message: text`\`${"name"}\` is both the caller and a parameter`,
    label: text`the same name`,
    hint: text`rename one of the two`,
    explanation: "In the body a name must be either who calls or what was sent, never a question.",
  }),
  "bynk.actor.config_wrong_kind": entry({
    title: "configuration of another kind",
    message: text`\`${"key"}\` of ${"scheme"} must be ${"wanted"}`,
    label: text`is something else`,
    hint: text`write ${"wanted"}`,
    explanation: "A value of the wrong kind would silently remove part of the verification, so it does not compile.",
  }),
  "bynk.actor.duplicate_config_key": entry({
    title: "configuration key given twice",
    message: text`\`${"key"}\` is given twice to ${"scheme"}`,
    label: text`again`,
    hint: text`keep one of the two`,
    explanation: "Every key of a scheme is given once, so that there is no question which value holds.",
  }),
  "bynk.actor.duplicate_sum_scheme": entry({
    title: "two members with one scheme",
    message: text`\`${"actor"}\` and \`${"other"}\` both prove themselves with ${"scheme"}`,
    label: text`${"scheme"} again`,
    hint: text`use one of them, or two routes`,
    explanation:
      "The members of a caller sum are told apart by how they prove themselves, so each scheme stands at most once.",
  }),
  "bynk.actor.identity_not_sealed": entry({
    title: "identity that anybody could make",
    message: text`the identity of \`${"actor"}\` must be a type of this context's own, and \`${"type"}\` is built in`,
    label: text`not sealed`,
    hint: text`declare one: \`type UserId = String where NonEmpty\``,
    explanation:
      "An identity is minted at the boundary and trusted everywhere behind it. A type of its own makes sure that no other text is ever taken for one.",
    variants: {
      foreign: {
        message: text`the identity of \`${"actor"}\` must be a type of this context's own, and \`${"type"}\` belongs to another`,
        label: text`a foreign type`,
        hint: text`declare a type here, or share one through a commons`,
      },
    },
  }),
  "bynk.actor.identity_unavailable": entry({
    title: "identity that is never supplied",
    message: text`\`${"actor"}\` proves itself with ${"scheme"}, which supplies no identity`,
    label: text`there is none`,
    hint: text`use Bearer or Oidc, or do not read it`,
    explanation: "None and Internal establish no subject, so there is nothing an identity could be made from.",
  }),
  "bynk.actor.identity_unused": entry({
    severity: "warning",
    title: "identity that is never supplied",
    message: text`\`${"actor"}\` proves itself with ${"scheme"}, which supplies no identity`,
    label: text`never supplied`,
    hint: text`remove \`identity\``,
    explanation: "None and Internal establish no subject, so there is nothing an identity could be made from.",
  }),
  "bynk.actor.missing_by_on_http": entry({
    title: "route that names no caller",
    message: text`\`on ${"route"}\` does not say who may call it`,
    label: text`no \`by\``,
    hint: text`add \`by u: User\`, or \`by v: Visitor\` when everybody may`,
    explanation:
      'HTTP has no safe default, so every route names its caller. A public route says so: `on GET("/") by v: Visitor () -> …`. A service-level `by` in the header serves all routes that have none.',
  }),
  "bynk.actor.oidc_bad_url": entry({
    title: "key set that is not fetched over https",
    message: text`\`jwks\` must be an \`https:\` URL without user, password or fragment`,
    label: text`not such a URL`,
    hint: text`write the provider's \`https://…\` URL of its key set`,
    explanation: "Whoever can change the key set on its way can sign any token. Only https protects it.",
    variants: {
      issuer: {
        message: text`\`issuer\` must be an \`https:\` URL without user, password or fragment`,
        label: text`not such a URL`,
        hint: text`write the provider's \`https://…\` URL, letter by letter as its tokens name it`,
      },
    },
  }),
  "bynk.actor.oidc_identity_not_string_constructible": entry({
    title: "identity that is not made from text",
    message: text`the identity of \`${"actor"}\` cannot be \`${"type"}\`: a token names its subject as text`,
    label: text`not made from a String`,
    hint: text`use a refined or opaque type over String`,
    explanation: "A token's subject is text, and the identity is made from it with `.of`.",
    variants: {
      absent: {
        message: text`\`${"actor"}\` is known by a token and has no identity${"type"}`,
        label: text`no \`identity\``,
        hint: text`add \`, identity = UserId\` with a type over String`,
      },
    },
  }),
  "bynk.actor.oidc_missing_audience": entry({
    title: "Oidc without an audience",
    message: text`\`${"actor"}\` does not say for whom its tokens are issued`,
    label: text`no \`audience\``,
    hint: text`add \`audience = "your-client-id"\``,
    explanation: "Without it, a token issued for any other application of the same provider would be accepted here.",
    variants: {
      notText: {
        message: text`the audience of \`${"actor"}\` must be text`,
        label: text`not text`,
        hint: text`write \`audience = "your-client-id"\``,
      },
    },
  }),
  "bynk.actor.oidc_missing_issuer": entry({
    title: "Oidc without an issuer",
    message: text`\`${"actor"}\` does not say who issues its tokens`,
    label: text`no \`issuer\``,
    hint: text`add \`issuer = "https://login.example"\``,
    explanation: "A token counts only when the expected issuer made it.",
    variants: {
      notText: {
        message: text`the issuer of \`${"actor"}\` must be text`,
        label: text`not text`,
        hint: text`write \`issuer = "https://login.example"\``,
      },
    },
  }),
  "bynk.actor.oidc_missing_jwks": entry({
    title: "Oidc without a key set",
    message: text`\`${"actor"}\` does not say where the issuer's keys are`,
    label: text`no \`jwks\``,
    hint: text`add \`jwks = "https://login.example/.well-known/jwks.json"\``,
    explanation: "Tokens are verified against the keys the issuer publishes.",
    variants: {
      notText: {
        message: text`the key set of \`${"actor"}\` must be text: its URL`,
        label: text`not text`,
        hint: text`write \`jwks = "https://login.example/.well-known/jwks.json"\``,
      },
    },
  }),
  "bynk.actor.refinement_base_unsupported": entry({
    title: "refinement of something without claims",
    message: text`\`${"actor"}\` cannot refine \`${"base"}\`, which ${"reason"}`,
    label: text`has no claims to look at`,
    hint: text`refine a Bearer or Oidc actor that this context declares`,
    explanation:
      "A refinement looks at the claims of a verified token, so its base is a Bearer or Oidc actor declared in the same context, and no refinement itself.",
  }),
  "bynk.actor.refinement_in_sum": entry({
    title: "refinement in a caller sum",
    message: text`\`${"actor"}\` is a refinement of \`${"base"}\` and cannot be one of several callers`,
    label: text`a refinement`,
    hint: text`name \`${"base"}\` in the sum, or give the refinement a route of its own`,
    explanation:
      "A sum asks who somebody is; a refinement also asks what they may do, and answers 403. In a sum it would be unclear whether the next member should be tried.",
  }),
  "bynk.actor.refinement_predicate_unsupported": entry({
    title: "predicate outside the claim language",
    message: text`\`${"written"}\` is no predicate over claims`,
    label: text`not a claim predicate`,
    hint: text`combine \`hasClaim("name")\` and \`claimEquals("name", "value")\` with \`&&\`, \`||\` and \`!\``,
    explanation:
      "A refinement is decided from the claims of the verified token alone, before any code of yours runs. Arguments are plain strings.",
  }),
  "bynk.actor.scheme_not_admissible": entry({
    title: "caller that cannot come this way",
    message: text`\`${"actor"}\` proves itself with ${"scheme"}, which a ${"entry"} handler cannot verify`,
    label: text`${"scheme"}`,
    hint: text`name an actor that uses one of ${"schemes"}`,
    explanation:
      "http takes None, Bearer, Signature and Oidc; a WebSocket None and Bearer; calls, schedules and queues come from inside and take Internal. Of the language's own actors, Caller comes by `on call`, Scheduler by `on schedule` and Producer by `on message` alone.",
    variants: {
      channel: {
        message: text`\`${"actor"}\` is ${"who"}, and a ${"entry"} handler is not reached from there`,
        label: text`only on ${"only"}`,
        hint: text`leave \`by\` out: the protocol has its own caller`,
      },
    },
  }),
  "bynk.actor.shadows_prelude": entry({
    severity: "warning",
    title: "actor that replaces one of the language",
    message: text`\`${"name"}\` comes with the language, and this declaration replaces it in the whole context`,
    label: text`replaces the built-in actor`,
    hint: text`choose another name`,
    explanation:
      "A reader who sees `by Visitor` takes the route for public. A declaration of that name changes what all those routes mean.",
  }),
  "bynk.actor.signature_identity_unsupported": entry({
    title: "identity on a signature",
    message: text`\`${"actor"}\` proves itself with a signature, which names nobody`,
    label: text`never supplied`,
    hint: text`remove \`identity\`, and read who it is about from the body`,
    explanation: "A shared secret proves that a sender knows it, not who of several it is.",
  }),
  "bynk.actor.signature_missing_header": entry({
    title: "Signature without a header",
    message: text`\`${"actor"}\` does not say which header carries its signature`,
    label: text`no \`header\``,
    hint: text`add \`header = "X-Signature"\``,
    explanation: "Without it there is nothing to verify.",
    variants: {
      notText: {
        message: text`the header of \`${"actor"}\` must be text`,
        label: text`not text`,
        hint: text`write \`header = "X-Signature"\``,
      },
    },
  }),
  "bynk.actor.signature_missing_secret": entry({
    title: "Signature without a secret",
    message: text`\`${"actor"}\` does not say which secret its bodies are signed with`,
    label: text`no \`secret\``,
    hint: text`add \`secret = "HOOK_SECRET"\`, the name of an environment variable`,
    explanation: "Without the key no signature can be verified. `secret` names the environment variable that holds it.",
    variants: {
      notText: {
        message: text`the secret of \`${"actor"}\` must be text: the name of an environment variable`,
        label: text`not text`,
        hint: text`write \`secret = "HOOK_SECRET"\``,
      },
    },
  }),
  "bynk.actor.signature_requires_body": entry({
    title: "signed request without a body",
    message: text`\`${"actor"}\` signs the body, and this handler takes none`,
    label: text`needs a \`body\` parameter`,
    hint: text`add \`body: T\` to the parameters`,
    explanation:
      "A signature covers the body's bytes. A handler that does not take the body would act on something nobody signed.",
  }),
  "bynk.actor.signature_tolerance_without_timestamp": entry({
    title: "tolerance without a timestamp",
    message: text`\`${"actor"}\` tolerates a difference of time and names no header that carries the time`,
    label: text`nothing to compare`,
    hint: text`add \`timestamp = "X-Timestamp"\``,
    explanation: "Only a time that is signed together with the body bounds replay; `timestamp` names its header.",
  }),
  "bynk.actor.sum_requires_binder": entry({
    title: "caller sum without a name",
    message: text`one of several may call, and the handler does not ask which`,
    label: text`not bound`,
    hint: text`write \`by who: ${"members"}\``,
    explanation:
      "With several possible callers the body decides what each may do, so it must be able to `match` on who it is.",
  }),
  "bynk.actor.unknown_actor": nearEntry({
    title: "unknown actor",
    message: text`there is no actor \`${"name"}\``,
    label: text`not found`,
    hint: text`declare it, or use one that comes with the language: Visitor, Caller, Scheduler, Producer`,
    explanation: "`by` names an actor of this context, or one of the language. Actors are not shared between contexts.",
  }),
  "bynk.actor.unknown_config_key": nearEntry({
    title: "unknown configuration key",
    message: text`${"scheme"} has no \`${"key"}\`: it ${"known"}`,
    label: text`unknown`,
    hint: text`remove it`,
    explanation:
      "A misspelt key would silently leave out what it was meant to configure, such as the replay window. So it does not compile.",
  }),
  "bynk.actor.unknown_scheme": nearEntry({
    title: "unknown scheme",
    message: text`\`${"name"}\` is no way to prove oneself`,
    label: text`unknown`,
    hint: text`use None, Bearer, Signature, Oidc or Internal`,
    explanation: "The schemes are a closed set, so that the compiler knows how to write each verification.",
  }),
  "bynk.actor.unreachable_sum_arm": entry({
    title: "caller that is never tried",
    message: text`\`${"always"}\` lets everybody in, so \`${"actor"}\` is never tried`,
    label: text`never reached`,
    hint: text`move \`${"always"}\` to the end`,
    explanation: "The members of a caller sum are tried from left to right, and the first that verifies is the caller.",
  }),
} as const;
