import { allCommands, type CompletedCommand, type CompletedOption, lastWord, type Value } from "./command-line.ts";

export function fishCompletion(program: CompletedCommand): string {
  const all = allCommands(program);
  const named = all.filter(({ path }) => path !== "").map(({ path }) => quoted(path));
  return `# fish completion for model-archiver: model-archiver completion fish
# Whether the command line so far is about this command; flags without one are those of archive.
function __model_archiver_at
    set -l words (commandline -opc)
    set -e words[1]
    set -l at ''
    for word in $words
        set -l deeper (string trim "$at $word")
        if contains -- $deeper ${named.join(" ")}
            set at $deeper
        else if test -z "$at"; and string match -q -- '-*' $word
            set at archive
        end
    end
    test "$at" = "$argv[1]"
end
complete -c model-archiver -f
${all.flatMap(linesOf).join("\n")}
${(program.commands.find(({ path }) => path === "archive")?.options ?? []).map((option) => optionLine("", option)).join("\n")}
`;
}

function linesOf(command: CompletedCommand): string[] {
  const { path, commands, options, argument } = command;
  return [
    ...commands.map((one) => `${start(path)} -a ${quoted(lastWord(one.path))} -d ${quoted(one.help)}`),
    ...options.map((option) => optionLine(path, option)),
    ...(argument === null || argument === "any" ? [] : [`${start(path)} ${offered(argument)}`]),
  ];
}

function optionLine(path: string, { long, short, help, value }: CompletedOption): string {
  const names = `${short === null ? "" : `-s ${short.slice(1)} `}-l ${long.slice(2)}`;
  const taken = value === null ? "" : value === "file" ? " -r -F" : value === "any" ? " -x" : ` -x ${offered(value)}`;
  return `${start(path)} ${names}${taken} -d ${quoted(help)}`;
}

const start = (path: string): string =>
  `complete -c model-archiver -n ${quoted(`__model_archiver_at ${quoted(path)}`)}`;

function offered(value: Value): string {
  if (typeof value === "object") return `-a ${quoted(value.join(" "))}`;
  return value === "folder" ? `-a '(__fish_complete_directories (commandline -ct))'` : "-F";
}

const quoted = (text: string): string => `'${text.replaceAll(/[\\']/g, "\\$&")}'`;
