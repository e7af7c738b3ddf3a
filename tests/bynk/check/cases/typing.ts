/** Types of expressions. */
import { createCases } from "../case.ts";

const { cases, reports } = createCases();
export const typingCases = cases;

const types = `type Loan = { shelf: String, days: Int }
type Other = { n: Int }
type State = | Open(at: Int) | Shut | Moved(start: Int, end: Int)
type Even = Int where NonNegative
type Odd = Int where Positive
`;

/** In a function of these parameters that returns `result`. */
function body(drawn: string, result = "Int"): string {
  return `commons t
${types}fn f(a: Int, b: Float, s: String, flag: Bool, l: Loan, o: Option[Int], r: Result[Int, String], x: State) -> ${result} {
  ${drawn}
}
`;
}

function http(drawn: string): string {
  return `context t
${types}service api from http {
  on GET("/") by v: Visitor () -> Effect[HttpResult[Loan]] {
    ${drawn}
    NotFound
  }
}
`;
}

reports("types.ambiguous_constructor", http("let r = «Ok(1)»"));
reports("types.argument_mismatch", body("f(a, b, «1», flag, l, o, r, x)"));
reports("types.argument_mismatch", body("s.slice(«s», 1).length()"));
reports("types.argument_mismatch", body("BadRequest(«1»)", "HttpResult[Int]"));
reports("types.argument_mismatch", body("Created(«s»)", "HttpResult[Int]"));
reports("types.cannot_infer_option_type_param", body("let n = «None»\n  a"));
reports("types.cannot_infer_result_type_params", body("let n = «Ok(1)»\n  a"));
reports("types.cannot_infer_result_type_params", body('let n = «Err("x")»\n  a'));
reports("types.cannot_infer_result_type_params", body("let n = «NotFound»\n  a"));
reports("types.constructor_arity", body("let n = Even.«of»()\n  a"));
reports("types.constructor_arity", body("let n = Even.«of»(1, 2)\n  a"));
reports("types.constructor_base_mismatch", body("let n = Even.of(«s»)\n  a"));
reports("types.err_value_mismatch", body("Err(«1»)", "Result[Int, String]"));
reports("types.field_access_on_non_record", body("a.«size»"));
reports("types.field_access_on_non_record", body("3.«foo»"));
reports("types.field_value_mismatch", body("Loan { shelf: «a», days: 1 }", "Loan"));
reports("types.guard_not_bool", body("match a { n if «n» => 1, _ => 2 }"));
reports("types.if_branch_mismatch", body("let y = if flag { 1 } else { «s» }\n  a"));
reports("types.if_branch_mismatch", body("if flag { 1 } else { «s» }"));
reports("types.if_non_bool_cond", body("if «a» { 1 } else { 2 }"));
reports("types.if_without_else_requires_unit", body("let y = if flag { «1» }\n  a"));
reports("types.integer_not_exact", body("«9007199254740993»"));
reports("types.integer_not_exact", body("match a { «9007199254740993» => 1, _ => 2 }"));
reports("types.interpolation_non_scalar", body('"\\(«l») \\(a)"', "String"));
reports("types.interpolation_non_scalar", body('"\\(«Bytes.empty()»)"', "String"));
reports("types.is_base_mismatch", body("if s is «Even» { 1 } else { 2 }"));
reports("types.is_literal_pattern", body("if a is «3» { 1 } else { 2 }"));
reports("types.is_non_sum", body("if l is «Open» { 1 } else { 2 }"));
reports("types.is_unknown_variant", body("if x is «Opne» { 1 } else { 2 }"));
reports(
  "types.is_unknown_variant",
  body("if x is «Nothing(y)» { 1 } else { 2 }").replace("«Nothing(y)»", "«Nothing»(y)"),
);
reports("types.is_unknown_variant", body("if x is «y» { 1 } else { 2 }"));
reports("types.is_refined_pattern", body("if a is «_ where Positive» { 1 } else { 2 }"));
reports("types.let_annotation_mismatch", body("let n: Int = «s»\n  n"));
reports("types.let_annotation_mismatch", body("let n: Even = «a»\n  n"));
reports(
  "types.list_element_mismatch",
  body("let n: List[Int] = [1, «s»]\n  a", "Int").replace("let n: List[Int] =", "let n ="),
);
reports("types.match_arm_mismatch", body("let n = match flag { true => 1, false => «s» }\n  a"));
reports("types.match_arm_mismatch", body("match flag { true => 1, false => «s» }"));
reports("types.match_non_sum_discriminant", body("match «l» { _ => 1 }"));
reports("types.match_non_sum_discriminant", body("match «b» { _ => 1 }"));
reports("types.method_arity", body("s.«slice»(1).length()"));
reports("types.method_arity", `commons t\n${types}fn Loan.m(self) -> Int { 1 }\nfn f(l: Loan) -> Int { l.«m»(1) }\n`);
reports("types.method_not_found", body("s.«lenght»()"));
reports("types.method_not_found", body("l.«nothing»()"));
reports("types.method_on_non_named_type", body("flag.«not»()"));
reports("types.no_numeric_coercion", body("a «+» b"));
reports("types.no_numeric_coercion", body("if a «<» b { 1 } else { 2 }"));
reports("types.no_numeric_coercion", body("let d = 5.minutes «+» 1\n  a"));
reports("types.ok_value_mismatch", body("Ok(«s»)", "Result[Int, String]"));
reports("types.ok_value_mismatch", body("Ok(«s»)", "HttpResult[Int]"));
reports("types.ok_value_mismatch", body("let y = Ok(«None»)\n  Ok(1)", "Result[Int, String]"));
reports("types.some_value_mismatch", body("let y = Some(«None»)\n  Some(1)", "Option[Int]"));
reports("types.question_error_mismatch", body("let n = r«?»\n  Ok(n)", "Result[Int, Int]"));
reports("types.question_on_non_result", body("let n = «a»?\n  Ok(n)", "Result[Int, String]"));
reports("types.question_outside_result", body("r«?»"));
reports("types.question_option_outside_http", body("o«?»"));
reports("types.return_mismatch", body("«s»"));
reports(
  "types.return_mismatch",
  body("if flag { 1 } else { if flag { 2 } else { 3 } }", "String").replace("{ 1 }", "{ «1» }"),
);
reports("types.return_mismatch", `commons t\nfn f(a: Int) -> «Int» {\n  let b = a\n}\n`);
reports("types.some_value_mismatch", body("Some(«s»)", "Option[Int]"));
reports("types.type_mismatch", body("if flag && «a» { 1 } else { 2 }"));
reports("types.type_mismatch", body("if !«a» { 1 } else { 2 }"));
reports("types.type_mismatch", body("-«s»"));
reports("types.type_mismatch", body("let n = s «+» s\n  a"));
reports("types.type_mismatch", body("let n = l «*» a\n  a"));
reports("types.type_mismatch", body("if l «<» l { 1 } else { 2 }"));
reports("types.type_mismatch", body("if a «==» s { 1 } else { 2 }"));
reports("types.type_mismatch", body("if Effect.pure(1) «==» Effect.pure(1) { 1 } else { 2 }"));
reports("types.uninferable_element_type", body("let n = «[]»\n  a"));
reports("types.unknown_field", body("l.«size»"));
reports("types.unknown_field", body("l.«dyas»"));
reports("types.unknown_static_member", http("let n = Even.«make»(1)"));
reports("types.variant_arity", body("let y = «Open»()\n  a"));
reports("types.variant_arity", body("let y = «Shut»()\n  a").replace("«Shut»()", "«Shut»(1)"));
reports("types.variant_arity", body("let y = «Shut»()\n  a"));
reports("types.variant_arity", body("«NotFound»(1)", "HttpResult[Int]"));
reports("types.variant_missing_payload", body("let y = «Open»\n  a"));
reports("types.variant_missing_payload", body("let y = State.«Open»\n  a"));
reports("types.variant_payload_mismatch", body("let y = Open(«s»)\n  a"));
reports("record_spread.field_type_mismatch", body("Loan { ...l, days: «s» }", "Loan"));
reports("record_spread.non_record_base", body("let y = { ...«a», days: 1 }\n  a"));
reports("record_spread.type_mismatch", body("Other { ...«l», n: 1 }", "Other"));
reports("record_spread.unknown_field", body("Loan { ...l, «extra»: 1 }", "Loan"));
reports("record_spread.unknown_field", body("{ ...l, «dasy»: 1 }", "Loan"));
