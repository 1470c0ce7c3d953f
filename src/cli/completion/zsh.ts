import {
  allCommands,
  type CompletedCommand,
  type CompletedOption,
  lastWord,
  shellQuoted as quoted,
  type Value,
} from "./command-line.ts";

/** To be sourced after compinit, or to lie as `_model-archiver` in a folder of fpath. */
export function zshCompletion(program: CompletedCommand): string {
  const functions = allCommands(program)
    .filter(({ path }) => path !== "")
    .map((command) => (command.commands.length > 0 ? group(command) : leaf(command)));
  const archive = program.commands.find(({ path }) => path === "archive");
  return `#compdef model-archiver
# zsh completion for model-archiver: model-archiver completion zsh
${functions.join("\n")}
${group({ ...program, options: [...program.options, ...(archive?.options ?? [])] })}
if [ "\${funcstack[1]}" = _model-archiver ]; then
  _model_archiver "$@"
else
  compdef _model_archiver model-archiver
fi
`;
}

const nameOf = (path: string): string => `_model_archiver${path === "" ? "" : `_${path.replaceAll(/[ -]/g, "_")}`}`;

/** A command that has commands below it. */
function group({ path, commands, options }: CompletedCommand): string {
  const rows = commands.map((one) => quoted(`${lastWord(one.path)}:${one.help.replaceAll(":", "\\:")}`));
  const calls = commands.map((one) => `        ${lastWord(one.path)}) ${nameOf(one.path)} ;;`);
  return `${nameOf(path)}() {
  local line state
  local -a commands
  commands=(
${rows.map((row) => `    ${row}`).join("\n")}
  )
  _arguments -C ${options.map(optionSpec).join(" ")} '1: :->command' '*:: :->rest' && return
  case $state in
    command) _describe -t commands command commands ;;
    rest)
      case $line[1] in
${calls.join("\n")}
      esac ;;
  esac
}`;
}

function leaf({ path, options, argument }: CompletedCommand): string {
  const specs = [
    ...options.map(optionSpec),
    ...(argument === null ? [] : [quoted(`*:${action(argument, "argument")}`)]),
  ];
  return `${nameOf(path)}() {
  _arguments -s \\
    ${specs.join(" \\\n    ")}
}`;
}

function optionSpec({ long, short, help, value, repeatable }: CompletedOption): string {
  const text = `[${help.replaceAll(/[\\[\]]/g, "\\$&")}]${value === null ? "" : `:${action(value, long.slice(2))}`}`;
  if (short === null) return quoted(`${repeatable ? "*" : ""}${long}${value === null ? "" : "="}${text}`);
  const names = `{${short},${long}${value === null ? "" : "="}}`;
  return repeatable ? `'*'${names}${quoted(text)}` : `${quoted(`(${short} ${long})`)}${names}${quoted(text)}`;
}

function action(value: Value, message: string): string {
  if (value === "any") return `${message}: `;
  if (typeof value === "object") return `${message}:(${value.join(" ")})`;
  return value === "file" ? `${message}:_files` : `${message}:_files -/`;
}
