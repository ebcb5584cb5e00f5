/// Colours, dashes and text of all figures, as one style sheet for classes inside of `.plot`.
///
/// Eight colours that people with any kind of colour vision tell apart (Okabe and Ito 2008), in a darker shade on white and a lighter one on
/// black, each with a dash pattern of its own. The page's own colour scheme decides. No custom properties: converters to PDF and PNG do not know them.
package enum PlotStyle {
  private static let colours: [(light: String, dark: String, dash: String)] = [
    ("#0072b2", "#4fb0e8", "none"), ("#d55e00", "#ff8a3c", "8 3"), ("#00805e", "#2fc795", "2 2.5"), ("#b0528a", "#e59cc6", "11 3 2 3"),
    ("#b37700", "#f0b429", "5 5"), ("#3b3b3b", "#d0d0d0", "14 4"), ("#2f7fb8", "#8fd0f5", "3 5"), ("#8a7d00", "#f0e442", "9 2 2 2 2 2"),
  ]

  /// The class of the k-th series.
  static func series(_ k: Int) -> String { "c\(k % colours.count)" }

  /// The rules, without the element around them.
  package static let sheet: String = {
    var light = [
      "text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif;font-size:13px;fill:#222}",
      ".title{font-size:16px;font-weight:600}", ".panel-title{font-weight:600}", ".note{font-size:12px;fill:#555}",
      ".tick{font-size:12px;fill:#444}", ".axis-name{font-size:12px;fill:#333}", ".page{fill:#fff}", ".grid{stroke:#e6e6e6;stroke-width:1}",
      ".axis{stroke:#666;stroke-width:1}", ".leader{stroke:#999;stroke-width:.75;fill:none}",
      ".curve{fill:none;stroke-width:2;stroke-linejoin:round}",
    ]
    var dark = [
      "text{fill:#e6e6e6}", ".note{fill:#a9b0b8}", ".tick{fill:#b9bfc6}", ".axis-name{fill:#cdd2d8}", ".page{fill:#15171a}",
      ".grid{stroke:#2c3036}", ".axis{stroke:#8a9097}", ".leader{stroke:#7a8087}",
    ]
    for (index, colour) in colours.enumerated() {
      light.append(".c\(index){stroke:\(colour.light);stroke-dasharray:\(colour.dash)}")
      dark.append(".c\(index){stroke:\(colour.dark)}")
      light.append(".area.c\(index){fill:\(colour.light)}")
      dark.append(".area.c\(index){fill:\(colour.dark)}")
    }
    // After the series, whose dashes they override.
    light += [
      ".ink{stroke:#222;stroke-dasharray:none}", ".area.ink{fill:#222}",
      ".thin{fill:none;stroke-width:.8;stroke-dasharray:none;stroke-linejoin:round}",
      ".faint{fill:none;stroke-width:.8;stroke-dasharray:none;stroke-opacity:.35}", ".bar{fill:none;stroke-width:2;stroke-dasharray:none}",
      ".thick{fill:none;stroke-width:6;stroke-dasharray:none}",
      ".dots{fill:none;stroke-width:5;stroke-linecap:round;stroke-dasharray:none}",
      ".cloud{fill:none;stroke-width:3.4;stroke-linecap:round;stroke-dasharray:none;stroke-opacity:.45}",
      ".area{stroke:none;fill-opacity:.22}", ".band{fill:#777;fill-opacity:.2;stroke:none}",
      ".rule{stroke:#555;stroke-width:1;stroke-dasharray:4 3;fill:none}",
      ".divergent{stroke:#c03a00;stroke-width:1.8;fill:none;stroke-dasharray:none}",
      ".node{fill:#fff;stroke:#333;stroke-width:1.4}", ".node.observed{fill:#d4d8dd}", ".node.data{fill:#f2f3f5;stroke:#8a8f96}",
      ".node.output{stroke-dasharray:4 2.5}", ".plate{fill:none;stroke:#0072b2;stroke-width:1.2}",
      ".edge{fill:none;stroke:#555;stroke-width:1.2}", ".arrow{fill:#555;stroke:none}", ".plate-name{font-size:12px;fill:#005f96}",
      ".node-name{font-weight:600}", ".node-law{font-size:11.5px;fill:#444}",
    ]
    dark += [
      ".ink{stroke:#e6e6e6}", ".area.ink{fill:#e6e6e6}", ".band{fill:#aaa;fill-opacity:.22}", ".rule{stroke:#a9b0b8}",
      ".divergent{stroke:#ff7b3a}",
      ".node{fill:#1d2025;stroke:#c9ced4}", ".node.observed{fill:#4a5058}", ".node.data{fill:#22262c;stroke:#7d848c}",
      ".plate{stroke:#4fb0e8}", ".edge{stroke:#a9b0b8}", ".arrow{fill:#a9b0b8}", ".plate-name{fill:#7cc4f0}", ".node-law{fill:#b9bfc6}",
    ]
    func scoped(_ rules: [String]) -> String { rules.map { ".plot \($0)" }.joined() }
    return scoped(light) + "@media(prefers-color-scheme:dark){" + scoped(dark) + "}"
  }()
}

/// How something is drawn, and its sample in a legend.
package enum PlotMark: Sendable, Equatable {
  /// A line in the colour and the dashes of a series.
  case curve(Int)
  /// A thin line without dashes.
  case thin(Int)
  /// A thin, pale line, of many.
  case faint(Int)
  case dots(Int)
  /// Small translucent dots, of many.
  case cloud(Int)
  case area(Int)
  /// A line of two pixels without dashes, for stems and intervals.
  case bar(Int)
  case thick(Int)
  /// In the colour of text.
  case ink, inkArea, inkDots, inkThick
  /// Where something is expected to be.
  case band, rule
  /// Crosses, or lines, of divergent transitions.
  case divergent

  var name: String {
    switch self {
    case .curve(let k): "curve \(PlotStyle.series(k))"
    case .thin(let k): "\(PlotStyle.series(k)) thin"
    case .faint(let k): "\(PlotStyle.series(k)) faint"
    case .dots(let k): "\(PlotStyle.series(k)) dots"
    case .cloud(let k): "\(PlotStyle.series(k)) cloud"
    case .area(let k): "\(PlotStyle.series(k)) area"
    case .bar(let k): "\(PlotStyle.series(k)) bar"
    case .thick(let k): "\(PlotStyle.series(k)) thick"
    case .ink: "curve ink"
    case .inkArea: "area ink"
    case .inkDots: "ink dots"
    case .inkThick: "ink thick"
    case .band: "band"
    case .rule: "rule"
    case .divergent: "divergent"
    }
  }

  /// A sample, 26 wide, around y.
  func sample(_ x: Double, _ y: Double) -> String {
    func at(_ a: Double, _ b: Double) -> String { "\(SVG.coordinate(x + a)) \(SVG.coordinate(y + b))" }
    switch self {
    case .area, .band, .inkArea: return SVG.rectangle(name, x, y - 6, 26, 12)
    case .dots, .cloud, .inkDots: return "<path class=\"\(name)\" d=\"M\(at(7, 0))h0M\(at(19, 0))h0\"/>"
    case .divergent: return "<path class=\"\(name)\" d=\"M\(at(9, -4))l8 8m0 -8l-8 8\"/>"
    default: return "<path class=\"\(name)\" d=\"M\(at(0, 0))h26\"/>"
    }
  }
}
