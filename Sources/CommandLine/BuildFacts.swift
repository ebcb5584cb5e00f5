import Foundation

/// How this program was built, for `--version`.
enum BuildFacts {
  static var text: String {
    var lines = ["credence \(Command.version)"]
    lines.append("  compiler   Swift \(swiftVersion), \(optimization), \(platform)")
    lines.append("  vectors    \(vectors)")
    return lines.joined(separator: "\n") + "\n"
  }

  private static var swiftVersion: String {
    #if swift(>=6.4)
      "6.4 or later"
    #elseif swift(>=6.3)
      "6.3"
    #elseif swift(>=6.2)
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
