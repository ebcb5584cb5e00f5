import Foundation
import Reporting
import Testing

/// Cells, Markdown, words of Swift, and the page: all that is text.
@Suite struct NotebookTextTests {
  private func cells(_ text: String) throws -> [NotebookSource.Cell] { try NotebookSource(text).cells }

  // MARK: - Cells

  @Test func aCellHasATitleProseAndCode() throws {
    let text = """
      import Credence
      // %% First
      // Some *words*.
      //
      //     indented

      // More.
      let x = 1  // a comment of the code

      // not prose any more
      let y = 2

      // %%
      /// The documentation of f belongs to the code.
      func f() {}
      // %% Last
      // Only words.
      """
    #expect(
      try cells(text) == [
        .init(title: nil, prose: "", code: "import Credence", line: 1),
        .init(
          title: "First", prose: "Some *words*.\n\n    indented\n\nMore.",
          code: "let x = 1  // a comment of the code\n\n// not prose any more\nlet y = 2", line: 8),
        .init(title: nil, prose: "", code: "/// The documentation of f belongs to the code.\nfunc f() {}", line: 14),
        .init(title: "Last", prose: "Only words.", code: "", line: 16),
      ])
  }

  @Test func marksInStringsAndCommentsAreNone() throws {
    let text =
      "// %% A\nlet s = \"\"\"\n// %% no\n\\(f(\"\"\"\n)\n// %% no\n\"\"\"))\n\"\"\"\n/* /* */\n// %% no\n*/\nlet r = #\"\"\"\n\"\"\"\n// %% no\n\"\"\"#\n// %% B\n// %%C is no mark\nf()\n"
    #expect(try cells(text).map(\.title) == ["A", "B"])
    #expect(try cells("// %% [markdown] Words\r\n// one\r\n// two\r\n") == [.init(title: "Words", prose: "one\ntwo", code: "", line: 1)])
    #expect(try cells("#!/usr/bin/env credence\n// %%\nf()\n").count == 1)
    #expect(try cells("") == [])
  }

  @Test func aCellInsideOfBracketsIsAMistake() throws {
    #expect(
      throws: NotebookError("line 3: a cell begins inside of brackets that are still open; a cell begins between statements.")
    ) { try NotebookSource("// %%\nfunc f() {\n// %%\n}\n") }
  }

  @Test func theProgramKeepsTheUsersLines() throws {
    let source = try NotebookSource("import Credence\n// %% A\nf()\n// %%\ng()\n")
    #expect(
      source.program(path: "a \"b\"\\c.swift")
        == "NotebookCell.begin(0)\n#sourceLocation(file: \"a \\\"b\\\"\\\\c.swift\", line: 1)\nimport Credence\nNotebookCell.begin(1)\nf()\nNotebookCell.begin(2)\ng()\n\n"
    )
    #expect(
      try NotebookSource("// %%\nf()").program(path: "x").hasPrefix("#sourceLocation(file: \"x\", line: 1)\nNotebookCell.begin(0)\nf()"))
    #expect(try NotebookSource("// %%\n  import Credence").importsCredence)
    #expect(try !NotebookSource("// %%\n// import Credence\nf()").importsCredence)
  }

  @Test func keysFollowTheCode() throws {
    func keys(_ text: String, base: String = "") throws -> [String] { try NotebookSource(text).keys(base: base) }
    let first = try keys("// %% A\nlet a = 1\n// %% B\nprint(a)\n")
    #expect(try keys("// %% Another title\n// and prose\n\nlet a = 1\n\n// %% B\n// prose\nprint(a)\n") == first)
    let later = try keys("// %% A\nlet a = 1\n// %% B\nprint(a + 1)\n")
    #expect(later[0] == first[0] && later[1] != first[1])
    let earlier = try keys("// %% A\nlet a = 2\n// %% B\nprint(a)\n")
    #expect(earlier[0] != first[0] && earlier[1] != first[1])
    #expect(try keys("// %% A\nlet a = 1\n// %% B\nprint(a)\n", base: "another library")[0] != first[0])
    // What is declared later may be used earlier.
    let one = try keys("// %%\nprint(f())\n// %%\nfunc f() -> Int { 1 }\n")
    let two = try keys("// %%\nprint(f())\n// %%\nfunc f() -> Int { 2 }\n")
    #expect(one[0] != two[0])
  }

  // MARK: - Markdown

  @Test(arguments: [
    ("a < b & \"c\" <script>alert(1)</script>", "<p>a &lt; b &amp; &quot;c&quot; &lt;script&gt;alert(1)&lt;/script&gt;</p>\n"),
    ("## A *b* `c<d>`", "<h2>A <em>b</em> <code>c&lt;d&gt;</code></h2>\n"),
    ("one\ntwo\n\nthree", "<p>one\ntwo</p>\n<p>three</p>\n"),
    ("**bold _and_ more** snake_case_name 2 * 3 * 4", "<p><strong>bold <em>and</em> more</strong> snake_case_name 2 * 3 * 4</p>\n"),
    ("***", "<hr>\n"), ("\\*no\\* **open and *so on", "<p>*no* **open and *so on</p>\n"),
    ("``a ` b`` `open", "<p><code>a ` b</code> `open</p>\n"),
    ("[a *b*](https://c.d/e?f=g&h)", "<p><a href=\"https://c.d/e?f=g&amp;h\">a <em>b</em></a></p>\n"),
    (
      "[x](javascript:alert(1)) [y](JaVaScRiPt:z) [z](data:text/html,x)",
      "<p>[x](javascript:alert(1)) [y](JaVaScRiPt:z) [z](data:text/html,x)</p>\n"
    ),
    ("[up](#cell-1) [quote](a\"b)", "<p><a href=\"#cell-1\">up</a> <a href=\"a&quot;b\">quote</a></p>\n"),
    ("![p](https://a.b/c.png)", "<p>!<a href=\"https://a.b/c.png\">p</a></p>\n"),
    ("![p](data:image/png;base64,AAAA)", "<p><img src=\"data:image/png;base64,AAAA\" alt=\"p\"></p>\n"),
    ("- a\n- b\n  - c\n- d", "<ul>\n<li>a</li>\n<li>b<ul>\n<li>c</li>\n</ul></li>\n<li>d</li>\n</ul>\n"),
    ("3. a\n   more\n4. b", "<ol start=\"3\">\n<li>a\nmore</li>\n<li>b</li>\n</ol>\n"),
    ("- a\n\n  b\n- c", "<ul>\n<li><p>a</p>\n<p>b</p></li>\n<li><p>c</p></li>\n</ul>\n"),
    ("In 1975. it\nwas -5 there", "<p>In 1975. it\nwas -5 there</p>\n"),
    ("> a\n> b\n\nc", "<blockquote>\n<p>a\nb</p>\n</blockquote>\n<p>c</p>\n"),
    ("```text\n<a> *b*\n```\nc", "<pre class=\"code\"><code>&lt;a&gt; *b*</code></pre>\n<p>c</p>\n"),
    (
      "| a | b |\n|---|--:|\n| `x|y` | \\| <i> |\n| 1 |",
      "<div class=\"scroll\"><table>\n<thead>\n<tr><th>a</th><th class=\"right\">b</th></tr>\n</thead>\n<tbody>\n<tr><td><code>x|y</code></td><td class=\"right\">| &lt;i&gt;</td></tr>\n<tr><td>1</td><td class=\"right\"></td></tr>\n</tbody>\n</table></div>\n"
    ),
  ])
  func markdown(_ text: String, _ html: String) { #expect(Markdown.html(text) == html) }

  @Test func headingsAreMovedDown() { #expect(Markdown.html("# A\n##### B", level: 2) == "<h3>A</h3>\n<h6>B</h6>\n") }

  /// Marks that nothing closes are tried again and again; whatever the text, it ends and is escaped.
  @Test func anyTextEndsAndIsEscaped() {
    let alphabet = Array("*_`[](){}<>&\"'\\|-#>1. \nab!:")
    for text in [String(repeating: "*a ", count: 3000), String(repeating: "[", count: 3000), String(repeating: "**a *b _c ", count: 900)] {
      #expect(Markdown.html(text).hasPrefix("<p>"))
    }
    var state: UInt64 = 7
    for _ in 0..<3000 {
      var text = ""
      for _ in 0..<40 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        text.append(alphabet[Int(state >> 33) % alphabet.count])
      }
      let html = Markdown.html(text)
      // Every element is one of ours, whatever the text says.
      for part in html.split(separator: "<", omittingEmptySubsequences: false).dropFirst() {
        let name = part.drop { $0 == "/" }.prefix { $0.isLetter || $0.isNumber }
        #expect(
          [
            "p", "h1", "h2", "h3", "h4", "h5", "h6", "em", "strong", "code", "pre", "a", "ul", "ol", "li", "hr", "blockquote", "div",
            "table", "thead", "tbody", "tr", "th", "td", "span",
          ].contains(String(name)), "\(text)")
      }
    }
  }

  // MARK: - Swift

  @Test func wordsOfSwift() {
    #expect(
      SwiftHighlight.html("let x = \"a\\(b(\"c\"))<\" + Foo.init(1e-5) // <d>\n")
        == "<span class=\"keyword\">let</span> x = <span class=\"string\">&quot;a\\(b(&quot;c&quot;))&lt;&quot;</span> + <span class=\"type\">Foo</span>.init(<span class=\"number\">1e-5</span>) <span class=\"comment\">// &lt;d&gt;</span>\n"
    )
    // Tokens cover the text without gaps, also where nothing is closed.
    for text in ["\"open\nlet", "/* /* open", "\"\"\"\nopen \\(a(\"", "#\"a\" b\"#c", "é = 0x1F…", "\"\\", "@main #if"] {
      var place = 0
      for token in SwiftTokens.scan(text) {
        #expect(token.range.lowerBound == place && !token.range.isEmpty)
        place = token.range.upperBound
      }
      #expect(place == text.utf8.count)
    }
  }

  // MARK: - The page

  private static let outputs: [[NotebookOutput]] = [
    [
      .text("a < b\n"), .table(columns: ["n", "<v>"], isNumber: [false, true], rows: [["a|b", "1"]]),
      .svg("<?xml version=\"1.0\"?><svg><text>x</text></svg>", title: "A [plot]"), .svg("no picture", title: "t"), .failure("Error: <x>"),
    ]
  ]

  @Test func thePageIsEscapedAndAsksForNothing() throws {
    let source = try NotebookSource("// %% A <b>\n// Words & more.\nlet x = \"</code>\"\n")
    let html = NotebookPage(source, outputs: Self.outputs, name: "n.swift").html
    for part in [
      "<title>A &lt;b&gt;</title>", "<h1>A &lt;b&gt;</h1>", "<p>Words &amp; more.</p>",
      "<span class=\"string\">&quot;&lt;/code&gt;&quot;</span>",
      "<pre class=\"output\" tabindex=\"0\">a &lt; b</pre>", "<th class=\"right\">&lt;v&gt;</th>",
      "<figure>\n<svg><text>x</text></svg>\n</figure>",
      "t: what was to be shown is no &lt;svg&gt; element.", "<pre class=\"failure\" role=\"alert\">Error: &lt;x&gt;</pre>",
      "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\"", "prefers-color-scheme:dark",
    ] { #expect(html.contains(part), "\(part)") }
    #expect(!html.contains("<script") && !html.contains("http:") && !html.contains("https:") && !html.contains("<?xml"))
  }

  @Test func thePageInMarkdown() throws {
    let source = try NotebookSource("// %% A\n// Words.\nlet x = \"```\"\n")
    let picture = Data("<?xml version=\"1.0\"?><svg><text>x</text></svg>".utf8).base64EncodedString()
    #expect(
      NotebookPage(source, outputs: [Array(Self.outputs[0].prefix(3))], name: "n.swift").markdown
        == "# A\n\nWords.\n\n````swift\nlet x = \"```\"\n````\n\n```text\na < b\n```\n\n| n | \\<v\\> |\n| --- | ---: |\n| a\\|b | 1 |\n\n![A \\[plot\\]](data:image/svg+xml;base64,\(picture))\n"
    )
  }

  @Test func theStreamIsTakenApart() {
    let token = "T"
    let json = "{\"svg\":{\"_0\":\"<svg></svg>\",\"title\":\"p\"}}"
    let text =
      "before\u{1E}T cell 0\none\n\u{1E}T show \(json.utf8.count)\n\(json)\ntwo\u{1E}T cell 2\nthree \u{1E}X cell 0\n\u{1E}T show 100\n{\"text"
    let read = NotebookStream.read(Data(text.utf8), token: token, cells: 3)
    #expect(
      read.outputs == [
        [.text("before"), .text("one\n"), .svg("<svg></svg>", title: "p"), .text("two")], [], [.text("three \u{1E}X cell 0\n")],
      ])
    #expect(read.last == 2)
    let long = NotebookStream.read(Data(repeating: 0x61, count: NotebookOutput.textLimit + 5), token: token, cells: 1).outputs[0]
    #expect(long == [.text(String(repeating: "a", count: NotebookOutput.textLimit) + "\n… and 5 bytes more.\n")])
  }
}
