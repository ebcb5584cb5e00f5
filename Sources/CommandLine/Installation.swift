import Foundation
import Reporting

/// The built library against which model files are compiled: SwiftPM's build directory, in which the running program lies.
struct Installation {
  /// `…/.build/<triple>/release`.
  let directory: URL
  /// The objects of the library's layers, without those of the tool and of the built-in models.
  let objects: [String]
  /// The flags for the processor that the library was built with; a model file must have the same, for vectors are passed in registers by them.
  let processorFlags: [String]

  var modules: URL { directory.appendingPathComponent("Modules") }

  /// Finds it from the path of the running program. Throws `UserError` when the library is not there.
  init(programPath: String) throws {
    var directory = URL(fileURLWithPath: programPath).resolvingSymlinksInPath().deletingLastPathComponent()
    // A test bundle's runner and the programs of the cache lie elsewhere; CREDENCE_BUILD does not: only the directory of the program counts.
    if !FileManager.default.fileExists(atPath: directory.appendingPathComponent("Modules/Credence.swiftmodule").path) {
      directory = directory.deletingLastPathComponent()
    }
    guard FileManager.default.fileExists(atPath: directory.appendingPathComponent("Modules/Credence.swiftmodule").path) else {
      throw UserError(
        "a model file needs the built library beside the program, and there is none beside \(programPath): run credence from the directory where swift build put it (.build/release/credence)."
      )
    }
    self.directory = directory
    objects = try Self.objects(in: directory)
    processorFlags = Self.processorFlags(of: directory)
  }

  private static let tool = ["CredenceTool.build", "ModelLibrary.build", "TestSupport.build"]

  /// The list of the linker names exactly the objects of the present build; a directory may still hold those of files that are gone.
  private static func objects(in directory: URL) throws -> [String] {
    let list = directory.appendingPathComponent("credence.product/Objects.LinkFileList")
    guard let text = try? String(contentsOf: list, encoding: .utf8) else {
      throw UserError("\(list.path) is missing: build the whole package once more (swift build -c release).")
    }
    let objects = text.split(separator: "\n").map {
      $0.trimmingCharacters(in: CharacterSet(charactersIn: "'\" ")).replacing("\\ ", with: " ")
    }
    let linked = objects.filter { path in path.hasSuffix(".o") && !tool.contains { path.contains("/\($0)/") } }
    // The list is as old as the last linking of the tool; what each module is made of now, SwiftPM writes into its `sources`.
    var modules: [String] = []
    for path in linked {
      let module = URL(fileURLWithPath: path).deletingLastPathComponent().path
      if !modules.contains(module) { modules.append(module) }
    }
    return modules.flatMap { module -> [String] in
      let sources = (try? String(contentsOfFile: module + "/sources", encoding: .utf8))?.split(separator: "\n").map(String.init) ?? []
      let present = sources.map { "\(module)/\(URL(fileURLWithPath: $0).lastPathComponent).o" }.filter {
        FileManager.default.fileExists(atPath: $0)
      }
      return sources.isEmpty || present.count < sources.count ? linked.filter { $0.hasPrefix(module + "/") } : present
    }
  }

  /// `-Xcc -march=native`, read from SwiftPM's own list of commands (`.build/release.yaml`); none where the build has none.
  private static func processorFlags(of directory: URL) -> [String] {
    let manifest = directory.deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent(
      directory.lastPathComponent + ".yaml")
    guard let text = try? String(contentsOf: manifest, encoding: .utf8), let range = text.range(of: "-march=") else { return [] }
    return ["-Xcc", "-march=" + text[range.upperBound...].prefix { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" || $0 == "." }]
  }

  /// Names this build: paths, sizes and times of everything a model file is compiled and linked with.
  func identity() -> String {
    let modules =
      (try? FileManager.default.contentsOfDirectory(atPath: modules.path))?.filter { $0.hasSuffix(".swiftmodule") }.sorted() ?? []
    let files = modules.map { self.modules.appendingPathComponent($0).path } + objects
    return files.map { path in
      var information = stat()
      guard stat(path, &information) == 0 else { return path }
      #if os(Linux)
        let time = information.st_mtim
      #else
        let time = information.st_mtimespec
      #endif
      return "\(path) \(information.st_size) \(time.tv_sec).\(time.tv_nsec)"
    }.joined(separator: "\n")
  }
}
