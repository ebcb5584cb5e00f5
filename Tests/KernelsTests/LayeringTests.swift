import Foundation
import Testing

/// The house rules that a machine can read: who may import whom, and how long a file may be.
@Suite("Layering")
struct LayeringTests {
  /// The layers, lowest first, with the layers that each may import. It is the table of Package.swift, said once more on purpose: the
  /// package would let a target declare a dependency that the design forbids.
  static let allowed: [String: Set<String>] = [
    "Kernels": [],
    "Differentiation": ["Kernels"],
    "Distributions": ["Kernels", "Differentiation"],
    "Modeling": ["Kernels", "Differentiation", "Distributions"],
    "Networks": ["Kernels", "Differentiation", "Distributions", "Modeling"],
    "Inference": ["Kernels", "Differentiation", "Distributions", "Modeling", "Networks"],
    "Reporting": ["Kernels", "Differentiation", "Distributions", "Modeling", "Inference"],
    "CommandLine": ["Kernels", "Differentiation", "Distributions", "Modeling", "Networks", "Inference", "Reporting"],
    "Credence": ["Differentiation", "Distributions", "Modeling", "Networks", "Inference", "Reporting", "CommandLine"],
    "CredenceTool": ["Credence", "ModelLibrary", "CommandLine"],
  ]
  /// The toolchain's own modules.
  static let system: Set<String> = ["Foundation", "Synchronization", "Dispatch", "Glibc", "Darwin", "Swift", "Testing"]

  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  static func swiftFiles(in folder: String) -> [URL] {
    let start = root.appendingPathComponent(folder)
    let all = FileManager.default.enumerator(at: start, includingPropertiesForKeys: nil)?.compactMap { $0 as? URL } ?? []
    return all.filter { $0.pathExtension == "swift" }
  }

  static func imports(of file: URL) throws -> [String] {
    try String(contentsOf: file, encoding: .utf8).split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ")
      guard let place = words.firstIndex(of: "import"), place + 1 < words.count,
        words[..<place].allSatisfy({ $0.hasPrefix("@") || $0 == "public" || $0 == "package" })
      else { return nil }
      return String(words.last!.split(separator: ".")[0])
    }
  }

  @Test("Imports point down", arguments: LayeringTests.allowed.keys.sorted())
  func importsPointDown(_ layer: String) throws {
    let files = Self.swiftFiles(in: "Sources/\(layer)")
    #expect(!files.isEmpty, "layer \(layer) has no files under \(Self.root.path)")
    for file in files {
      for name in try Self.imports(of: file) {
        #expect(
          Self.allowed[layer]!.contains(name) || Self.system.contains(name),
          "\(file.lastPathComponent) of \(layer) imports \(name)")
      }
    }
  }

  @Test("Models import the umbrella only")
  func models() throws {
    for file in Self.swiftFiles(in: "Models") {
      for name in try Self.imports(of: file) {
        #expect(["Credence", "Foundation"].contains(name), "\(file.lastPathComponent) imports \(name)")
      }
    }
  }

  @Test("No source file is longer than 400 lines", arguments: ["Sources", "Models", "Tests", "Notebooks-as-scripts"])
  func fileSizes(_ folder: String) throws {
    for file in Self.swiftFiles(in: folder) {
      let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n", omittingEmptySubsequences: false).count - 1
      #expect(lines <= 400, "\(file.lastPathComponent) has \(lines) lines")
    }
  }

  @Test("No unchecked sendability and no traps by intent in the sources")
  func marks() throws {
    for folder in ["Sources", "Models"] {
      for file in Self.swiftFiles(in: folder) {
        let text = try String(contentsOf: file, encoding: .utf8)
        for mark in ["@unchecked Sendable", "nonisolated(unsafe)", "try!", "fatalError("] {
          #expect(!text.contains(mark), "\(file.lastPathComponent) contains \(mark)")
        }
      }
    }
  }
}
