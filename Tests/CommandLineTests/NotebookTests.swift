import Foundation
import Reporting
import Testing

/// Notebooks, compiled against the library that lies beside the tests.
@Suite(.serialized) final class NotebookTests: Sendable {
  private let directory: String

  init() throws { directory = try temporaryDirectory() }
  deinit { try? FileManager.default.removeItem(atPath: directory) }

  private var variables: [String: String] { compilerVariables(directory) }

  private var source: String { directory + "/n.swift" }
  private var page: String { directory + "/n.html" }

  private func run(_ text: String, _ arguments: [String] = []) async throws -> Ran {
    try Data(text.utf8).write(to: URL(fileURLWithPath: source))
    return await credence(["notebook", source, "-o", page] + arguments, variables: variables, program: credenceProgram)
  }

  private func content() throws -> String { try String(contentsOfFile: page, encoding: .utf8) }

  private func programs() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: directory + "/.cache/credence").filter { !$0.hasPrefix(".") }
  }

  private static let small = """
    // %% A *small* notebook
    // Prose.
    import Credence

    print("first", 1 < 2)
    // %% What it shows
    struct Coin: Model {
      let tosses: Tensor
      func body(_ p: Program) throws -> (bias: Tensor, odds: Tensor) {
        let bias = p.sample("bias", Beta(2, 2))
        p.plate("tosses", tosses.count) { i in p.observe("toss", Bernoulli(probability: bias), tosses[i]) }
        return (bias, bias / (1 - bias))
      }
    }
    let posterior = try await fit(Coin(tosses: [1, 0, 1]), .laplace(draws: 200), seed: 1)
    show(posterior, only: ["bias"])
    var table = Table("name", "value")
    table.append("bias", posterior.bias.mean)
    show(table)
    show(Plot("Draws", x: "bias").histogram("draws", try posterior.bias.draws.values()).line("two", x: [0, 1], y: [1, 2]))
    print("after the plot")
    """

  @Test func theWholeWay() async throws {
    let first = try await run(Self.small)
    #expect(first.notes == "credence: \(source): running 2 cells.\ncredence: \(page) is written.\n")
    #expect(first.code == 0 && first.output == "")
    let html = try content()
    for part in [
      "<h1>A <em>small</em> notebook</h1>\n<p>Prose.</p>\n<pre class=\"code\" tabindex=\"0\"><code><span class=\"keyword\">import</span>",
      "<pre class=\"output\" tabindex=\"0\">first true</pre>\n</section>\n<section id=\"cell-1\">\n<h2>What it shows</h2>",
      "<th class=\"right\">r_hat</th>", "<tr><td>bias</td><td class=\"right\">0.5", "<pre class=\"output\" tabindex=\"0\">verdict: ",
      "aria-label=\"Draws\"", "<pre class=\"output\" tabindex=\"0\">after the plot</pre>\n</section>\n</main>",
    ] { #expect(html.contains(part), "\(part)") }
    #expect(!html.contains("\u{1E}"))
    #expect(try programs().count == 1)

    // Nothing has changed: the same bytes, and nothing is compiled, for there is no program any more that could run.
    for name in try programs() { try FileManager.default.removeItem(atPath: directory + "/.cache/credence/" + name) }
    let second = try await run(Self.small)
    #expect(second.notes == "credence: \(source): nothing has changed since the last run.\ncredence: \(page) is written.\n")
    #expect(try content() == html)
    // Other prose is a page without a run; so is Markdown.
    _ = try await run(Self.small.replacing("Prose.", with: "Other prose."), ["--quiet"])
    #expect(try content() == html.replacing("Prose.", with: "Other prose."))
    let markdown = await credence(["notebook", source, "-o", directory + "/n.md"], variables: variables, program: credenceProgram)
    #expect(markdown.code == 0)
    let text = try String(contentsOfFile: directory + "/n.md", encoding: .utf8)
    #expect(text.hasPrefix("# A *small* notebook\n\nOther prose.\n\n```swift\nimport Credence\n"))
    #expect(text.contains("![Draws](data:image/svg+xml;base64,"))
    #expect(try programs() == [])
    // No working directory is left behind.
    let left = try FileManager.default.contentsOfDirectory(atPath: directory + "/.cache/credence").filter { $0.hasSuffix(".part") }
    #expect(left == [])
  }

  @Test func anErrorLeavesThePage() async throws {
    let text = """
      // %% One
      import Credence
      struct Wrong: Error, CustomStringConvertible { var description: String { "this is <wrong>" } }
      print("before")
      // %% Two
      print("and here")
      if CommandLine.arguments.count == 1 { throw Wrong() }
      // %% Three
      print("never")
      """
    let ran = try await run(text)
    #expect(ran.code == 2)
    #expect(ran.notes.contains("credence: \(source): an error was thrown in the cell \"Two\" (line 6): this is <wrong>\n"))
    let html = try content()
    #expect(html.contains(">before</pre>"))
    #expect(html.contains(">and here</pre>\n<pre class=\"failure\" role=\"alert\">Error: this is &lt;wrong&gt;</pre>"))
    #expect(!html.contains("<pre class=\"output\" tabindex=\"0\">never"))
    // What failed is not kept.
    #expect(try await run(text).notes.contains("running 3 cells"))
  }

  @Test func aCrashLeavesThePage() async throws {
    let ran = try await run(
      "// %%\nimport Credence\nprint(\"before\")\nlet list = [1]\nlet index = CommandLine.arguments.count + 4\nprint(list[index])\n")
    #expect(ran.code == 1)
    #expect(ran.notes.contains("credence: \(source): the program crashed in the cell (line 2): "))
    #expect(ran.notes.contains("Index out of range"))
    let html = try content()
    #expect(html.contains(">before</pre>\n<pre class=\"failure\" role=\"alert\">") && html.contains("Index out of range"))
  }

  @Test func anInterruptionEndsItAndLeavesThePage() async throws {
    let text = "// %% Long\nimport Credence\nimport Foundation\nprint(\"begun\")\nThread.sleep(forTimeInterval: 600)\n"
    let task = Task { try await self.run(text) }
    // The program is under way when what it printed stands in its file.
    let cache = directory + "/.cache/credence/"
    while !task.isCancelled {
      let names = (try? FileManager.default.contentsOfDirectory(atPath: cache)) ?? []
      let written = names.compactMap { try? String(contentsOfFile: cache + $0 + "/output", encoding: .utf8) }
      if written.contains(where: { $0.contains("begun") }) { task.cancel() }
      try await Task.sleep(for: .milliseconds(20))
    }
    let ran = try await task.value
    #expect(ran.code == 130)
    #expect(ran.notes.contains("interrupted in the cell \"Long\" (line 2)."))
    #expect(try content().contains(">begun</pre>\n<pre class=\"failure\" role=\"alert\">Interrupted.</pre>"))
  }

  @Test func mistakesHaveTheUsersLineNumbers() async throws {
    let ran = try await run("// %% One\nimport Credence\n// %% Two\n// prose\nlet x: Int = \"a\"\n")
    #expect(ran.code == 2)
    #expect(ran.notes.contains("\(source):5:14: error: cannot convert value of type 'String' to specified type 'Int'"))
    #expect(ran.notes.hasSuffix("credence: \(source) does not compile: 1 error, shown above.\n"))
    #expect(!FileManager.default.fileExists(atPath: page))
  }

  @Test func whatIsNoNotebookIsASentence() async throws {
    func notes(_ text: String) async throws -> String {
      let ran = try await run(text)
      #expect(ran.code == 2)
      return ran.notes
    }
    #expect(
      try await notes("// %% Only prose\n")
        == "credence: \(source) has no code: a notebook is a Swift script in cells that begin with // %%.\n")
    #expect(
      try await notes("// %%\nprint(1)\n") == "credence: \(source) does not import the library: write import Credence in its first cell.\n")
    #expect(
      try await notes("import Credence\nfunc f() {\n// %%\n}\n")
        == "credence: \(source), line 3: a cell begins inside of brackets that are still open; a cell begins between statements.\n")
    #expect(await credence(["notebook"]).notes == "credence: notebook: which script? Give a Swift file with cells that begin with // %%.\n")
    #expect(
      await credence(["notebook", "a.swift", "b.swift"]).notes
        == "credence: notebook: expected one script, found 2: \"a.swift\" \"b.swift\".\n")
    #expect(
      await credence(["notebook", "a.swift", "-o", "a.pdf"]).notes
        == "credence: notebook: --output expects a file ending in .html or .md, not \"a.pdf\".\n")
    #expect(await credence(["notebook", "none.swift"]).notes.hasPrefix("credence: there is no file none.swift"))
  }
}
