/// Where in a model's source something stands.
package struct SourceLine: Sendable, Equatable {
  package let file: String
  package let line: Int
  package init(_ fileID: String, _ line: Int) {
    file = fileID.split(separator: "/").last.map(String.init) ?? fileID
    self.line = line
  }
}

/// All that is wrong with a model, found before its first step.
public struct ModelError: Error, CustomStringConvertible, Sendable, Equatable {
  /// One mistake.
  public struct Problem: Sendable, Equatable, CustomStringConvertible {
    /// The site it belongs to, if it belongs to one.
    public let site: String?
    public let file: String?
    public let line: Int?
    public let sentence: String

    package init(site: String?, at source: SourceLine?, _ sentence: String) {
      self.site = site
      file = source?.file
      line = source?.line
      self.sentence = sentence
    }

    /// `Schools.swift:12: site "theta": …`
    public var description: String {
      let place = file.map { "\($0):\(line ?? 0): " } ?? ""
      return place + (site.map { "site \"\($0)\": " } ?? "") + sentence
    }
  }

  public let problems: [Problem]
  package init(_ problems: [Problem]) { self.problems = problems }

  /// A line for each mistake.
  public var description: String { problems.map(\.description).joined(separator: "\n") }
}

extension NearestName {
  /// ` (did you mean "tau"?)` or, where nothing is near, ` (there are: mu, tau)`; empty where there are no names at all.
  static func hint(_ name: String, among names: [String]) -> String {
    if let near = find(name, among: names) { return " (did you mean \"\(near)\"?)" }
    return names.isEmpty ? "" : " (there are: \(names.joined(separator: ", ")))"
  }
}
