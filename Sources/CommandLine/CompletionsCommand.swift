import Foundation
import Inference
import Reporting

extension CommandSpecification {
  static let completions = CommandSpecification(
    name: "completions", operands: "SHELL", summary: "print a script that completes commands, options and models in bash, zsh or fish",
    details: """
      bash:  credence completions bash > ~/.local/share/bash-completion/completions/credence
      zsh:   credence completions zsh > ~/.zfunc/_credence        (with fpath+=~/.zfunc before compinit)
      fish:  credence completions fish > ~/.config/fish/completions/credence.fish
      """,
    options: [OptionSpecification("--help", nil, "this text")])
}

extension Command {
  func completions(_ parsed: ParsedArguments) throws -> Int32 {
    let shell = parsed.operands[0]
    guard let kind = Completions.Shell(rawValue: shell) else {
      throw UserError("completions: expected \(OptionReader.list(Completions.Shell.allCases.map(\.rawValue))), not \"\(shell)\".")
    }
    let names = models.filter { !($0 is any VerdictTarget) }.map(\.name).sorted()
    try console.print(Completions(program: program, commands: availableCommands, models: isFixed ? [] : names).script(kind))
    return ExitCode.done
  }

  /// The commands that this program has.
  var availableCommands: [CommandSpecification] {
    CommandSpecification.all.filter { !(isFixed && Self.needsLibrary.contains($0.name)) }
  }
}

/// Scripts for shells, made from the table of commands.
struct Completions {
  enum Shell: String, CaseIterable { case bash, zsh, fish }

  let program: String
  let commands: [CommandSpecification]
  let models: [String]

  func script(_ shell: Shell) -> String {
    switch shell {
    case .bash: bash
    case .zsh: zsh
    case .fish: fish
    }
  }

  /// The name as a part of a function's name.
  private var symbol: String { String(program.map { $0.isLetter || $0.isNumber ? $0 : "_" }) }

  /// What may stand in a place of the command line: words, and names of files, all or those that end in a certain way.
  private struct Choice {
    var words: [String] = []
    var hasFiles = false
    var ending = ""
  }

  /// What a command is about; the first operand may be another than the rest.
  private func operands(_ command: CommandSpecification) -> (first: Choice, rest: Choice) {
    let files = Choice(hasFiles: true)
    switch command.operands {
    // A program that is one model takes no other.
    case "MODEL": return (models.isEmpty ? Choice() : Choice(words: models, hasFiles: true, ending: ".swift"), Choice())
    case "FILE.swift", "SCRIPT": return (Choice(hasFiles: true, ending: ".swift"), Choice())
    case "SHELL": return (Choice(words: Shell.allCases.map(\.rawValue)), Choice())
    case "KIND FILE…": return (Choice(words: PlotKind.allCases.map(\.rawValue)), files)
    case "FILE|MODEL": return (Choice(words: models, hasFiles: true), Choice())
    case "FILE|MODEL…": return (Choice(words: models, hasFiles: true), Choice(words: models, hasFiles: true))
    case "FILE…": return (files, files)
    default: return (Choice(), Choice())
    }
  }

  /// What an option takes.
  private func choice(_ option: OptionSpecification) -> Choice {
    let value = option.value ?? ""
    if value == "MODEL" || option.name == "--model" { return Choice(words: models, hasFiles: value == "MODEL", ending: ".swift") }
    return Choice(
      words: words(option), hasFiles: value.contains("FILE"), ending: value.hasPrefix("FILE.") ? String(value.dropFirst(4)) : "")
  }

  /// The words that an option takes: where no list in its help says so, from the types that read them.
  private func words(_ option: OptionSpecification) -> [String] {
    switch option.name {
    case "--optimizer": return OptimizerName.allCases.map(\.rawValue)
    case "--include": return DrawGroups.Name.allCases.map(\.rawValue)
    case "--init": return InferOptions.startNames
    case "--guide": return CommandSpecification.infer.options.first { $0.name == "--guide" }.map { listed($0) } ?? []
    default: return ["NAME", "KIND", "FORMAT"].contains { option.value?.hasPrefix($0) ?? false } ? listed(option) : []
    }
  }

