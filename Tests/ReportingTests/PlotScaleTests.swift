import Foundation
import Reporting
import Testing

@Suite struct PlotScaleTests {
  @Test func rangesAreNeverEmpty() {
    #expect(PlotScale.range([]) == 0...1)
    #expect(PlotScale.range([.nan, .infinity]) == 0...1)
    #expect(PlotScale.range([3]) == 2.5...3.5)
    #expect(PlotScale.range([1, 2, .nan], margin: 0.5) == 0.5...2.5)
    for pair in [
      [1e15, 1e15 + 1e-3], [.leastNonzeroMagnitude, 2 * .leastNonzeroMagnitude], [-1.7e308, 1.7e308], [1e300, 1.1e300],
      [0, 1e10 * .leastNonzeroMagnitude],
    ] {
      let range = PlotScale.range(pair)
      #expect(range.lowerBound < range.upperBound && (range.upperBound - range.lowerBound).isFinite, "\(pair)")
      let ticks = PlotScale.ticks(range)
      #expect(!ticks.places.isEmpty && ticks.places.count <= 7 && ticks.places.allSatisfy(\.isFinite), "\(pair)")
    }
  }

  /// Labels of neighbours differ, and are short.
  @Test(arguments: [0.0...1.0, 1e6...1.00001e6, 1e9...2e9, -3e-7...2e-7, 123_456.0...123_457.0, -1e300...1e300, 0.1...0.3])
  func labelsDiffer(_ range: ClosedRange<Double>) {
    let labels = PlotAxis("", range).ticks.map(\.text)
    #expect(labels.count >= 2 && Set(labels).count == labels.count, "\(labels)")
    #expect(labels.allSatisfy { $0.count <= 12 }, "\(labels)")
  }

  @Test func textIsSafe() {
    #expect(SVG.escaped("<&>\"'\n\u{0}") == "&lt;&amp;&gt;&quot;&#39; \u{FFFD}")
    #expect(
      SVG.coordinate(.nan) == "0" && SVG.coordinate(-0.04) == "0" && SVG.coordinate(-0.36) == "-0.4" && SVG.coordinate(12.25) == "12.3")
    #expect(SVG.coordinate(1e300) == "20000" && SVG.coordinate(7) == "7")
  }
}
