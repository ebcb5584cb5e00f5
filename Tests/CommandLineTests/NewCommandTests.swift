import CommandLine
import Foundation
import Reporting
import Testing

/// `new` and `build`, with the library that lies beside the tests.
@Suite(.serialized) final class NewCommandTests: Sendable {
  private let directory: String

  init() throws { directory = try temporaryDirectory() }
  deinit { try? FileManager.default.removeItem(atPath: directory) }

  private var variables: [String: String] { compilerVariables(directory) }

  private func text(_ name: String) throws -> String { try String(contentsOfFile: directory + "/" + name, encoding: .utf8) }

  private func start(_ program: String, _ arguments: [String], which: String = "") throws -> Ran {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.environment = variables.merging(["WHICH": which]) { $1 }
    let (output, notes) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = notes
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    let said = String(decoding: notes.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return Ran(code: process.terminationStatus, output: text, notes: said, started: [])
  }

  @Test func filesAreWrittenAndNothingIsOverwritten() async throws {
    let ran = await credence(["new", directory + "/coffee-prices"])
    #expect(ran.code == 0 && ran.notes == "")
    #expect(
      ran.output == """
        \(directory)/coffee-prices/
          CoffeePrices.swift  the model: a straight line through points
          data.json           made-up data, to be replaced by yours
          README.md           what to do next

        Try:  credence infer \(directory)/coffee-prices/CoffeePrices.swift --data \(directory)/coffee-prices/data.json

        """)
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["coffee-prices"])
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: directory + "/coffee-prices").sorted() == [
        "CoffeePrices.swift", "README.md", "data.json",
      ])
    #expect(try text("coffee-prices/CoffeePrices.swift").contains("@main struct CoffeePrices: Model {"))
    try Data("mine".utf8).write(to: URL(fileURLWithPath: directory + "/coffee-prices/data.json"))
    let again = await credence(["new", directory + "/coffee-prices", "--template", "mixture"])
    #expect(again.code == 2)
    #expect(
      again.notes
        == "credence: new: \(directory)/coffee-prices exists already, and nothing is overwritten: choose another name, or remove it first.\n"
    )
    #expect(try text("coffee-prices/data.json") == "mine")
    let lost = await credence(["new", directory + "/none/coffee"])
    #expect(lost.notes == "credence: new: there is no directory \(directory)/none in which coffee could be made.\n")
  }

  /// All templates are compiled as one program, and each gives a posterior that is ok.
  @Test func everyTemplateRunsAtOnce() async throws {
    let templates = ["regression", "hierarchical", "mixture", "timeseries"]
    var source = "import Credence\nimport Foundation\n"
    for template in templates {
      #expect(await credence(["new", "\(directory)/my-\(template)", "--template", template]).code == 0)
      let type = "My" + template.prefix(1).uppercased() + template.dropFirst()
      source += try text("my-\(template)/\(type).swift").replacing("import Credence\n", with: "").replacing("@main ", with: "")
    }
    source += "@main enum All {\n  static func main() async {\n    switch ProcessInfo.processInfo.environment[\"WHICH\"] {\n"
    for template in templates {
      source += "    case \"\(template)\": await My\(template.prefix(1).uppercased() + template.dropFirst()).main()\n"
    }
    source += "    default: break\n    }\n  }\n}\n"
    try Data(source.utf8).write(to: URL(fileURLWithPath: directory + "/all.swift"))
    let compiled = await credence(["infer", directory + "/all.swift"], variables: variables, program: credenceProgram)
    #expect(compiled.code == 0 && compiled.notes == "")
    let made = try #require(compiled.started.first?.first)
    for template in templates {
      let data = "\(directory)/my-\(template)/data.json"
      let ran = try start(made, ["infer", "--data", data, "--output", "-", "--quiet"], which: template)
      #expect(ran.code == 0 && ran.notes == "", "\(template): \(ran.notes)")
      let root = try JSONReader.parse(Data(ran.output.utf8))
      #expect(root["diagnostics"]?["verdict"] == "ok", "\(template)")
      #expect(root["model"]?["name"]?.text == "my-\(template)")
      let checked = try start(made, ["check", "--data", data], which: template)
      #expect(checked.code == 0, "\(template): \(checked.output)")
    }
  }

  @Test func aProgramOfItsOwn() async throws {
    try Data(meanModelSource.utf8).write(to: URL(fileURLWithPath: directory + "/mean.swift"))
    let made = await credence(
      ["build", directory + "/mean.swift", "-o", directory + "/prog"], variables: variables, program: credenceProgram)
    #expect(made.code == 0 && made.output == "")
    #expect(made.notes.hasPrefix("credence: \(directory)/prog is made; it needs "))
    // The whole command line, without the library beside it and without a compiler.
    let ran = try start(directory + "/prog", ["infer", "--set", "y=[1.5, 3]", "--method", "map", "--output", "-", "--quiet"])
    #expect(ran.code == 0 && ran.notes == "")
    #expect(abs(try #require(try JSONReader.parse(Data(ran.output.utf8))["variables"]?["mu"]?["mode"]?.double) - 1.5) < 1e-9)
    #expect(try start(directory + "/prog", ["--help"]).output.contains("  prog infer [options]  "))
    #expect(try start(directory + "/prog", ["--version"]).output.hasPrefix("credence \(Command.version)\n"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory).sorted() == ["mean.swift", "prog"])
    // What does not compile leaves nothing behind.
    try Data(meanModelSource.replacing("Tensor {", with: "Int {").utf8).write(to: URL(fileURLWithPath: directory + "/wrong.swift"))
    let wrong = await credence(
      ["build", directory + "/wrong.swift", "-o", directory + "/prog2"], variables: variables, program: credenceProgram)
    #expect(wrong.code == 2 && wrong.notes.hasSuffix("credence: \(directory)/wrong.swift does not compile: 1 error, shown above.\n"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory).sorted() == ["mean.swift", "prog", "wrong.swift"])
  }

  @Test(arguments: [
    ("new", "new: expected a name, found nothing."),
    ("new a b", #"new: expected a name, found 2 words: "a" "b"."#),
    ("new 3rd", #"new: a name begins with a letter and has letters, digits, - and _ only, which "3rd" does not: rd for instance."#),
    ("new a.b", #"new: a name begins with a letter and has letters, digits, - and _ only, which "a.b" does not: a-b for instance."#),
    ("new naïve", #"new: a name begins with a letter and has letters, digits, - and _ only, which "naïve" does not: na-ve for instance."#),
    (
      "new ..", #"new: a name begins with a letter and has letters, digits, - and _ only, which ".." does not: coffee-prices for instance."#
    ),
    ("new normal", #"new: "normal" would make a type Normal, a name that Credence or Swift has already: my-normal for instance."#),
    (
      "new x --template regresion",
      #"new: --template expects regression, hierarchical, mixture or timeseries, not "regresion"; the nearest is regression."#
    ),
    ("new x --batches 1", "new: the option --batches belongs to bench, not to new."),
    ("build", "build: expected a Swift file, found nothing."),
    ("build x.swift --output=", "build: --output expects a file, not an empty name."),
    ("build x.swift -o x.swift", "build: --output would overwrite x.swift, which is read."),
    (
      "build x.swift --linking static-swif",
      #"build: --linking expects automatic, static, static-swift or dynamic, not "static-swif"; the nearest is static-swift."#
    ),
    ("completions tcsh", #"completions: expected bash, zsh or fish, not "tcsh"."#),
    ("completions", "completions: expected bash, zsh or fish, found nothing."),
    ("man page", #"man: "page" is one argument too many; it takes options only."#),
  ]) func mistakes(line: String, message: String) async {
    let ran = await credence(line.split(separator: " ").map(String.init))
    #expect(ran.notes == "credence: \(message)\n")
    #expect(ran.code == 2 && ran.output == "")
  }

  /// The names of the public types that a body may use, from their sources.
  private static func publicTypes() throws -> Set<String> {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let all = ["Differentiation", "Distributions", "Modeling"].flatMap { layer -> [URL] in
      let place = root.appendingPathComponent("Sources/" + layer)
      return FileManager.default.enumerator(at: place, includingPropertiesForKeys: nil)?.compactMap { $0 as? URL } ?? []
    }
    var types: Set<String> = []
    for file in all where file.pathExtension == "swift" {
      for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") where line.hasPrefix("public ") {
        let words = line.split(separator: " ").filter { $0 != "final" }
        guard words.count > 2, ["struct", "enum", "protocol", "class", "actor", "typealias"].contains(words[1]) else { continue }
        types.insert(String(words[2].prefix { $0.isLetter || $0.isNumber }))
      }
    }
    return types
  }

  /// A model file's own type must not hide one of the library's.
  @Test func theReservedNamesAreAllOfTheLibrarys() async throws {
    let types = try Self.publicTypes()
    #expect(types.count > 60)
    for type in types.sorted() {
      let ran = await credence(["new", "\(directory)/\(type)"])
      #expect(ran.code == 2 && ran.notes.contains("would make a type \(type), "), "\(type) is missing in NewReserved.swift")
    }
  }
}
