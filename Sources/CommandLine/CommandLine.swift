// The command line as a library; `Command.run` is the entry.
