/** Effects, capabilities, providers, `given`. */
import { createCases, project } from "../case.ts";

const { cases, reports } = createCases();
export const capabilityCases = cases;

const pure = (drawn: string, more = ""): string =>
  `context t\nconsumes bynk { Clock }\n${more}fn f(e: Effect[()], v: Effect[Int]) -> Int {\n  ${drawn}\n  1\n}\n`;
const call = (drawn: string, given = "given Clock, Logger"): string =>
  `context t\nconsumes bynk { Clock, Logger }\nservice s { on call() -> Effect[()] ${given} {\n  ${drawn}\n} }\n`;
const use = 'let a <- Clock.now()\n  do Logger.info("x")\n  ';

reports("effect.bind_in_pure_context", pure("let a <- «v»"));
reports("effect.bind_on_non_effect", call(`${use}let b <- «1»`));
reports("effect.capability_in_pure_context", pure("let a = «Clock.now()»"));
reports(
  "effect.cross_context_in_pure_context",
  project(
    "context desk\nservice ring { on call() -> Effect[()] { () } }\n",
    "context t\nconsumes desk\nfn f() -> Int {\n  let a = «desk.ring()»\n  1\n}\n",
  ),
);
reports("effect.do_in_pure_context", pure("do «e»"));
reports("effect.do_on_non_effect", call(`${use}do «1»`));
reports("effect.do_requires_unit", call(`${use}do «Clock.now()»`));
reports("send.in_pure_context", pure("~> «e»"));
reports("send.non_effect", call(`${use}~> «1»`));
reports("send.requires_unit", call(`${use}~> «Clock.now()»`));
reports("capability.duplicate_operation", "context t\ncapability C { fn a() -> Effect[()] fn «a»() -> Effect[Int] }\n");
reports("capability.op_arity", call(`${use}let b <- Clock.«now»(1)`));
reports("capability.unknown_operation", call(`${use}do Logger.«warn»("x")`));
reports("capability.unknown_operation", call(`${use}do Logger.«eror»("x")`));
reports("given.cross_context_unknown_capability", "context t\nconsumes bynk { «Clok» }\n");
reports("given.cross_context_unknown_capability", "context t\nconsumes bynk { «Printer» }\n");
reports(
  "given.cross_context_unknown_capability",
  "context t\nconsumes bynk as b\nservice s { on call() -> Effect[()] given b.«Clok» { () } }\n",
);
reports("given.duplicate_capability", call(use, "given Clock, Logger, «bynk.Clock»"));
reports("given.undeclared_capability", call('do «Logger».info("x")', ""));
reports("given.undeclared_capability", call('let a <- Clock.now()\n  do «Logger».info("x")', "given Clock"));
reports(
  "given.undeclared_capability",
  "context t\nconsumes bynk { Clock }\nfn f() -> Effect[Instant] { «Clock».now() }\n",
);
reports(
  "given.undeclared_capability",
  "context t\nconsumes bynk as b\nservice s { on call() -> Effect[Instant] { «Clock».now() } }\n",
);
reports("given.unknown_capability", call("()", "given «Clokc»"));
reports("given.unknown_capability", call("()", "given «Printer»"));
reports("given.unused_capability", call('do Logger.info("x")', "given «Clock», Logger"));
reports("given.unused_capability", call("()", "given «Clock»"));
reports(
  "given.unused_capability",
  `context t
consumes bynk { Clock, Logger }
service s from http by Visitor given Clock, «Logger» {
  on GET("/a") () -> Effect[HttpResult[Instant]] {
    let now <- Clock.now()
    Ok(now)
  }
  on GET("/b") () -> Effect[HttpResult[Int]] given Logger {
    do Logger.info("b")
    Ok(1)
  }
}
`,
);
const two = "capability A { fn a() -> Effect[()] }\ncapability B { fn b() -> Effect[()] }\n";
reports(
  "provider.dependency_cycle",
  `context t\n${two}provides A = MyA «given B» { fn a() -> Effect[()] { B.b() } }
provides B = MyB given A { fn b() -> Effect[()] { A.a() } }\n`,
);
reports(
  "provider.extra_operation",
  "context t\ncapability A { fn a() -> Effect[()] }\nprovides A = MyA { fn a() -> Effect[()] { () } fn «z»() -> Effect[()] { () } }\n",
);
reports(
  "provider.extra_operation",
  "context t\ncapability A { fn a() -> Effect[()] }\nprovides A = MyA { fn a() -> Effect[()] { () } fn «a»() -> Effect[()] { () } }\n",
);
reports(
  "provider.missing_operation",
  `context t\ncapability A { fn a() -> Effect[()] fn b() -> Effect[()] }\nprovides A = «MyA» { fn a() -> Effect[()] { () } }\n`,
);
reports(
  "provider.signature_mismatch",
  "context t\ncapability A { fn a(l: List[Int]) -> Effect[()] }\nprovides A = MyA { fn «a»(l: List[String]) -> Effect[()] { () } }\n",
);
reports("provider.unknown_capability", "context t\nprovides «A» = MyA { fn a() -> Effect[()] { () } }\n");
reports(
  "provider.unknown_capability",
  "context t\ncapability Clerk { fn a() -> Effect[()] }\nprovides «Clrek» = MyA { fn a() -> Effect[()] { () } }\n",
);
