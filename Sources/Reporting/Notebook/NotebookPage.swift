import Foundation

/// A notebook with the outputs of its cells, as one page that needs nothing besides itself.
package struct NotebookPage: Sendable {
  package var source: NotebookSource
  /// Of each cell.
  package var outputs: [[NotebookOutput]]
  /// The name of the file, for the title where no cell has one.
  package var name: String

  package init(_ source: NotebookSource, outputs: [[NotebookOutput]], name: String) {
    self.source = source
    self.outputs = outputs
    self.name = name
  }

  private var title: String { source.title ?? name }
  private var titleCell: Int? { source.cells.firstIndex { $0.title != nil } }

  // MARK: - HTML

  /// A page without scripts. Its policy forbids every request, so that nothing in an output can make one.
  package var html: String {
    var body = ""
    for (index, cell) in source.cells.enumerated() {
      body += "<section id=\"cell-\(index)\">\n"
      if let title = cell.title {
        let level = index == titleCell ? 1 : 2
        body += "<h\(level)>\(MarkdownLine.html(title))</h\(level)>\n"
      }
      body += Markdown.html(cell.prose, level: 2)
      if !cell.code.isEmpty {
        body += "<pre class=\"code\" tabindex=\"0\"><code>\(SwiftHighlight.html(cell.code))</code></pre>\n"
      }
      if outputs.indices.contains(index) { body += outputs[index].map(Self.html).joined() }
      body += "</section>\n"
    }
    return HTMLPage(title: title, generator: "credence notebook", style: NotebookStyle.sheet, body: "<main>\n\(body)</main>").text
  }

  private static func html(_ output: NotebookOutput) -> String {
    switch output {
    case .text(let text):
      let shown = text.hasSuffix("\n") ? String(text.dropLast()) : text
      return "<pre class=\"output\" tabindex=\"0\">\(MarkupText.escaped(shown))</pre>\n"
    case .table(let columns, let isNumber, let rows):
      func row(_ cells: [String], _ tag: String) -> String {
        let parts = cells.enumerated().map { column, text in
          "<\(tag)\(isNumber.indices.contains(column) && isNumber[column] ? " class=\"right\"" : "")>\(MarkupText.escaped(text))</\(tag)>"
        }
        return "<tr>\(parts.joined())</tr>\n"
      }
      return
        "<div class=\"scroll\" tabindex=\"0\"><table class=\"output\">\n<thead>\n\(row(columns, "th"))</thead>\n<tbody>\n\(rows.map { row($0, "td") }.joined())</tbody>\n</table></div>\n"
    case .svg(let svg, let title):
      guard let element = element(svg) else {
        return html(.failure("\(title): what was to be shown is no <svg> element."))
      }
      return "<figure>\n\(element)\n</figure>\n"
    case .failure(let text): return "<pre class=\"failure\" role=\"alert\">\(MarkupText.escaped(text))</pre>\n"
    }
  }

  /// The element without a declaration before it; nil where there is none.
  private static func element(_ svg: String) -> String? {
    guard let start = svg.range(of: "<svg"), let end = svg.range(of: "</svg>", options: .backwards), start.lowerBound < end.lowerBound
    else { return nil }
    return String(svg[start.lowerBound..<end.upperBound])
  }

  // MARK: - Markdown

  /// The same in Markdown. Pictures are in the text too, as data addresses, which some readers do not show.
  package var markdown: String {
    var parts: [String] = []
    for (index, cell) in source.cells.enumerated() {
      if let title = cell.title { parts.append((index == titleCell ? "# " : "## ") + title) }
      if !cell.prose.isEmpty { parts.append(cell.prose) }
      if !cell.code.isEmpty { parts.append(Self.fenced(cell.code, "swift")) }
      if outputs.indices.contains(index) { parts += outputs[index].map(Self.markdown) }
    }
    return parts.joined(separator: "\n\n") + "\n"
  }

  private static func markdown(_ output: NotebookOutput) -> String {
    switch output {
    case .text(let text): return fenced(text.hasSuffix("\n") ? String(text.dropLast()) : text, "text")
    case .table(let columns, let isNumber, let rows):
      func row(_ cells: [String]) -> String {
        "| " + cells.map { escapedCell($0) }.joined(separator: " | ") + " |"
      }
      let rule = "|" + columns.indices.map { isNumber.indices.contains($0) && isNumber[$0] ? " ---: |" : " --- |" }.joined()
      return ([row(columns), rule] + rows.map(row)).joined(separator: "\n")
    case .svg(let svg, let title):
      let words = title.replacing("\\", with: "\\\\").replacing("[", with: "\\[").replacing("]", with: "\\]").replacing("\n", with: " ")
      return "![\(words)](data:image/svg+xml;base64,\(Data(svg.utf8).base64EncodedString()))"
    case .failure(let text): return fenced(text, "text")
    }
  }

  private static func escapedCell(_ text: String) -> String {
    var words = ""
    for letter in text {
      if "\\|*_`[]<>".contains(letter) { words.append("\\") }
      words.append(letter == "\n" ? " " : letter)
    }
    return words
  }

  /// With more ticks than stand together anywhere in the text.
  private static func fenced(_ text: String, _ language: String) -> String {
    var longest = 0
    var run = 0
    for letter in text {
      run = letter == "`" ? run + 1 : 0
      longest = max(longest, run)
    }
    let fence = String(repeating: "`", count: max(3, longest + 1))
    return "\(fence)\(language)\n\(text)\n\(fence)"
  }
}

