import Foundation
import Reporting

extension CommandSpecification {
  static let build = CommandSpecification(
    name: "build", operands: "FILE.swift", summary: "make a program of its own from a model file, with the whole command line",
    details: """
      The program is optimized and, where the toolchain can, linked statically: it needs neither Swift nor Credence where it runs. It is made for the
      processor that the library was built for (this one, unless CREDENCE_CPU named another).
      """,
    options: [
      OptionSpecification("--output", "FILE", "the program (default: the model file's name without .swift); -o for short"),
      OptionSpecification(
        "--linking", "NAME",
        "automatic (default: the first of the following that works), static (one file that needs nothing), static-swift (needs the C library only) or dynamic (needs Swift's libraries)"
      ),
      OptionSpecification("--help", nil, "this text"),
    ])
}

/// Everything a `build` command line says.
struct BuildOptions: Sendable, Equatable {
  enum Linking: String, CaseIterable, Sendable {
    case automatic
    case wholly = "static"
    case standardLibrary = "static-swift"
    case dynamic

    /// The ways to try, best first.
    var attempts: [Linking] { self == .automatic ? [.wholly, .standardLibrary, .dynamic] : [self] }

    var arguments: [String] {
      switch self {
      case .wholly: ["-static-executable"]
      case .standardLibrary: ["-static-stdlib"]
      case .automatic, .dynamic: []
      }
    }
  }

  var path: String
  var output: String
  var linking: Linking

  /// Throws `UserError` with all mistakes at once.
  init(_ arguments: ParsedArguments) throws {
    var reader = OptionReader("build", arguments)
    path = arguments.operands.first ?? ""
    let base = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
    output = arguments.last("--output") ?? (path.hasSuffix(".swift") ? base : base + ".program")
    linking = reader.name("--linking", among: Linking.allCases.map(\.rawValue)).flatMap(Linking.init) ?? .automatic
    if output.isEmpty { reader.fail("--output expects a file, not an empty name.") }
    guard reader.mistakes.isEmpty else { throw UserError(sentences: reader.mistakes) }
  }
}

extension Command {
  /// `credence build`: compiles a model file into a program at a place of the user's choice.
  func build(_ options: BuildOptions) throws -> Int32 {
    let file = try OutputFile(path: options.output)
    // No other run writes the program meanwhile.
    defer { withExtendedLifetime(file) {} }
    let linking = try ModelFileCompiler(console: console).program(for: options.path, at: options.output, linking: options.linking)
    let words =
      switch linking {
      case .wholly: "it needs no library where it runs"
      case .standardLibrary: "it needs the C library where it runs"
      case .automatic, .dynamic: "it needs Swift's libraries where it runs"
      }
    console.note("credence: \(options.output) is made; \(words).")
    return ExitCode.done
  }
}

extension ModelFileCompiler {
  /// Compiles a model file to a program at `output`, which appears whole or not at all. Returns how it is linked. Throws `UserError`.
  func program(for path: String, at output: String, linking: BuildOptions.Linking) throws -> BuildOptions.Linking {
    try checkSource(path)
    for attempt in linking.attempts {
      guard let refusal = try compile(path, at: output, ["-O"] + attempt.arguments + Self.strippingArguments(attempt)) else {
        return attempt
      }
      // What is wrong with the source is wrong in every way of linking.
      guard refusal.isLinking, attempt != linking.attempts.last else { throw failure(path, refusal.text) }
    }
    return linking
  }

  /// Symbols and unused sections are most of a static program.
  private static func strippingArguments(_ linking: BuildOptions.Linking) -> [String] {
    #if os(Linux)
      linking == .dynamic ? [] : ["-Xlinker", "--gc-sections", "-Xlinker", "--strip-all"]
    #else
      []
    #endif
  }
}
