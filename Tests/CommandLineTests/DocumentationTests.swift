import Foundation
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
}
