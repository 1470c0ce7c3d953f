import { Command } from "commander";
import { chalkFor } from "../colour.ts";
import type { Io } from "../io.ts";

interface InitFlags {
  readonly output: string;
  readonly cpus?: string;
  readonly memory?: string;
  readonly modelStore?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

export function configCommand(io: Io): Command {
  return new Command("config")
    .description("write, or check, the configuration of a server")
    .addCommand(initCommand(io))
    .addCommand(checkCommand(io))
    .addHelpText("after", examples);
}

function initCommand(io: Io): Command {
  return new Command("init")
    .description("write config.properties, model-config.yaml, docker run, compose, systemd and KServe files")
    .argument("<archive...>", "the archives to serve")
    .option("-o, --output <folder>", "where to write", "serving")
    .option("--cpus <number>", "cores to give; this machine's when left out")
    .option("--memory <size>", "memory to give, such as 8G; this machine's when left out")
    .option("--model-store <folder>", "where the archives lie on the server; their folder when left out")
    .option("-f, --force", "overwrite files of an earlier run")
    .option("--json", "print one JSON document")
    .addHelpText("after", initExamples)
    .action(async (archives: string[], flags: InitFlags) => {
      const [{ initConfig }, { renderConfigInit }] = await Promise.all([
        import("../../serving/init-config.ts"),
        import("../../report/config-report.ts"),
      ]);
      const result = await initConfig(archives, flags);
      io.stdout.write(
        flags.json ? `${JSON.stringify(result, null, 2)}\n` : renderConfigInit(result, chalkFor(io, io.stdout)),
      );
    });
}

function checkCommand(io: Io): Command {
  return new Command("check")
    .description("tell what TorchServe would ignore, refuse or regret in configuration files")
    .argument("<file...>", "config.properties, model-config.yaml, compose, systemd or KServe files")
    .option("--json", "print one JSON document")
    .addHelpText("after", checkExamples)
    .action(async (files: string[], flags: { readonly json?: boolean }) => {
      const [{ checkConfigFiles }, { renderConfigCheck }] = await Promise.all([
        import("../../serving/check-config-files.ts"),
        import("../../report/config-report.ts"),
      ]);
      const result = await checkConfigFiles(files);
      io.stdout.write(
        flags.json ? `${JSON.stringify(result, null, 2)}\n` : renderConfigCheck(result, chalkFor(io, io.stdout)),
      );
      const wrong = result.files.some((file) => file.findings.some((finding) => finding.severity === "error"));
      io.exitCode = wrong ? 1 : 0;
    });
}

const initExamples = `
Examples:
  $ model-archiver config init model_store/*.mar --cpus 4 --memory 8G -o serving
  $ model-archiver config init resnet50_fast.mar --model-store /srv/model_store --force`;

const checkExamples = `
Examples:
  $ model-archiver config check serving/config.properties serving/container/compose.yaml
  $ model-archiver config check model-config.yaml --json`;

const examples = `
Examples:
  $ model-archiver config init model_store/*.mar --cpus 4 --memory 8G -o serving
  $ model-archiver config check serving/config.properties serving/container/compose.yaml`;
