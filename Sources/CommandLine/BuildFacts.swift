import Foundation

/// How this program was built, for `--version`.
enum BuildFacts {
  static func text(programPath: String) -> String {
    var lines = ["credence \(Command.version)"]
    lines.append("  compiler   Swift \(swiftVersion), \(optimization), \(platform)")
    lines.append("  vectors    \(vectors)")
    if let commit = BuildCommit.find(program: programPath, checkout: checkout) {
      lines.append("  commit     \(commit) (changes that were not committed are not told)")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Where the sources were compiled: this file is `Sources/CommandLine/BuildFacts.swift` there.
  private static let checkout = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

  private static var swiftVersion: String {
    #if compiler(>=6.4)
      "6.4 or later"
    #elseif compiler(>=6.3.2)
      "6.3.2 or later of 6.3"
    #elseif compiler(>=6.3.1)
      "6.3.1"
    #elseif compiler(>=6.3)
      "6.3"
    #elseif compiler(>=6.2)
      "6.2"
    #else
      "6.1"
    #endif
  }

  private static var optimization: String {
    #if DEBUG
      "without optimization"
    #else
      "optimized"
    #endif
  }

  private static var platform: String {
    #if os(Linux)
      let system = "Linux"
    #elseif os(macOS)
      let system = "macOS"
    #else
      let system = "another system"
    #endif
    #if arch(x86_64)
      return "\(system) on x86-64"
    #elseif arch(arm64)
      return "\(system) on arm64"
    #else
      return system
    #endif
  }

  /// What the flags of the build promise (Package.swift).
  private static var vectors: String {
    #if CREDENCE_FMA && !CREDENCE_NARROW
      "512 bits, fused multiply-add"
    #elseif CREDENCE_FMA
      "256 bits, fused multiply-add"
    #else
      "the platform's baseline (CREDENCE_CPU=native in a checkout has the processor's own)"
    #endif
  }
}