/// The looks of a notebook's page; the reader's own choice decides between light and dark.
enum NotebookStyle {
  static let sheet = """
    :root{color-scheme:light dark;--page:#fff;--ink:#1d1f22;--soft:#5c636b;--line:#dfe2e6;--code:#f5f6f8;--link:#00598c;--bad:#a32a00;--bad-page:#fdf0ea;\
    --keyword:#8b2f86;--string:#9c3a0c;--number:#0a5f96;--type:#1f6350;--comment:#626a72}
    @media(prefers-color-scheme:dark){:root{--page:#15171a;--ink:#e4e6e9;--soft:#a2a9b1;--line:#31363d;--code:#1d2025;--link:#6cc0f2;--bad:#ff9a6b;\
    --bad-page:#2b1c15;--keyword:#d99bd6;--string:#f0a274;--number:#7cc4f0;--type:#6cd0b0;--comment:#979fa8}}
    *{box-sizing:border-box}
    html{-webkit-text-size-adjust:100%}
    body{margin:0;background:var(--page);color:var(--ink);font:16px/1.6 system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif}
    main{max-width:50rem;margin:0 auto;padding:2rem 1.25rem 4rem}
    h1{font-size:1.9rem;line-height:1.25;margin:.5rem 0 1rem}
    h2{font-size:1.35rem;line-height:1.3;margin:2.4rem 0 .6rem}
    h3,h4,h5,h6{margin:1.6rem 0 .4rem}
    p,ul,ol,blockquote{margin:.7rem 0}
    a{color:var(--link)}
    hr{border:0;border-top:1px solid var(--line);margin:2rem 0}
    blockquote{padding-left:1rem;border-left:3px solid var(--line);color:var(--soft)}
    code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;font-size:.86em}
    p code,li code,td code,h1 code,h2 code{background:var(--code);padding:.1em .3em;border-radius:3px}
    pre{margin:.8rem 0;padding:.75rem 1rem;overflow-x:auto;line-height:1.5;border-radius:6px}
    pre code{font-size:1em}
    pre.code{background:var(--code);border:1px solid var(--line)}
    pre.output{white-space:pre-wrap;overflow-wrap:anywhere;padding:.1rem 1rem;border-left:3px solid var(--line);border-radius:0}
    pre.failure{background:var(--bad-page);color:var(--bad);border:1px solid;white-space:pre-wrap;overflow-wrap:anywhere}
    .keyword{color:var(--keyword)}.string{color:var(--string)}.number{color:var(--number)}.type{color:var(--type)}.comment{color:var(--comment)}
    .scroll{overflow-x:auto;margin:.8rem 0}
    table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.92rem}
    th,td{padding:.25rem .8rem .25rem 0;text-align:left;border-bottom:1px solid var(--line);vertical-align:top}
    th{border-bottom-width:2px;font-weight:600}
    .right{text-align:right}.center{text-align:center}
    figure{margin:1rem 0}
    figure svg,img{display:block;max-width:100%;height:auto}
    @media print{pre{white-space:pre-wrap}section{break-inside:auto}figure,table{break-inside:avoid}}
    """
}
