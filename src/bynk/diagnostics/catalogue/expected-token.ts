/**
 * The code behind most syntax errors: something else was expected. Its variants are the mistakes people make, most of
 * them habits from other languages, each with its own hint.
 */
import { entry, text, type Wording, wording } from "../wording.ts";

type Situation = Wording<"expected" | "found">;

const message = text`expected ${"expected"}, found ${"found"}`;

const closing: Situation = wording({ message, label: text`unexpected` });
const strayExpression: Situation = wording({
  message,
  label: text`the expression before this is not the last of its block`,
  hint: text`bind the expression before with \`let _ =\`, run its effect with \`do\`, or put an operator between the two`,
});
const callOnNewLine: Situation = wording({
  message,
  label: text`a bracket on a new line starts a new expression`,
  hint: text`put the bracket on the line of the name it calls`,
});
const operatorLine: Situation = wording({
  message,
  label: text`a sign at the start of a line never continues the line above`,
  hint: text`put the operator at the end of the line above`,
});
const leftArrow: Situation = wording({
  message,
  label: text`this is one sign`,
  hint: text`write \`a < -b\` to compare with a negative number; \`<-\` binds an effect in \`let x <- e\``,
});
const equalsSign: Situation = wording({
  message,
  label: text`this is not a comparison`,
  hint: text`write \`==\` to compare; \`let name = value\` to name a value`,
});
const letMissing: Situation = wording({
  message,
  label: text`values cannot be reassigned`,
  hint: text`write \`let\` before the name to name a value`,
});
const letWord: Situation = wording({
  message,
  label: text`values are named with \`let\``,
  hint: text`write \`let\`; every name is constant`,
});
const singleBar: Situation = wording({
  message,
  label: text`separates patterns, not conditions`,
  hint: text`write \`||\` for "or"`,
});
const andWord: Situation = wording({
  message,
  label: text`joins predicates only`,
  hint: text`write \`&&\` for "and" between conditions`,
});
const orWord: Situation = wording({
  message,
  label: text`not an operator`,
  hint: text`write \`||\` for "or"`,
});
const notWord: Situation = wording({
  message,
  label: text`not an operator`,
  hint: text`write \`!\` for "not"`,
});
const loopWord: Situation = wording({
  message,
  label: text`there are no loops`,
  hint: text`use the methods of lists, such as \`map\`, \`filter\` and \`fold\`, or a recursive function`,
});
const throwWord: Situation = wording({
  message,
  label: text`there are no exceptions`,
  hint: text`return the failure as a value: \`Err(…)\``,
});
const awaitWord: Situation = wording({
  message,
  label: text`effects are awaited with \`<-\``,
  hint: text`write \`let name <- effect\`, or \`do effect\` when it yields nothing`,
});
const returnWord: Situation = wording({
  message,
  label: text`there is no \`return\``,
  hint: text`remove \`return\`; the last expression of a block is its value`,
});
const ternary: Situation = wording({
  message,
  label: text`there is no conditional operator`,
  hint: text`write \`if condition { a } else { b }\``,
});
const recordInHead: Situation = wording({
  message,
  label: text`not part of a statement`,
  hint: text`put brackets around a record in the head of an \`if\` or \`match\`; name a value with \`let name: Type = value\``,
});
const recordEquals: Situation = wording({
  message,
  label: text`not the fields of a record`,
  hint: text`write the fields as \`name: value\``,
});
const bareLambda: Situation = wording({
  message,
  label: text`the parameter needs brackets`,
  hint: text`put brackets around it: \`(x) => …\``,
});
const namedArgument: Situation = wording({
  message,
  label: text`arguments have no names`,
  hint: text`pass the arguments in the order of the parameters`,
});
const tuple: Situation = wording({
  message,
  label: text`there are no tuples`,
  hint: text`declare a record for values that belong together`,
});
const bodyBrace: Situation = wording({
  message,
  label: text`not in braces`,
  hint: text`put it in braces: \`{ … }\``,
});
const underscoreName: Situation = wording({
  message,
  label: text`a name cannot start with \`_\``,
  hint: text`begin the name with a letter; \`_\` alone stands for a value nobody wants`,
});
const typeFirst: Situation = wording({
  message,
  label: text`the type stands behind the name`,
  hint: text`write the name first: \`name: Type\``,
});
const angleBrackets: Situation = wording({
  message,
  label: text`type arguments stand in square brackets`,
  hint: text`write \`[\` and \`]\`: \`List[Int]\``,
});
const colonResult: Situation = wording({
  message,
  label: text`the result type follows an arrow`,
  hint: text`write \`->\` before the result type`,
});
const resultMissing: Situation = wording({
  message,
  label: text`the result type is missing`,
  hint: text`write what it returns: \`-> Int\`, or \`-> ()\` for nothing`,
});
const noParams: Situation = wording({
  message,
  label: text`the parameters are missing`,
  hint: text`write \`()\` when there are none`,
});
const discardBinder: Situation = wording({
  message,
  label: text`\`_\` is no binder`,
  hint: text`leave the binder out: \`by User\` verifies the caller and keeps nothing`,
});
const byBrackets: Situation = wording({
  message,
  label: text`no brackets here`,
  hint: text`write \`by u: User\` without brackets, then the parameters in brackets`,
});
const byInBetween: Situation = wording({
  message,
  label: text`\`by\` stands before the parameters or after the result type`,
  hint: text`write \`by u: User () -> Result\``,
});
const givenBeforeBy: Situation = wording({
  message,
  label: text`\`by\` stands before \`given\``,
  hint: text`write \`by\` first: \`-> Result by u: User given Clock\``,
});
const typeArgsAlone: Situation = wording({
  message,
  label: text`type arguments belong to a call`,
  hint: text`add the arguments in brackets; put a list literal on a line of its own or after a comma`,
});
const serviceCallName: Situation = wording({
  message,
  label: text`a service's call has no name of its own`,
  hint: text`remove the name; others call it by the name of the service`,
});
const dataBrackets: Situation = wording({
  message,
  label: text`needs brackets`,
  hint: text`put it in brackets: \`("…")\``,
});
const fromMissing: Situation = wording({
  message,
  label: text`a protocol`,
  hint: text`write \`from\` before the protocol`,
});
const colonSetting: Situation = wording({
  message,
  label: text`settings take \`=\``,
  hint: text`write \`name = value\``,
});
const authFirst: Situation = wording({
  message,
  label: text`\`auth\` stands first`,
  hint: text`write \`auth = Scheme(…)\` before \`identity = Type\``,
});
const schemeOutside: Situation = wording({
  message,
  label: text`a scheme stands in braces`,
  hint: text`write \`actor Name { auth = Bearer(…), identity = Type }\`; \`=\` refines another actor`,
});
const plainString: Situation = wording({
  message: text`expected ${"expected"}, found ${"found"} with a hole`,
  label: text`must be known when compiling`,
  hint: text`write the text out; a string used as data has no \`\\(…)\``,
});

export const expectedToken = {
  "bynk.parse.expected_token": entry({
    title: "unexpected word or sign",
    message,
    label: text`unexpected`,
    explanation: "The grammar needs a certain word or sign at this place. The message names it.",
    variants: {
      closing,
      strayExpression,
      callOnNewLine,
      operatorLine,
      leftArrow,
      equalsSign,
      letMissing,
      letWord,
      singleBar,
      andWord,
      orWord,
      notWord,
      loopWord,
      throwWord,
      awaitWord,
      returnWord,
      ternary,
      recordInHead,
      recordEquals,
      bareLambda,
      namedArgument,
      tuple,
      bodyBrace,
      underscoreName,
      typeFirst,
      angleBrackets,
      colonResult,
      resultMissing,
      noParams,
      discardBinder,
      byBrackets,
      byInBetween,
      givenBeforeBy,
      typeArgsAlone,
      serviceCallName,
      dataBrackets,
      fromMissing,
      colonSetting,
      authFirst,
      schemeOutside,
      plainString,
    },
  }),
} as const;
