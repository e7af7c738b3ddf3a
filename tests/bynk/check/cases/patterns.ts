/** Patterns of `match`. */
import { createCases } from "../case.ts";

const { cases, reports } = createCases();
export const patternCases = cases;

function arms(drawn: string, subject = "x"): string {
  return `commons t
type State = | Open(at: Int) | Shut | Moved(start: Int, end: String)
fn f(a: Int, s: String, flag: Bool, o: Option[Bool], x: State) -> Int {
  match ${subject} {
    ${drawn}
  }
}
`;
}

reports("types.duplicate_literal_arm", arms("1 => 1, «1» => 2, _ => 3", "a"));
reports("types.duplicate_literal_arm", arms("true => 1, «true» => 2, false => 3", "flag"));
reports("types.duplicate_variant_arm", arms("Open(n) => n, «Open(m)» => m, _ => 3"));
reports("types.mixed_pattern_bindings", arms("«Moved(start: a, b)» => 1, _ => 3"));
reports("types.non_exhaustive_match", arms("Open(_) => 1, Shut => 2", "«x»"));
reports("types.non_exhaustive_match", arms("Open(n) if n > 3 => 1, Shut => 2, Moved(_, _) => 3", "«x»"));
reports("types.non_exhaustive_match", arms("Some(true) => 1, None => 2", "«o»"));
reports("types.non_exhaustive_match", arms("true => 1", "«flag»"));
reports("types.non_exhaustive_match", arms("1 => 1, 2 => 2", "«a»"));
reports("types.non_exhaustive_match", arms("Open(_) => 1, Shut => 2, Moved(1, _) => 3", "«x»"));
reports("types.non_exhaustive_match", arms("_ where Positive => 1", "«a»"));
reports("types.or_pattern_binding_mismatch", arms("Open(n) | «Shut» => 1, _ => 2"));
reports("types.or_pattern_type_mismatch", arms("Moved(n, _) | «Moved(_, n)» => 1, _ => 2"));
reports("types.pattern_arity", arms("«Moved(a)» => 1, _ => 2"));
reports("types.pattern_type_mismatch", arms("«1» => 1, _ => 2"));
reports("types.pattern_type_mismatch", arms("«Shut» => 1, _ => 2", "a"));
reports("types.pattern_type_mismatch", arms('«"x"» => 1, _ => 2', "a"));
reports("types.pattern_type_mismatch", arms("«HttpResult.Shut» => 1, _ => 2"));
reports("types.unknown_pattern_field", arms("Moved(«strat»: a, end: b) => 1, _ => 2"));
reports("types.unknown_variant_in_pattern", arms("«Shur» => 1, _ => 2"));
reports("types.unknown_variant_in_pattern", arms("«Nothing»(n) => n, _ => 2"));
reports("types.unreachable_arm", arms("_ => 1, «Shut» => 2, Open(_) => 3"));
reports("types.unreachable_arm", arms("y => 1, «Shut» => 2"));
