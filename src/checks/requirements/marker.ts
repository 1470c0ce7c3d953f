const token =
  /\s*(?:(\(|\))|(and|or)\b|(===|==|~=|!=|<=|>=|<|>|not\s+in\b|in\b)|('[^']*'|"[^"]*"|(?:python_version|python_full_version|os_name|os\.name|sys_platform|sys\.platform|platform_(?:release|system|version|machine|python_implementation)|platform\.(?:version|machine|python_implementation)|python_implementation|implementation_(?:name|version)|extra|extras|dependency_groups)\b))/y;

/** Whether this is an environment marker of PEP 508: comparisons of variables and strings, joined by and, or. */
export function isMarker(text: string): boolean {
  let open = 0;
  // What may come next: a value, an operator between values, the value behind it, or what joins comparisons.
  let state: "left" | "operator" | "right" | "join" = "left";
  token.lastIndex = 0;
  while (text.slice(token.lastIndex).trim() !== "") {
    const at = token.lastIndex;
    const found = token.exec(text);
    if (found === null || found.index !== at) return false;
    const [, bracket, join, operator, value] = found;
    if (bracket === "(" && state === "left") open += 1;
    else if (bracket === ")" && state === "join" && open > 0) open -= 1;
    else if (value !== undefined && state === "left") state = "operator";
    else if (operator !== undefined && state === "operator") state = "right";
    else if (value !== undefined && state === "right") state = "join";
    else if (join !== undefined && state === "join") state = "left";
    else return false;
  }
  return state === "join" && open === 0;
}
