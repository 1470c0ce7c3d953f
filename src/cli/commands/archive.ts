import { Command, Option } from "commander";
import type { Recipe } from "../../pack/recipe.ts";
import { archiveFlags } from "../archive-flags.ts";
import type { Io } from "../io.ts";
import { append } from "../options.ts";
import { fromSpec } from "../spec-option.ts";

/** As commander gives them; `normalizeArgv` has held values against choices already. */
export interface ArchiveCommandFlags extends Recipe {
  readonly convert?: "onnx" | undefined;
  readonly input?: readonly string[] | undefined;
  /** False: `--no-spec`. */
  readonly spec?: string | false;
  /** The spec file that filled gaps, and its folder: paths start there. */
  readonly specPath?: string;
  readonly specFolder?: string;
  readonly sign?: string;
  readonly passwordFile?: string;
  readonly certificate?: string;
  readonly dryRun?: boolean;
  readonly verify?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export function archiveCommand(io: Io): Command {
  const command = new Command("archive").description("pack a model for TorchServe; takes torch-model-archiver's flags");
  for (const { name, short, value, repeatable, choices, help } of archiveFlags) {
    const flags = `${short === undefined ? "" : `${short}, `}${name}${value === undefined ? "" : ` <${value}>`}`;
    const option = new Option(flags, help);
    if (choices !== undefined) option.choices(choices);
    if (repeatable) option.argParser(append);
    command.addOption(option);
  }
  return command
    .addHelpText("after", examples)
    .hook("preAction", fromSpec(io))
    .action(async (flags: ArchiveCommandFlags) => {
      const { runArchive } = await import("../archive-run.ts");
      await runArchive(flags, io);
    });
}

const examples = `
Examples:
  $ model-archiver archive --model-name resnet50_fast --version 1.0 \\
      --serialized-file resnet50_traced.pt --handler image_classifier \\
      --extra-files index_to_name.json --verify
  $ SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) model-archiver archive --model-name bert --version 2 \\
      --serialized-file model.onnx --handler handler.py --extra-files vocab.txt=data/vocab_v2.txt,tokenizer/
  $ model-archiver archive --model-name resnet50_onnx --version 1.0 \\
      --serialized-file resnet50_traced.pt --convert onnx --extra-files index_to_name.json --verify`;