  /// The last list in an option's help: `nuts (default), vi or map`; empty where there is none.
  private func listed(_ option: OptionSpecification) -> [String] {
    var plain = ""
    var depth = 0
    for letter in option.help {
      if letter == "(" { depth += 1 }
      if depth == 0 { plain.append(letter) }
      if letter == ")" { depth -= 1 }
    }
    let lists = plain.prefix { $0 != ";" }.split(separator: ": ").map { clause in
      clause.replacing(" or ", with: ", ").split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
    }
    let isWord = { (part: String) in !part.isEmpty && part.allSatisfy { $0.isLetter || $0.isNumber || "-:_[]".contains($0) } }
    return lists.last { $0.count > 1 && $0.allSatisfy(isWord) }?.map { String($0.prefix { $0 != ":" }) } ?? []
  }

  // MARK: - bash

  private var bash: String {
    var text = """
      # Completions of \(program) for bash, made by: \(program) completions bash
      _\(symbol)() {
        local word="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}" command="${COMP_WORDS[1]}"
        COMPREPLY=()
        if [ "$COMP_CWORD" -eq 1 ]; then
          COMPREPLY=($(compgen -W "\(commands.map(\.name).joined(separator: " ")) help --help --version" -- "$word"))
          return
        fi
        local options="" words="" files=""
        case "$command" in

      """
    for command in commands {
      text += "    \(command.name))\n      options=\"\(command.options.map(\.name).joined(separator: " "))\"\n"
      let (first, rest) = operands(command)
      text += "      \(bashChoice(first))\n"
      if command.operands == "KIND FILE…" { text += "      if [ \"$COMP_CWORD\" -gt 2 ]; then \(bashChoice(rest)); fi\n" }
      let valued = command.options.filter { $0.value != nil }
      if !valued.isEmpty {
        text += "      case \"$before\" in\n"
        for option in valued { text += "        \(option.name)) options=\"\" \(bashChoice(choice(option))) ;;\n" }
        text += "      esac\n"
      }
      text += "      ;;\n"
    }
    text += """
        help) words="\(commands.map(\.name).joined(separator: " "))" ;;
        esac
        COMPREPLY=($(compgen -W "$options $words" -- "$word"))
        case "$files:$word" in
        :*|*:-*) ;;
        all:*) COMPREPLY+=($(compgen -f -- "$word")) ;;
        *) COMPREPLY+=($(compgen -f -X "!*$files" -- "$word") $(compgen -d -- "$word")) ;;
        esac
      }
      complete -o filenames -F _\(symbol) \(program)

      """
    return text
  }

  private func bashChoice(_ choice: Choice) -> String {
    let files = !choice.hasFiles ? "" : choice.ending.isEmpty ? "all" : choice.ending
    return "words=\"\(choice.words.joined(separator: " "))\" files=\"\(files)\""
  }

  // MARK: - zsh

  /// A text within single quotes and `_arguments` brackets.
  private func zshText(_ text: String) -> String {
    text.replacing("'", with: "'\\''").replacing("[", with: "\\[").replacing("]", with: "\\]").replacing(":", with: "\\:")
  }

  private func zshChoice(_ choice: Choice) -> String {
    let words = "(\(choice.words.joined(separator: " ")))"
    let files = "_files" + (choice.ending.isEmpty ? "" : " -g \\*\(choice.ending)")
    guard choice.hasFiles else { return choice.words.isEmpty ? " " : words }
    // With a space before it, a function is called without the arguments that describe a group, which this one does not take.
    return choice.words.isEmpty ? files : " _alternative \"words\\:word\\:\(words)\" \"files\\:file\\:\(files)\""
  }

