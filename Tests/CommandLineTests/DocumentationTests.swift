import CommandLine
import Foundation
import Inference
import Reporting
import Testing

/// What the documentation says, against the sources that it says it of.
@Suite("Documentation") struct DocumentationTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  private static let catalogue = root.appendingPathComponent("Sources/Credence/Credence.docc")

  private static func page(_ name: String) throws -> String {
    try String(contentsOf: catalogue.appendingPathComponent("\(name).md"), encoding: .utf8)
  }

  /// The texts of all Swift files below a folder.
  private static func sources(_ folder: String) throws -> [String] {
    let start = root.appendingPathComponent(folder)
    let files = FileManager.default.enumerator(at: start, includingPropertiesForKeys: nil)?.compactMap { $0 as? URL } ?? []
    return try files.filter { $0.pathExtension == "swift" }.map { try String(contentsOf: $0, encoding: .utf8) }
  }

  /// Codes stand in the sources as `code: "r_hat", severity: …`, and in the page as the first column of its tables.
  @Test func everyVerdictCodeIsExplained() throws {
    let texts = try Self.sources("Sources/Inference") + Self.sources("Sources/CommandLine")
    let inSources = Set(texts.flatMap { $0.matches(of: /code: "([a-z_]+)",\s*severity/).map { String($0.1) } })
    let page = try Self.page("VerdictCodes")
    let rows = page.split(separator: "\n").filter { $0.hasPrefix("| `") }
    let onPage = Set(rows.flatMap { row in row.split(separator: "|")[0].matches(of: /`([a-z_]+)`/).map { String($0.1) } })
    #expect(inSources.count > 30)
    // Two codes share one rule, which has them in a table of its own.
    #expect(onPage.isSuperset(of: ["ess_bulk", "ess_tail"]))
    #expect(inSources.subtracting(onPage).sorted() == [])
  }

  /// Every page is reached from the front page, and every `doc:` link leads to a page.
  @Test func pagesAreLinked() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: Self.catalogue.path)
    let names = files.filter { $0.hasSuffix(".md") }.map { $0.dropLast(3) }
    #expect(names.count > 15)
    let front = try Self.page("Credence")
    for name in names where name != "Credence" { #expect(front.contains("- <doc:\(name)>"), "\(name) is on no list") }
    for name in names {
      for link in try Self.page(String(name)).matches(of: /<doc:([A-Za-z]+)>/) { #expect(names.contains(link.1), "\(name): \(link.1)") }
    }
  }

  /// The reference has a section for each command, with the usage as its title, and in it each option; what many commands have stands in sections of its own.
  @Test func everyCommandAndOptionIsInTheReference() async throws {
    let page = try Self.page("CommandLineReference")
    let sections = page.split(separator: "\n### ").dropFirst().map { (title: String($0.prefix { $0 != "\n" }), text: String($0)) }
    func section(_ name: String) throws -> String {
      try #require(sections.first { $0.title.split(separator: " ").first == name[...] || $0.title == name }, "\(name) has no section").text
    }
    let (shared, surgery) = (try section("What many commands have"), try section("Model surgery"))
    let overview = await credence(["--help"]).output
    let commands = overview.matches(of: /\n  credence ([a-z]+)/).map { String($0.1) }
    #expect(commands.count > 20)
    for command in commands {
      let own = try section(command)
      let help = await credence(["help", command]).output
      let usage = help.prefix { $0 != "\n" }.replacing("usage: credence ", with: "").replacing(" [options]", with: "")
      #expect(own.hasPrefix(usage + "\n"), "\(command) is called as \(usage)")
      let names = help.matches(of: /\n  (--[a-z-]+)( |\n)/).map { String($0.1) }
      #expect(names.contains("--help"))
      for name in names where name != "--help" {
        let mentions = [own] + (own.contains("surgery") ? [surgery] : [])
        let isNamed = mentions.contains { $0.contains("`\(name)`") || $0.contains("`\(name) ") }
        #expect(isNamed, "the section of \(command) does not have \(name)")
        // An option that is only named has its meaning in the section of what many commands have.
        let isExplained = (mentions + [shared]).contains { $0.contains("| `\(name)` |") || $0.contains("`\(name) ") }
        #expect(isExplained, "\(name) of \(command) has no line in a table")
      }
    }
    // Nothing is there that is not in the program.
    let known = Set(commands + ["What", "Model", "Exit", "Environment", "Build", "Data", "Files"])
    for section in sections {
      #expect(known.contains(section.title.split(separator: " ").first.map(String.init) ?? ""), "\(section.title)")
    }
  }

  /// The words that options take are there, too: methods, optimizers, kinds of plots, ….
  @Test func everyNameThatAnOptionTakesIsInTheReference() throws {
    let reference = try Self.page("CommandLineReference")
    let methods = InferenceRequest.Method.allCases.map(\.rawValue)
    let kinds = PlotKind.allCases.map(\.rawValue)
    let others =
      InferenceRequest.Metric.allCases.map(\.rawValue) + InferenceRequest.Adaptation.allCases.map(\.rawValue)
      + OptimizerName.allCases.map(\.rawValue) + DrawGroups.Name.allCases.map(\.rawValue)
      + ModelComparison.Criterion.allCases.map(\.rawValue)
    for name in methods + kinds + others { #expect(reference.contains("`\(name)`"), "\(name)") }
    let (choice, plots) = (try Self.page("HowToChoose"), try Self.page("ReportsPlotsNotebooks"))
    for name in methods { #expect(choice.contains("| `\(name)` |"), "\(name)") }
    for name in kinds { #expect(plots.contains("| `\(name)` |"), "\(name)") }
  }

  /// The page of the model language names every distribution, also one that is a member of another (`d.ordered(count:)`), and every function of tensors.
  @Test func theModelLanguageIsComplete() throws {
    let page = try Self.page("ModelLanguage")
    let distributions = try Self.sources("Sources/Distributions").flatMap { $0.matches(of: /\npublic struct (\w+)[^\n]*: Distribution\b/) }
    #expect(distributions.count > 20)
    for name in distributions.map({ String($0.1) }) {
      #expect(page.contains("`\(name)(") || page.contains("`d.\(name.prefix(1).lowercased() + name.dropFirst())("), "\(name) is not there")
    }
    let words = Set(page.split { !$0.isLetter && !$0.isNumber }.map(String.init))
    let functions = try Self.sources("Sources/Differentiation").flatMap { $0.matches(of: /\npublic func (\w+)[(<]/) }.map { String($0.1) }
    #expect(functions.count > 60)
    #expect(Set(functions).subtracting(words).sorted() == [])
  }

  /// Every schema has its line in the page about results, and every line its schema.
  @Test func everySchemaIsOnThePageOfResults() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: Self.catalogue.appendingPathComponent("Schemas").path)
    let rows = try Self.page("ResultFiles").matches(of: /\| `credence\/[a-z]+\/1` \| `([a-z0-9.-]+)` \|/).map { String($0.1) }
    #expect(files.sorted() == rows.sorted())
    let named = try Self.sources("Sources").flatMap { $0.matches(of: /"credence\/([a-z]+)\/1"/).map { "\($0.1)-1.schema.json" } }
    // A checkpoint is no JSON: its first line names its form.
    #expect(Set(named).subtracting(["checkpoint-1.schema.json"]).subtracting(files).sorted() == [])
  }
}
