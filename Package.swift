// swift-tools-version: 6.1
import Foundation
import PackageDescription

/// The machine's own SIMD width, where SwiftPM allows it: `unsafeFlags` are refused in a versioned dependency, so they are set only
/// when this package is the root. `CREDENCE_CPU` names another processor (`x86-64-v3`, `generic`, …); empty means no flags.
let isRoot = !Context.packageDirectory.contains("/checkouts/")
#if arch(x86_64)
  let nativeCPU = "native"
#else
  let nativeCPU = ""
#endif
let cpu = Context.environment["CREDENCE_CPU"] ?? nativeCPU
/// `SIMD.addingProduct` calls `fma` in libm where the target has no such instruction (40 times slower), so code uses it only where
/// the flags promise one: `multiplyAdd` in Kernels reads this condition.
let processorFlags = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
let promisesFMA = ["x86-64-v3", "x86-64-v4"].contains(cpu) || (cpu == "native" && processorFlags.contains(" fma "))
/// Matrix kernels take a smaller register block where vectors of eight doubles are split.
let promisesAVX512 = cpu == "x86-64-v4" || (cpu == "native" && processorFlags.contains(" avx512f "))
/// `-fno-math-errno` lets `squareRoot` be one instruction on vectors; nothing here reads errno.
let settings: [SwiftSetting] =
  isRoot && !cpu.isEmpty && cpu != "generic"
  ? [.unsafeFlags(["-Xcc", "-march=\(cpu)", "-Xcc", "-fno-math-errno"])] + (promisesFMA ? [.define("CREDENCE_FMA")] : [])
    + (promisesAVX512 ? [] : [.define("CREDENCE_NARROW")]) : [.define("CREDENCE_NARROW")]

/// The layers, lowest first; each may import what stands before it and no more (`LayeringTests` reads the import lines).
let layers: [(name: String, dependencies: [String], path: String?)] = [
  ("Kernels", [], nil),
  ("Differentiation", ["Kernels"], nil),
  ("Distributions", ["Kernels", "Differentiation"], nil),
  ("Modeling", ["Kernels", "Differentiation", "Distributions"], nil),
  ("Networks", ["Kernels", "Differentiation", "Distributions", "Modeling"], nil),
  ("Inference", ["Kernels", "Differentiation", "Distributions", "Modeling", "Networks"], nil),
  ("Reporting", ["Kernels", "Differentiation", "Distributions", "Modeling", "Inference"], nil),
  ("CommandLine", ["Kernels", "Differentiation", "Distributions", "Modeling", "Networks", "Inference", "Reporting"], nil),
  ("Credence", ["Differentiation", "Distributions", "Modeling", "Networks", "Inference", "Reporting", "CommandLine"], nil),
  ("ModelLibrary", ["Credence"], "Models"),
]

var targets: [Target] = layers.map { layer in
  .target(
    name: layer.name, dependencies: layer.dependencies.map { .byName(name: $0) },
    path: layer.path, resources: layer.path == nil ? [] : [.copy("Data")], swiftSettings: settings)
}
// The directory is not called `credence`: on a case-insensitive file system it would collide with `Credence`.
targets.append(.executableTarget(name: "CredenceTool", dependencies: ["Credence", "ModelLibrary"], swiftSettings: settings))

/// The scripts that made oracle tables stand beside them and are not compiled.
let recipes: [String: [String]] = [
  "Kernels": ["Oracles/generate.py"],
  "Distributions": ["Oracles/log_densities.py", "Oracles/new_families.py"],
  "Inference": ["Oracles/diagnostics.py", "Oracles/implicit.py", "Oracles/loo.py", "Oracles/implicit_beta.py", "Oracles/pareto.py"],
  "ModelLibrary": ["Oracles/densities.py", "Oracles/make_data.py", "Oracles/peers.py"],
]

let testSupport: Target = .target(
  name: "TestSupport", dependencies: ["Kernels", "Differentiation", "Distributions", "Modeling", "Networks", "Inference"],
  path: "Tests/TestSupport", swiftSettings: settings)
targets.append(testSupport)
for layer in layers where layer.name != "Credence" {
  targets.append(
    .testTarget(
      name: layer.name + "Tests",
      dependencies: [.byName(name: layer.name), "TestSupport", "Credence"],
      path: "Tests/\(layer.name)Tests", exclude: recipes[layer.name] ?? [], swiftSettings: settings))
}

let package = Package(
  name: "Credence",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "Credence", targets: ["Credence"]),
    .executable(name: "credence", targets: ["CredenceTool"]),
  ],
  targets: targets,
  swiftLanguageModes: [.v6]
)
