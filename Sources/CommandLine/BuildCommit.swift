import Foundation

/// The commit that was checked out when a program was built.
///
/// Nothing is generated for it at build time: git's journal of a checkout (`logs/HEAD`) has a line with the time for each change of the commit, and the program's file
/// has the time of its linking. So the answer holds after later commits, too. Only a program in the checkout's own build directory has one; a copy elsewhere
/// has the time of the copying, and a package that depends on Credence has a history of its own.
package enum BuildCommit {
  /// The first twelve digits; nil where the program is not in `checkout/.build`, or the checkout keeps no journal.
  package static func find(program: String, checkout: String) -> String? {
    let program = URL(fileURLWithPath: program).resolvingSymlinksInPath().path
    let root = URL(fileURLWithPath: checkout).resolvingSymlinksInPath().path
    guard program.hasPrefix(root + "/.build"),
      let built = (try? FileManager.default.attributesOfItem(atPath: program))?[.modificationDate] as? Date,
      let journal = gitDirectory(of: root).flatMap({ try? String(contentsOfFile: $0 + "/logs/HEAD", encoding: .utf8) })
    else { return nil }
    return commit(at: built.timeIntervalSince1970, journal: journal)
  }

  /// `.git`, or where a worktree's file `.git` says that it is.
  private static func gitDirectory(of root: String) -> String? {
    let path = root + "/.git"
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return path }
    guard text.hasPrefix("gitdir: ") else { return nil }
    let target = text.dropFirst(8).trimmingCharacters(in: .whitespacesAndNewlines)
    return target.hasPrefix("/") ? target : root + "/" + target
  }

  /// The last commit that a journal has up to a time in seconds. A line is `OLD NEW NAME <MAIL> SECONDS ZONE`, a tab and a message.
  private static func commit(at time: Double, journal: String) -> String? {
    var commit: String?
    for line in journal.split(separator: "\n") {
      let words = line.prefix { $0 != "\t" }.split(separator: " ")
      guard words.count >= 4, let seconds = Double(words[words.count - 2]), words[1].count >= 40, words[1].allSatisfy(\.isHexDigit) else {
        return nil
      }
      // A change within the second of the linking may have been before or after it.
      if seconds > time { break }
      commit = String(words[1].prefix(12))
    }
    return commit
  }
}
