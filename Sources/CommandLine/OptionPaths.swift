import Foundation
import Reporting

extension CommandSpecification {
  /// Options whose files are written.
  private static let written = ["--output", "--draws-output", "--truth", "--plot", "--curves", "--rewrite", "--checkpoint", "--resume"]

  /// One sentence for every file of a command line that would be written twice, or written over while it is read.
  func pathMistakes(_ parsed: ParsedArguments) -> [String] {
    let outputs = Self.written.compactMap { option in parsed.last(option).map { NamedPath(option: option, path: $0) } }.filter(\.isFile)
    var mistakes: [String] = []
    for (index, first) in outputs.enumerated() {
      for second in outputs[(index + 1)...] where first.isSame(as: second) && (first.option, second.option) != ("--checkpoint", "--resume")
      {
        mistakes.append("\(name): \(first.option) and \(second.option) name the same file, \(second.place).")
      }
      for input in inputs(parsed) where first.isSame(as: input) || first.isChain(input) {
        mistakes.append("\(name): \(first.option) would overwrite \(input.path), which is read.")
      }
    }
    return mistakes
  }

  /// The files that a command line reads.
  private func inputs(_ parsed: ParsedArguments) -> [NamedPath] {
    var paths: [String] = []
    switch operands {
    case "KIND FILE…": paths += parsed.operands.dropFirst()
    case "FILE…", "FILE|MODEL", "FILE|MODEL…", "FILE.swift", "SCRIPT": paths += parsed.operands
    // The name of a model may be that of a file, but means the model.
    case "MODEL": paths += parsed.operands.filter { $0.hasSuffix(".swift") || $0.contains("/") }
    default: break
    }
    for option in options where !Self.written.contains(option.name) {
      guard let value = option.value, let given = parsed.values[option.name] else { continue }
      if value.contains("FILE") {
        paths += given
      } else if value == "SITE=VALUE" || value == "NAME=VALUE" {
        paths += given.compactMap { $0.split(separator: "=", maxSplits: 1).dropFirst().first.map(String.init) }
      }
    }
    // `F.csv` stands for the files of the chains that it was written as.
    return paths.flatMap { DrawsFiles.chains($0) }.map { NamedPath(option: "", path: $0) }.filter(\.isFile)
  }
}

/// A file of a command line, by whatever name.
private struct NamedPath {
  let option: String
  let path: String
  /// The whole path, for messages.
  let place: String
  /// Where links lead.
  private let target: String

  init(option: String, path: String) {
    self.option = option
    self.path = path
    let url = URL(fileURLWithPath: path)
    place = url.standardizedFileURL.path
    target = url.resolvingSymlinksInPath().path
  }

  /// Whether it can be written over: no stream.
  var isFile: Bool { path != "-" && !path.isEmpty && ![place, target].contains { $0.hasPrefix("/dev/") || $0.hasPrefix("/proc/") } }

  func isSame(as other: NamedPath) -> Bool { target == other.target }

  /// Whether the other is the file of one chain where this name stands for all: `F_2.csv` and `F.csv`.
  func isChain(_ other: NamedPath) -> Bool {
    guard option == "--draws-output" || option == "--output", target.lowercased().hasSuffix(".csv"),
      other.target.hasSuffix(target.suffix(4))
    else {
      return false
    }
    let stem = target.dropLast(4) + "_"
    let number = other.target.dropFirst(stem.count).dropLast(4)
    return other.target.hasPrefix(stem) && !number.isEmpty && number.allSatisfy(\.isNumber)
  }
}
