/** What is found about a project as a whole: its files, its manifest, and where units stand. */
import { entry, text } from "../wording.ts";

export const project = {
  "bynk.unsupported": entry({
    title: "not built yet",
    message: text`${"what"} cannot be compiled yet`,
    label: text`read, but not built yet`,
    hint: text`leave it out for now`,
    explanation:
      "The compiler reads the whole language and builds it ring by ring. What belongs to a later ring, such as agents, lambdas, streams, events and message bundles, is refused where it is used, so that no program silently does something else than it says.",
  }),
  "bynk.internal": entry({
    title: "mistake of the compiler",
    message: text`the compiler made a mistake: ${"reason"}`,
    hint: text`report it with the sources that cause it`,
    explanation:
      "This is never your fault. The compiler found itself in a state it should not be able to reach, and stopped before it could write wrong code.",
  }),
  "bynk.project.bad_manifest": entry({
    title: "unreadable manifest",
    message: text`\`bynk.toml\` cannot be read here: expected ${"expected"}`,
    label: text`not understood`,
    hint: text`write \`key = "value"\` below a \`[table]\``,
    explanation:
      '`bynk.toml` is optional. It may say where sources are and how the project is called:\n\n```\n[project]\nname = "library"\n\n[paths]\ninclude = ["src"]\nexclude = ["src/old"]\n```\n\nUnknown keys are ignored.',
  }),
  "bynk.project.file_and_directory": entry({
    title: "unit in a file and in a folder",
    message: text`\`${"name"}\` has a file of its own, so its folder cannot add to it`,
    label: text`a second home`,
    hint: text`move both into the folder, or everything into the file`,
    explanation:
      "A unit `a.b` is either the file `a/b.bynk` or the files directly in the folder `a/b/`. With both, a reader of one would not know of the other.",
  }),
  "bynk.project.inconsistent_commons_name": entry({
    title: "unit in the wrong place",
    message: text`\`${"name"}\` does not belong in \`${"path"}\``,
    label: text`the path says otherwise`,
    hint: text`move it to \`${"file"}\`, or rename the unit after its file`,
    explanation:
      "A unit's name is its path: `library.words` stands in `library/words.bynk`, or in any file directly inside the folder `library/words/`. So whoever reads a name knows where to look.",
    variants: {
      split: {
        message: text`\`${"name"}\` is spread over unrelated folders; its first part stands under \`${"other"}\``,
        label: text`another part of it`,
        hint: text`keep all parts of a unit in one folder, or in \`${"file"}\``,
      },
    },
  }),
  "bynk.project.kind_conflict": entry({
    title: "one name, two kinds of unit",
    message: text`\`${"name"}\` is a ${"kind"} here and a ${"other"} elsewhere`,
    label: text`a ${"kind"}`,
    hint: text`rename one of the two units`,
    explanation:
      "A dotted name stands for one unit, of one kind: a commons, a context, an adapter. Its parts in several files must agree.",
  }),
  "bynk.project.no_root": entry({
    title: "no project here",
    message: text`\`${"path"}\` is not inside a project`,
    hint: text`create \`bynk.toml\` or a \`src\` folder, or name the project's folder`,
    explanation:
      "A project is a folder that has a `bynk.toml` or a `src` folder, or one that is named explicitly. The compiler looks in the folder it is given and in those above it.",
  }),
  "bynk.project.no_sources": entry({
    title: "no sources",
    message: text`there is no \`.bynk\` file under ${"roots"}`,
    hint: text`add a file, or correct \`paths.include\` in \`bynk.toml\``,
    explanation:
      "Sources end in `.bynk` and are searched in the include roots of `bynk.toml`; without it, in `src` and `tests`, and where neither exists, in the whole folder.",
  }),
  "bynk.project.read_failed": entry({
    title: "unreadable file",
    message: text`\`${"path"}\` cannot be read: ${"reason"}`,
    hint: text`check the file's permissions, and save it as UTF-8`,
    explanation:
      "A source that was found must be readable and valid UTF-8; anything else would compile half a project.",
  }),
  "bynk.project.schema_registry_corrupt": entry({
    title: "unreadable event schema lock",
    message: text`\`${"path"}\` is not a JSON object, so the versions of events are unknown`,
    label: text`not JSON`,
    hint: text`restore it from version control`,
    explanation:
      "The lock file records the shape and version of every event, so that subscribers of an older shape are never surprised. It is written by the compiler; one that cannot be read must be restored, because guessing would renumber the versions.",
  }),
  "bynk.namespace.reserved": entry({
    title: "reserved name space",
    message: text`\`${"name"}\` begins with \`bynk\`, which is kept for the units that come with the language`,
    label: text`reserved`,
    hint: text`choose another first segment`,
    explanation:
      "Names that begin with `bynk` belong to the toolchain: `consumes bynk { Clock }` must never mean something an author wrote.",
  }),
} as const;
