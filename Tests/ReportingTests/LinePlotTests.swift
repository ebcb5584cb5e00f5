import Foundation
import Reporting
import Testing

@Suite struct LinePlotTests {
  @Test func ticksAreRound() {
    #expect(PlotScale.ticks(0...3000).places == [0, 500, 1000, 1500, 2000, 2500, 3000])
    #expect(PlotScale.ticks(-98.3 ... -61.2).places == [-95, -90, -85, -80, -75, -70, -65])
    #expect(PlotScale.ticks(-98.3 ... -61.2, limit: 6).places == [-90, -80, -70])
    #expect(PlotScale.ticks(0.0012...0.0039).step == 0.0005)
    #expect(PlotScale.ticks(-1...1).places.map { $0.sign == .minus && $0 == 0 } == [Bool](repeating: false, count: 5))
    #expect(PlotScale.ticks(2...2).places == [2])
  }

  private func plot(_ curves: [LinePlot.Curve]) -> String {
    LinePlot(title: "a < b & \"c\"", xLabel: "steps", yLabel: "bound", curves: curves).svg
  }

  /// Numbers of all attributes with these names.
  private func numbers(_ svg: String, _ pattern: Regex<(Substring, Substring)>) -> [Double] {
    svg.matches(of: pattern).compactMap { Double($0.output.1) }
  }

  @Test func longNamesHaveRoom() {
    #expect(plot([.init("one", [(0, 1), (10, 2)])]).contains("viewBox=\"0 0 860 480\""))
    #expect(plot([.init(String(repeating: "m", count: 40), [(0, 1), (10, 2)])]).contains("viewBox=\"0 0 978 480\""))
  }

  @Test func textIsEscapedAndTagsAreClosed() {
    let svg = plot([.init("one", [(0, 1), (10, 2)]), .init("two", [(0, 3), (10, 2)])])
    #expect(svg.contains("a &lt; b &amp; &quot;c&quot;") && !svg.contains("a < b"))
    for tag in ["svg", "style", "text", "title", "desc"] {
      #expect(svg.components(separatedBy: "<\(tag)").count == svg.components(separatedBy: "</\(tag)>").count, "\(tag)")
    }
    #expect(svg.contains("prefers-color-scheme:dark"))
    #expect(svg.components(separatedBy: "class=\"curve c0\"").count == 3 && svg.components(separatedBy: "class=\"curve c1\"").count == 3)
  }

  /// The first steps of a training do not flatten the rest: the axis shows what comes after the first tenth.
  @Test func theBeginningIsCut() {
    let svg = plot([.init("one", [(0, -5000), (100, -60), (1000, -50)])])
    #expect(svg.contains(">−60<") || svg.contains(">−58<"))
    #expect(!svg.contains("5000<"))
  }

  @Test func namesAtTheEndsDoNotOverlap() {
    let svg = plot((0..<6).map { k in .init("curve \(k)", [(0, 0), (10, 1 + 1e-6 * Double(k))]) })
    let places = numbers(svg, /class="name" x="[0-9.]+" y="([0-9.]+)"/).sorted()
    #expect(places.count == 6)
    #expect(zip(places, places.dropFirst()).allSatisfy { $1 - $0 >= 16.9 })
    #expect(places.allSatisfy { (40...425).contains($0) })
  }

  @Test func numbersThatAreNotFiniteInterrupt() {
    let svg = plot([.init("one", [(0, 1), (1, .nan), (2, 2), (3, 3)])])
    #expect(!svg.contains("nan") && !svg.contains("inf"))
    let path = svg.firstMatch(of: /class="curve c0" d="([^"]*)"/)?.output.1 ?? ""
    #expect(path.filter { $0 == "M" }.count == 2)
    #expect(plot([]).hasSuffix("</svg>\n"))
  }
}
