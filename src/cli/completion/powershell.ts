import { allCommands, type CompletedCommand, lastWord, namesOf, type Value, wordsOf } from "./command-line.ts";

/** For PowerShell 5 and later. Where nothing is returned PowerShell offers files. */
export function powershellCompletion(program: CompletedCommand): string {
  const all = allCommands(program);
  return `# PowerShell completion for model-archiver: model-archiver completion powershell
Register-ArgumentCompleter -Native -CommandName 'model-archiver' -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $commands = @{
${all.map((command) => `    ${quoted(command.path)} = @(${rows(command)})`).join("\n")}
  }
  $values = @{
${all.flatMap(valuesOf).join("\n")}
  }
  $at = ''
  $previous = ''
  foreach ($element in $commandAst.CommandElements | Select-Object -Skip 1) {
    $word = $element.Extent.Text
    if ($element.Extent.EndOffset -ge $cursorPosition) { break }
    $deeper = "$at $word".Trim()
    if ($commands.ContainsKey($deeper)) { $at = $deeper }
    elseif ($at -eq '' -and $word.StartsWith('-')) { $at = 'archive' }
    $previous = $word
  }
  $key = "$at $previous".Trim()
  if ($values.ContainsKey($key)) {
    $values[$key] | Where-Object { $_ -like "$wordToComplete*" } | ForEach-Object {
      [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
    }
    return
  }
  $rows = $commands[$at]
  if ($at -eq '') { $rows = $rows + $commands['archive'] }
  if (-not $wordToComplete.StartsWith('-')) { $rows = $rows | Where-Object { -not $_.StartsWith('-') } }
  $rows | Where-Object { $_ -like "$wordToComplete*" } | ForEach-Object {
    $word, $help = $_ -split '\\|', 2
    [System.Management.Automation.CompletionResult]::new($word, $word, 'ParameterName', $help)
  }
}
`;
}

function rows({ path, commands, options, argument }: CompletedCommand): string {
  const pairs = [
    ...commands.map((one) => [lastWord(one.path), one.help] as const),
    ...(path === "" ? [] : wordsOf(argument).map((word) => [word, word] as const)),
    ...options.flatMap((option) => namesOf(option).map((name) => [name, option.help] as const)),
  ];
  return pairs.map(([word, help]) => quoted(`${word}|${help || word}`)).join(", ");
}

/** Words for values; an empty list for what cannot be foreseen: files are offered. */
function valuesOf({ path, options }: CompletedCommand): string[] {
  const line = (name: string, value: Value): string =>
    `    ${quoted(`${path} ${name}`.trim())} = @(${wordsOf(value).map(quoted).join(", ")})`;
  return options.flatMap((option) => {
    const { value } = option;
    return value === null ? [] : namesOf(option).map((name) => line(name, value));
  });
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
