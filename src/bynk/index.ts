/** The Bynk language: checking and compiling, as `byward/bynk`. */

export type { Platform, Program, Target } from "./check/model.ts";
export type { CompileInput, CompileResult } from "./compile.ts";
export { check, compile } from "./compile.ts";
export type { Code } from "./diagnostics/catalogue/index.ts";
export type { Diagnostic, Fix, Label, TextEdit } from "./diagnostics/diagnostic.ts";
export type { Explanation } from "./diagnostics/explain/explain.ts";
export { codes, explain } from "./diagnostics/explain/explain.ts";
export { type EmitOptions, emitProgram as emit } from "./emit/emit.ts";
export { emitRegistry } from "./emit/registry.ts";
export type { Disk, LoadedProject } from "./project/load.ts";
export { findProjectRoot, loadProject } from "./project/load.ts";
export type { CheckResult, Project, ProjectOptions } from "./project.ts";
export { createProject } from "./project.ts";
