/** Refined and opaque types, and the shapes of declared types. */
import { createCases, project } from "../case.ts";

const { cases, reports } = createCases();
export const refinementCases = cases;

const type = (drawn: string): string => `commons t\ntype T = ${drawn}\n`;
const keys = "commons keys\ntype Key = opaque String where NonEmpty\n";
const use = (drawn: string): string =>
  `context t\nuses keys\nservice s { on call(k: Key) -> Effect[()] {\n  ${drawn}\n} }\n`;

reports("refine.literal_violates", "commons t\ntype N = Int where Positive\nfn f() -> N { «0» }\n");
reports("refine.literal_violates", "commons t\ntype N = Int where Positive\nfn f() -> N { «-3» }\n");
reports(
  "refine.literal_violates",
  'commons t\ntype S = String where MaxLength(1)\nfn f() -> Option[S] { Some(«"😀"») }\n',
);
reports(
  "refine.literal_violates",
  "commons t\ntype R = { days: Int where InRange(1, 28) }\nfn f() -> R { R { days: «29» } }\n",
);
reports("types.empty_refinement", type("String «where MinLength(5) and MaxLength(3)»"));
reports("types.empty_refinement", type("Int «where Positive && InRange(-4, 0)»"));
reports("types.empty_refinement", type("Float «where Positive && InRange(-4.0, 0.0)»"));
reports("types.field_refinement_not_base", "commons t\ntype U = { n: Int }\ntype R = { u: U «where Positive» }\n");
reports("types.invalid_regex", type('String where Matches(«"(a"»)'));
reports("types.invalid_regex", type('String where Matches(«"a)|(b"»)'));
reports("types.inverted_range", type("Int where «InRange(9, 1)»"));
reports("types.negative_length", type("String where MinLength(«-1»)"));
reports("types.predicate_arguments", type("Int where «InRange(1)»"));
reports("types.predicate_arguments", type("Int where «Positive(1)»"));
reports("types.predicate_arguments", type('String where MinLength(«"1"»)'));
reports("types.predicate_base_mismatch", type("String where «Positive»"));
reports("types.predicate_base_mismatch", type("Bool where «NonEmpty»"));
reports("types.no_numeric_coercion", type("Int where InRange(1, «2.5»)"));
reports("types.no_numeric_coercion", type("Float where InRange(«1», 2.5)"));
reports("types.catastrophic_regex", type('String where Matches(«"(a+)+"»)'));
reports("types.catastrophic_regex", type('String where Matches(«"(a|a)*b"»)'));
reports("types.reserved_payload_field", "commons t\ntype S = | A(«kind»: Int) | B(«tag»: Int)\n");
reports("types.opaque_raw_outside", project(keys, use("let r = k.«raw»")));
reports("types.opaque_record_construction", project(keys, use("let r = «Key» { v: 1 }")));
reports("types.opaque_unsafe_outside", project(keys, use('let r = Key.«unsafe»("")')));
reports(
  "types.embeds_ambiguous",
  "commons t\ntype E = | X\ntype S = | A(e: E) | B(e: E) embeds E as A embeds E as «B»\n",
);
reports("types.embeds_unknown_variant", "commons t\ntype E = | X\ntype S = | A(e: E) embeds E as «C»\n");
reports("types.embeds_variant_shape", "commons t\ntype E = | X\ntype S = | A(e: Int) embeds E as «A»\n");
reports("types.unkeyable_map_key", "commons t\ntype R = { a: Map[«Float», Int], b: Map[«R», Int] }\n");
reports(
  "types.unencodable_at_boundary",
  "context t\nservice s { on call(e: «ValidationError») -> Effect[()] { () } }\n",
);
reports(
  "types.unencodable_at_boundary",
  "context t\ntype R = { r: Option[HttpResult[Int]] }\nservice s { on call(e: «R») -> Effect[()] { () } }\n",
);
reports("types.bytes_at_workers_boundary", "context t\nservice s { on call(b: «Bytes») -> «Effect[Bytes]» { b } }\n", {
  options: { target: "worker" },
});
