import Foundation
import Modeling
import Reporting

extension CommandSpecification {
  static let new = CommandSpecification(
    name: "new", operands: "NAME",
    summary: "begin a model of your own: a directory with a model file, data and a README, which run at once",
    details: """
      NAME is the name of the new directory, of the model and, in capitals, of its Swift type: coffee-prices makes coffee-prices/CoffeePrices.swift.
      Nothing that exists is overwritten.
      """,
    options: [
      OptionSpecification(
        "--template", "NAME",
        "regression (default), hierarchical (groups that learn from each other), mixture (classes that are summed out) or timeseries (a level that drifts)"
      ),
      OptionSpecification("--help", nil, "this text"),
    ])
}

/// Everything a `new` command line says.
struct NewOptions: Sendable, Equatable {
  /// The directory to make.
  var path: String
  /// Its last component: the name of the model.
  var name: String
  /// `coffee-prices` ↦ `CoffeePrices`.
  var typeName: String
  var template: NewTemplate

  /// Throws `UserError` with all mistakes at once.
  init(_ arguments: ParsedArguments) throws {
    var reader = OptionReader("new", arguments)
    template = reader.name("--template", among: NewTemplate.allCases.map(\.rawValue)).flatMap(NewTemplate.init) ?? .regression
    path = arguments.operands.first ?? ""
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    name = path.split(separator: "/").last.map(String.init) ?? ""
    typeName = name.split { $0 == "-" || $0 == "_" }.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    if !path.isEmpty, let sentence = Self.problem(name, typeName) { reader.fail(sentence) }
    guard reader.mistakes.isEmpty else { throw UserError(sentences: reader.mistakes) }
  }

  private static func problem(_ name: String, _ typeName: String) -> String? {
    guard let first = name.unicodeScalars.first, isLetter(first),
      name.unicodeScalars.allSatisfy({ isLetter($0) || (48...57).contains($0.value) || $0 == "-" || $0 == "_" })
    else {
      let suggestion = name.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? String($0) : "-" }.joined()
        .split(separator: "-").joined(separator: "-").drop { !$0.isLetter }
      let hint = suggestion.isEmpty ? "coffee-prices" : String(suggestion)
      return "a name begins with a letter and has letters, digits, - and _ only, which \"\(name)\" does not: \(hint) for instance."
    }
    guard name.count <= 100 else { return "the name has \(name.count) characters: at most 100 make a name of a file." }
    guard !reserved.contains(typeName) else {
      return "\"\(name)\" would make a type \(typeName), a name that Credence or Swift has already: my-\(name) for instance."
    }
    return nil
  }

  private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
    (65...90).contains(scalar.value) || (97...122).contains(scalar.value)
  }

  /// Types that a model file uses, or is likely to: a type of the same name would hide them. A test reads the sources for what is missing.
  static let reserved: Set<String> = libraryTypes.union([
    "Any", "Array", "Bool", "Codable", "Data", "Dictionary", "Double", "Error", "Int", "Optional", "Protocol", "Result", "Self", "Set",
    "String", "Swift", "Type", "Credence", "Foundation",
  ])
}

extension Command {
  /// `credence new`: all files or none.
  func new(_ options: NewOptions) throws -> Int32 {
    let files = FileManager.default
    let parent = URL(fileURLWithPath: options.path).standardizedFileURL.deletingLastPathComponent().path
    guard !files.fileExists(atPath: options.path), (try? files.destinationOfSymbolicLink(atPath: options.path)) == nil else {
      throw UserError("new: \(options.path) exists already, and nothing is overwritten: choose another name, or remove it first.")
    }
    var isDirectory = ObjCBool(false)
    guard files.fileExists(atPath: parent, isDirectory: &isDirectory), isDirectory.boolValue else {
      throw UserError("new: there is no directory \(parent) in which \(options.name) could be made.")
    }
    // Made under another name and renamed, so that a failure leaves nothing half made; what a process that was killed left there goes.
    let lock = try FileLock(parent + "/" + options.name)
    defer { withExtendedLifetime(lock) {} }
    let working = FileLock.hidden(beside: parent + "/" + options.name, "part")
    UnfinishedWork.begin(path: working)
    defer { UnfinishedWork.end(path: working) }
    do {
      if files.fileExists(atPath: working) { try files.removeItem(atPath: working) }
      try files.createDirectory(atPath: working, withIntermediateDirectories: false)
      for (name, text) in options.template.files(options) { try Data(text.utf8).write(to: URL(fileURLWithPath: working + "/" + name)) }
      guard rename(working, options.path) == 0 else { throw FileError(String(cString: strerror(errno)).lowercased() + ".") }
    } catch {
      try? files.removeItem(atPath: working)
      throw UserError("new: \(options.path) cannot be made: \(Self.describe(error))")
    }
    let file = "\(options.path)/\(options.typeName).swift"
    try console.print(
      """
      \(options.path)/
        \(options.typeName).swift  the model: \(options.template.summary)
        data.json\(String(repeating: " ", count: max(1, options.typeName.count - 1)))made-up data, to be replaced by yours
        README.md\(String(repeating: " ", count: max(1, options.typeName.count - 1)))what to do next

      Try:  credence infer \(file) --data \(options.path)/data.json

      """)
    return ExitCode.done
  }
}
