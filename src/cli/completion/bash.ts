import {
  allCommands,
  type CompletedCommand,
  lastWord,
  namesOf,
  shellQuoted as quoted,
  type Value,
  wordsOf,
} from "./command-line.ts";

/**
 * For bash 3.2 and later, without the bash-completion package. Where COMPREPLY stays empty readline offers files
 * (`complete -o default`), which quotes names as nothing written here could.
 */
export function bashCompletion(program: CompletedCommand): string {
  const all = allCommands(program);
  const archive = all.find(({ path }) => path === "archive");
  const paths = all.filter(({ path }) => path !== "").map(({ path }) => `${quoted(path)}) command=${quoted(path)} ;;`);
  const values = valueCases(all);
  return `# bash completion for model-archiver: model-archiver completion bash
_model_archiver() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} command= words= i
  COMPREPLY=()
  # bash splits --flag=value at the equals sign.
  if [ "$cur" = = ]; then cur=; elif [ "$prev" = = ]; then prev=\${COMP_WORDS[COMP_CWORD-2]}; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${command:+$command }\${COMP_WORDS[i]}" in
${paths.map((line) => `      ${line}`).join("\n")}
    esac
  done
  case "$command $prev" in
${values.map((line) => `    ${line}`).join("\n")}
  esac
  case "$command" in
${all.map((one) => `    ${quoted(one.path)}) words=${quoted(flagsOf(one, archive))} ;;`).join("\n")}
  esac
  case "$cur" in
    -*) ;;
    *) case "$command" in
${all.map((one) => `      ${quoted(one.path)}) words=${quoted(argumentsOf(one))} ;;`).join("\n")}
      esac ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _model_archiver model-archiver
`;
}

/** At the beginning `archive`'s flags may stand without that word. */
function flagsOf({ path, options }: CompletedCommand, archive: CompletedCommand | undefined): string {
  const flags = [...options, ...(path === "" ? (archive?.options ?? []) : [])];
  return [...new Set(flags.flatMap(namesOf))].join(" ");
}

function argumentsOf({ commands, argument }: CompletedCommand): string {
  return [...commands.map(({ path }) => lastWord(path)), ...wordsOf(argument)].join(" ");
}

/** One case for each answer, whatever options have it. */
function valueCases(all: readonly CompletedCommand[]): string[] {
  const patterns = new Map<string, string[]>();
  for (const { path, options } of all) {
    // Without a command the flags are those of `archive`.
    const commands = path === "archive" ? ["archive", ""] : [path];
    for (const option of options) {
      if (option.value === null) continue;
      const key = answer(option.value);
      const names = commands.flatMap((command) => namesOf(option).map((name) => quoted(`${command} ${name}`)));
      patterns.set(key, [...(patterns.get(key) ?? []), ...names]);
    }
  }
  return [...patterns].map(([key, names]) => `${names.join("|")}) ${key}return ;;`);
}

function answer(value: Value): string {
  if (value === "folder")
    return `local IFS=$'\\n'; compopt -o filenames 2> /dev/null; COMPREPLY=($(compgen -d -- "$cur")); `;
  return wordsOf(value).length === 0 ? "" : `COMPREPLY=($(compgen -W ${quoted(wordsOf(value).join(" "))} -- "$cur")); `;
}
