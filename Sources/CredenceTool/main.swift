import CommandLine

// The built-in models are listed by ModelLibrary.
await Command.main(models: [])
