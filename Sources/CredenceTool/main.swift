import CommandLine
import ModelLibrary

await Command.main(models: ModelLibrary.all)
