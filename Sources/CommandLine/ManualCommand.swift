import Foundation

extension CommandSpecification {
  static let man = CommandSpecification(
    name: "man", operands: "", summary: "print the manual page",
    details: """
      To read it:     credence man | man -l -
      To install it:  credence man > ~/.local/share/man/man1/credence.1
      """,
    options: [OptionSpecification("--help", nil, "this text")])
}

extension Command {
  func manual() throws -> Int32 {
    try console.print(ManualPage(program: program, commands: availableCommands, hasFixedModel: isFixed).text)
    return ExitCode.done
  }
}

/// The manual page in troff with the `man` macros, made from the table of commands.
struct ManualPage {
  let program: String
  let commands: [CommandSpecification]
  let hasFixedModel: Bool

  /// A text as troff takes it: backslashes and dashes escaped, no line that looks like a request.
  private func plain(_ text: String) -> String {
    text.replacing("\\", with: "\\e").replacing("-", with: "\\-").split(separator: "\n", omittingEmptySubsequences: false).map { line in
      line.hasPrefix(".") || line.hasPrefix("'") ? "\\&" + line : String(line)
    }.joined(separator: "\n")
  }

  var text: String {
    var text = """
      .\\" Made by: \(program) man
      .TH "\(program.uppercased())" "1" "" "Credence \(Command.version)" "User Commands"
      .SH NAME
      \(plain(program)) \\- probabilistic models in Swift, from the command line
      .SH SYNOPSIS

      """
    for command in commands { text += ".B \(plain(command.usage(program: program, hasFixedModel: hasFixedModel)))\n.br\n" }
    text += """
      .SH DESCRIPTION
      Credence fits probabilistic models that are written in Swift, and says how far each number of the result can be trusted.
      .I MODEL
      is the name of a built\\-in model or a Swift file with one @main struct that conforms to Model; data are one JSON object, names to numbers
      or nested arrays. Standard output carries results, standard error everything else.
      .SH COMMANDS

      """
    for command in commands {
      text += ".SS \(plain(command.usage(program: program, hasFixedModel: hasFixedModel)))\n"
      text += plain(command.sentence) + "\n"
      for line in command.paragraphs { text += ".br\n" + plain(line) + "\n" }
      for option in command.options where option.name != "--help" {
        text += ".TP\n.B \(plain(option.name))"
        text += option.value.map { " \\fI\(plain($0))\\fR" } ?? ""
        text += "\n" + plain(option.help) + (option.repeats ? " (may be given more than once)" : "") + "\n"
      }
    }
    text += """
      .SH EXIT STATUS
      .TP
      .B 0
      done
      .TP
      .B 2
      usage, data or model error: a sentence each on standard error
      .TP
      .B 3
      finished, but the verdict is fail
      .TP
      .B 130
      interrupted; what was finished is written out
      .TP
      .B 1
      a defect of Credence itself
      .SH ENVIRONMENT
      .TP
      .B NO_COLOR
      no colours, whatever the terminal can do; there are none where the output is no terminal
      .TP
      .B XDG_CACHE_HOME
      where compiled model files are kept (in credence), instead of ~/.cache

      """
    return text
  }
}
