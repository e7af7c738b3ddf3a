/**
 * The functions behind `byward data`: they look at and look after a data directory. `list`, `show`, `export`, `verify`
 * and `backup` work beside a running server; `import` and `compact` need the directory for themselves.
 */
export { type BackupReport, backupData } from "./backup.ts";
export { type CompactReport, compactData } from "./compact.ts";
export type { DataOptions, Progress } from "./data-directory.ts";
export { type ExportOptions, exportData } from "./export.ts";
export { type ImportOptions, type ImportReport, importData } from "./import.ts";
export { type Listed, type ListOptions, listActors } from "./list.ts";
export { type Shown, type ShowOptions, showActor } from "./show.ts";
export { type Damage, type VerifyReport, verifyData } from "./verify.ts";
