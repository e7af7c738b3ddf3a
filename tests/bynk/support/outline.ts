/**
 * A node in one line: names and literals as written, everything else as `(Kind child …)`, lists in square brackets,
 * what is absent left out, a flag by its name.
 */
export function outline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(outline).join(" ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const node = value as Record<string, unknown>;
  switch (node["kind"]) {
    case "Name":
    case "QualifiedName":
      return String(node["text"]) === "" ? "<missing>" : String(node["text"]);
    case "IntLiteral":
    case "FloatLiteral":
      return String(node["lexeme"]);
    case "StringLiteral":
    case "StringText":
    case "BoolLiteral":
      return JSON.stringify(node["value"]);
    case "SignedLiteral":
      return `${node["negative"] === true ? "-" : ""}${outline(node["literal"])}`;
    case "NameExpr":
    case "BindingPattern":
      return outline(node["name"]);
    case "NamedType":
      return node["args"] === undefined ? outline(node["name"]) : `${outline(node["name"])}${outline(node["args"])}`;
    case "WildcardPattern":
      return "_";
    case "LiteralPattern":
      return outline(node["literal"]);
    case "DocBlock":
      return `doc:${JSON.stringify(node["text"])}`;
    default:
      return outlineOther(node);
  }
}

function outlineOther(node: Record<string, unknown>): string {
  const parts = [String(node["kind"])];
  for (const [key, value] of Object.entries(node)) {
    if (key === "kind" || key.toLowerCase().endsWith("span") || value === undefined || value === false) continue;
    if (value === true) parts.push(key);
    else if (key === "operator" || typeof value === "number") parts.push(String(value));
    else if (typeof value === "string") parts.push(value);
    else if (key !== "self") parts.push(outline(value));
    else parts.push("self");
  }
  return `(${parts.join(" ")})`;
}
