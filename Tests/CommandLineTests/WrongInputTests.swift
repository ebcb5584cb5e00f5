import CommandLine
import Foundation
import Testing

/// Every wrong input gets exit code 2, its exact text, and nothing on standard output or on disk.
@Suite struct WrongInputTests {
  static let directory: String = {
    let directory = (try? temporaryDirectory()) ?? ""
    for (name, text) in wrongFiles { try? Data(text.utf8).write(to: URL(fileURLWithPath: directory + "/" + name)) }
    return directory
  }()

  @Test(arguments: wrongInputs) func message(_ wrong: WrongInput) async throws {
    let directory = Self.directory
    #expect(FileManager.default.fileExists(atPath: directory + "/good.json"))
    let arguments = wrong.arguments.split(separator: " ").map { String($0).replacing("{dir}", with: directory) }
    let ran = await credence(arguments)
    #expect(ran.notes == wrong.message.replacing("{dir}", with: directory) + "\n")
    #expect(ran.code == 2)
    #expect(ran.output == "")
    let there = try FileManager.default.contentsOfDirectory(atPath: directory)
    #expect(Set(there).subtracting(wrongFiles.keys) == [])
  }

  @Test func theTableIsLongEnough() { #expect(wrongInputs.count >= 40) }

  @Test func notUTF8() async throws {
    let directory = try temporaryDirectory()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try Data([0x7B, 0x22, 0x61, 0xFF, 0x22, 0x3A, 0x31, 0x7D]).write(to: URL(fileURLWithPath: directory + "/bad.json"))
    let ran = await credence(["infer", "line", "--data", directory + "/bad.json"])
    #expect(ran.notes == "credence: \(directory)/bad.json, line 1, column 4: the file is not valid UTF-8 text.\n")
    #expect(ran.code == 2)
  }

  @Test func notReadable() async throws {
    // Root may read everything, so there is nothing to see for it.
    guard geteuid() != 0 else { return }
    let directory = try temporaryDirectory()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let path = directory + "/secret.json"
    try Data("{}".utf8).write(to: URL(fileURLWithPath: path))
    try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: path)
    let ran = await credence(["infer", "line", "--data", path])
    #expect(ran.notes == "credence: \(path) cannot be read: permission denied.\n")
    #expect(ran.code == 2)
  }

  @Test func defectsAreOurs() async {
    let ran = await credence(["bench", "coin-flips"])
    #expect(ran.code == 1)
    #expect(
      ran.notes
        == "credence: the plan has no instructions. This is a defect of Credence: please report it with the command line and the data.\n")
  }
}
