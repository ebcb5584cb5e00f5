/// A page of HTML that needs nothing besides itself, in the reader's choice of light and dark. Its policy forbids every request, so that nothing
/// in its body can make one.
struct HTMLPage {
  var title: String
  /// What wrote the page.
  var generator: String
  /// The rules of its one style sheet.
  var style: String
  /// Its one script; nil for a page on which none runs.
  var script: String?
  /// What stands between `<body>` and `</body>`, escaped already.
  var body: String

  /// The whole file.
  var text: String {
    let scripts = script == nil ? "" : "script-src 'unsafe-inline'; "
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; \(scripts)img-src data:">
      <meta name="generator" content="\(SVG.escaped(generator))">
      <title>\(SVG.escaped(title))</title>
      <style>
      \(style)
      </style>
      </head>
      <body>
      \(body)
      \(script.map { "<script>\n\($0)\n</script>\n" } ?? "")</body>
      </html>

      """
  }
}
