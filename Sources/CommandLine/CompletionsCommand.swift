import Foundation

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

  /// Whether a command's operands are files.
  private func takesFiles(_ command: CommandSpecification) -> Bool { command.operands.contains("FILE") || command.operands == "MODEL" }

  /// The words that an option takes, where its help names them: `nuts (default), vi or map`; empty where it takes anything else.
  private func words(_ option: OptionSpecification) -> [String] {
    guard let value = option.value, value.hasPrefix("NAME") || value == "KIND" else { return [] }
    var plain = ""
    var depth = 0
    for letter in option.help {
      if letter == "(" { depth += 1 }
      if depth == 0 { plain.append(letter) }
      if letter == ")" { depth -= 1 }
    }
    let clause = plain.prefix { $0 != ";" }
    let list = clause.range(of: ": ", options: .backwards).map { clause[$0.upperBound...] } ?? clause
    let parts = list.replacing(" or ", with: ", ").split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
    let isList =
      parts.count > 1
      && parts.allSatisfy { part in !part.isEmpty && part.allSatisfy { $0.isLetter || $0.isNumber || "-:_[]".contains($0) } }
    return isList ? parts.map { String($0.prefix { $0 != ":" }) } : []
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
        local options="" models=""
        case "$command" in

      """
    for command in commands {
      text += "    \(command.name))\n      options=\"\(command.options.map(\.name).joined(separator: " "))\"\n"
      if command.operands == "MODEL" { text += "      models=\"\(models.joined(separator: " "))\"\n" }
      if command.operands == "SHELL" { text += "      models=\"bash zsh fish\"\n" }
      let valued = command.options.filter { $0.value != nil }
      if !valued.isEmpty {
        text += "      case \"$before\" in\n"
        for option in valued {
          let words = words(option)
          let files = option.value?.hasPrefix("FILE") ?? false
          text += "        \(option.name)) "
          if files {
            text += "COMPREPLY=($(compgen -f -- \"$word\"))"
          } else {
            text += "COMPREPLY=($(compgen -W \"\(words.joined(separator: " "))\" -- \"$word\"))"
          }
          text += "; return ;;\n"
        }
        text += "      esac\n"
      }
      text += "      ;;\n"
    }
    text += """
        help) options="\(commands.map(\.name).joined(separator: " "))" ;;
        esac
        COMPREPLY=($(compgen -W "$options $models" -- "$word"))
        case "$word" in -*) ;; *) COMPREPLY+=($(compgen -f -- "$word")) ;; esac
      }
      complete -o filenames -F _\(symbol) \(program)

      """
    return text
  }

  // MARK: - zsh

  /// A text within single quotes and `_arguments` brackets.
  private func zshText(_ text: String) -> String {
    text.replacing("'", with: "'\\''").replacing("[", with: "\\[").replacing("]", with: "\\]").replacing(":", with: "\\:")
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
        if let value = option.value {
          let words = words(option)
          let action = value.hasPrefix("FILE") ? "_files" : words.isEmpty ? " " : "(\(words.joined(separator: " ")))"
          text += ":\(zshText(value)):\(action)"
        }
        text += "'"
      }
      switch command.operands {
      case "MODEL":
        text +=
          " \\\n        '1:model:_alternative \"models\\:model\\:(\(models.joined(separator: " ")))\" \"files\\:file\\:_files -g \\*.swift\"'"
      case "SHELL": text += " \\\n        '1:shell:(bash zsh fish)'"
      case "": break
      default: text += takesFiles(command) ? " \\\n        '*:file:_files'" : ""
      }
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
    let none = "not __fish_seen_subcommand_from \(commands.map(\.name).joined(separator: " "))"
    for command in commands {
      text += "complete -c \(program) -f -n \(fishText(none)) -a \(command.name) -d \(fishText(command.summary))\n"
    }
    for command in commands {
      let here = "-n \(fishText("__fish_seen_subcommand_from \(command.name)"))"
      if command.operands == "MODEL", !models.isEmpty {
        text += "complete -c \(program) \(here) -a \(fishText(models.joined(separator: " "))) -d model\n"
      }
      if command.operands == "SHELL" { text += "complete -c \(program) -f \(here) -a 'bash zsh fish'\n" }
      for option in command.options {
        var line = "complete -c \(program) \(here) -l \(option.name.dropFirst(2)) -d \(fishText(option.help))"
        if let value = option.value {
          let words = words(option)
          line += value.hasPrefix("FILE") ? " -r" : " -x"
          if !words.isEmpty { line += " -a \(fishText(words.joined(separator: " ")))" }
        }
        text += line + "\n"
      }
    }
    return text
  }
}