  private var zsh: String {
    var text = """
      #compdef \(program)
      # Completions of \(program) for zsh, made by: \(program) completions zsh
      _\(symbol)() {
        local -a commands
        commands=(

      """
    for command in commands { text += "    '\(command.name):\(zshText(command.summary))'\n" }
    text += """
        )
        if (( CURRENT == 2 )); then
          _describe command commands
          return
        fi
        case "${words[2]}" in

      """
    for command in commands {
      text += "    \(command.name))\n      shift words; (( CURRENT-- ))\n      _arguments"
      for option in command.options {
        let head = option.repeats ? "*\(option.name)" : option.name
        text += " \\\n        '\(head)[\(zshText(option.help))]"
        if let value = option.value { text += ":\(zshText(value)):\(zshChoice(choice(option)))" }
        text += "'"
      }
      let (first, rest) = operands(command)
      if !command.operands.isEmpty { text += " \\\n        '1:\(zshText(command.operands)):\(zshChoice(first))'" }
      if rest.hasFiles { text += " \\\n        '*:\(zshText(command.operands)):\(zshChoice(rest))'" }
      text += "\n      ;;\n"
    }
    text += """
          help) _describe command commands ;;
        esac
      }
      _\(symbol) "$@"

      """
    return text
  }

  // MARK: - fish

  private func fishText(_ text: String) -> String { "'" + text.replacing("\\", with: "\\\\").replacing("'", with: "\\'") + "'" }

  private var fish: String {
    var text = "# Completions of \(program) for fish, made by: \(program) completions fish\n"
    let test = "__\(symbol)_command"
    text += """
      function \(test) -d 'whether the command is one of these, or not yet there'
        set -l words (commandline -opc)
        if test (count $words) -lt 2
          test (count $argv) -eq 0
        else
          contains -- $words[2] $argv
        end
      end
      function \(test)_operand -d 'whether the next operand of the command is its first'
        set -l words (commandline -opc)
        test (count $words) -eq 2; and test $words[2] = $argv[1]
      end
      complete -c \(program) -f -n \(test) -l help -d 'what there is'
      complete -c \(program) -f -n \(test) -l version -d 'version and build'
      complete -c \(program) -f -n \(test) -a help -d 'the options of a command'
      complete -c \(program) -f -n '\(test) help' -a \(fishText(commands.map(\.name).joined(separator: " ")))

      """
    for command in commands {
      text += "complete -c \(program) -f -n \(test) -a \(command.name) -d \(fishText(command.summary))\n"
    }
    for command in commands {
      let here = "complete -c \(program) -n \(fishText("\(test) \(command.name)"))"
      let (first, rest) = operands(command)
      let begin = rest.hasFiles && rest.words.isEmpty ? "complete -c \(program) -n \(fishText("\(test)_operand \(command.name)"))" : here
      text += fishChoice(begin, first)
      for option in command.options {
        var line = "\(here) -l \(option.name.dropFirst(2)) -d \(fishText(option.help))"
        if option.value != nil {
          let choice = choice(option)
          line += choice.hasFiles ? " -r -F" : " -x"
          if !choice.words.isEmpty { line += " -a \(fishText(choice.words.joined(separator: " ")))" }
        }
        text += line + "\n"
      }
    }
    return text
  }

  /// A line for the operands of a command.
  private func fishChoice(_ begin: String, _ choice: Choice) -> String {
    var text = choice.words.isEmpty ? "" : "\(begin) -f -a \(fishText(choice.words.joined(separator: " ")))\n"
    if !choice.hasFiles {
      if choice.words.isEmpty { text += "\(begin) -f\n" }
    } else if choice.ending.isEmpty {
      text += "\(begin) -F\n"
    } else {
      text += "\(begin) -f -a '(__fish_complete_suffix \(choice.ending))'\n"
    }
    return text
  }
}
