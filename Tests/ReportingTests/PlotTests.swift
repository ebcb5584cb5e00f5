import Foundation
import Inference
import Reporting
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// What a parser says about a picture: whether it is well-formed, and its elements.
final class MarkupReader: NSObject, XMLParserDelegate {
  var elements: [(name: String, attributes: [String: String])] = []
  var text = ""

  /// Nil where the text is no XML.
  static func read(_ markup: String) -> MarkupReader? {
    let reader = MarkupReader()
    let parser = XMLParser(data: Data(markup.utf8))
    parser.delegate = reader
    return parser.parse() ? reader : nil
  }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?, attributes: [String: String] = [:]
  ) { elements.append((name, attributes)) }
  func parser(_ parser: XMLParser, foundCharacters string: String) { text += string }

  /// All numbers in attributes that say where something is.
  var coordinates: [Double] {
    elements.flatMap { element -> [Double] in
      ["x", "y", "x1", "y1", "x2", "y2", "width", "height", "d", "viewBox", "transform"].flatMap { key -> [Double] in
        guard let value = element.attributes[key], !value.hasSuffix("%") else { return [] }
        return value.split { !"0123456789.-".contains($0) }.compactMap { Double($0) }
      }
    }
  }
}

/// Draws of a small linear congruential generator: enough for pictures.
struct PlotDraws {
  private var state: UInt64 = 0x9E37_79B9_7F4A_7C15
  mutating func uniform() -> Double {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Double(state >> 11) * 0x1p-53
  }
  /// The sum of twelve uniform numbers is near to normal.
  mutating func normal() -> Double { (0..<12).reduce(-6) { sum, _ in sum + uniform() } }

  static func set(
    _ names: [(String, [Int])] = [("mu", []), ("theta", [3])], chains: Int = 4, draws: Int = 100, isSampler: Bool = true,
    _ value: (_ variable: Int, _ chain: Int, _ normal: Double) -> Double = { $2 + Double($0) }
  ) -> DrawSet {
    var source = PlotDraws()
    let variables = names.enumerated().map { index, entry in
      VariableDraws(
        name: entry.0, kind: .latent, shape: entry.1,
        values: (0..<chains).map { chain in (0..<(draws * entry.1.reduce(1, *))).map { _ in value(index, chain, source.normal()) } })
    }
    var set = DrawSet(chains: chains, drawsPerChain: draws, variables: variables, sampleStats: [:])
    if isSampler {
      set.sampleStats["energy"] = (0..<chains).map { _ in (0..<draws).map { _ in 10 + source.normal() } }
      set.sampleStats["diverging"] = (0..<chains).map { chain in (0..<draws).map { $0 % 37 == chain ? 1 : 0 } }
    }
    return set
  }
}

@Suite struct PlotTests {
  static let chainKinds: [PlotKind] = [.trace, .rank, .density, .forest, .pairs, .energy, .autocorrelation, .ess, .parallel]

  /// Well-formed, and every number a finite one within reach of the picture.
  static func check(_ figure: PlotFigure, _ name: String) throws {
    let reader = try #require(MarkupReader.read(figure.svg), "\(name) is no XML")
    #expect(
      reader.elements.first?.name == "svg" && reader.elements.contains { $0.name == "title" }
        && reader.elements.contains { $0.name == "desc" })
    for word in ["nan", "inf"] {
      #expect(
        !reader.elements.contains { $0.attributes.contains { $0.key != "aria-label" && $0.value.lowercased().contains(word) } },
        "\(name): \(word)")
    }
    #expect(reader.coordinates.allSatisfy { $0.isFinite && abs($0) <= 20_000 }, "\(name)")
    #expect(MarkupReader.read(figure.html) != nil, "\(name) in a page is no XML")
  }

  @Test(arguments: chainKinds) func ordinary(_ kind: PlotKind) throws {
    let figure = try kind.figure(PlotMaterial(draws: PlotDraws.set()))
    try Self.check(figure, kind.rawValue)
    #expect(figure.panels.contains { $0.remark == nil })
    #expect(try kind.figure(PlotMaterial(draws: PlotDraws.set())).svg == figure.svg)
  }

  /// One draw, one chain, constants, draws that are not finite, huge and tiny numbers: a picture or a sentence, never a trap.
  @Test(arguments: chainKinds) func degenerate(_ kind: PlotKind) throws {
    let cases: [(String, DrawSet)] = [
      ("one draw", PlotDraws.set(chains: 1, draws: 1)), ("two draws", PlotDraws.set(chains: 1, draws: 2)),
      ("three draws", PlotDraws.set(draws: 3)),
      ("one chain", PlotDraws.set(chains: 1)), ("constant", PlotDraws.set { _, _, _ in 3 }),
      ("one is constant", PlotDraws.set { variable, _, x in variable == 0 ? 0 : x }),
      ("not a number", PlotDraws.set { _, _, _ in .nan }), ("infinite", PlotDraws.set { _, _, x in x > 1 ? .infinity : x }),
      ("all infinite", PlotDraws.set { _, _, x in x > 0 ? .infinity : -.infinity }), ("huge", PlotDraws.set { _, _, x in x * 1e307 }),
      ("tiny", PlotDraws.set { _, _, x in x * 1e-200 * 1e-110 }), ("far away", PlotDraws.set { _, _, x in 1e15 + x }),
      ("whole", PlotDraws.set { _, _, x in x.rounded() }), ("many chains", PlotDraws.set(chains: 40, draws: 20)),
      ("empty arrays", PlotDraws.set([("a", []), ("b", [0]), ("c", [2])])),
    ]
    for (name, draws) in cases {
      do {
        try Self.check(kind.figure(PlotMaterial(draws: draws)), "\(kind.rawValue), \(name)")
      } catch let error as PlotError {
        #expect(error.description.hasSuffix("."), "\(kind.rawValue), \(name)")
      }
    }
  }

  @Test(arguments: chainKinds) func namesAreEscaped(_ kind: PlotKind) throws {
    let figure = try kind.figure(PlotMaterial(draws: PlotDraws.set([("<a href=\"x\">&'", []), ("b\u{1}", [2])])))
    try Self.check(figure, kind.rawValue)
    #expect(!figure.svg.contains("<a href") && !figure.html.contains("<a href"))
  }

  @Test(arguments: chainKinds) func manyVariablesAreCappedInASentence(_ kind: PlotKind) throws {
    let figure = try kind.figure(PlotMaterial(draws: PlotDraws.set([("x", [1000])], chains: 2, draws: 8)))
    try Self.check(figure, kind.rawValue)
    if kind != .energy { #expect(figure.notes.contains { $0.contains("of 1000 quantities are shown") && $0.contains("--variable NAME") }) }
    #expect(figure.svg.utf8.count < 400_000)
  }

  @Test func longChainsAreThinned() throws {
    let draws = PlotDraws.set([("x", []), ("y", [])], chains: 2, draws: 50_000)
    for kind in Self.chainKinds {
      let figure = try kind.figure(PlotMaterial(draws: draws))
      try Self.check(figure, kind.rawValue)
      #expect(figure.svg.utf8.count < 200_000, "\(kind.rawValue): \(figure.svg.utf8.count)")
    }
    #expect(try PlotKind.trace.figure(PlotMaterial(draws: draws)).notes.contains { $0.contains("least and the largest draw") })
  }

  @Test func variablesAreChosenByName() throws {
    var material = PlotMaterial(draws: PlotDraws.set([("mu", []), ("theta", [2, 2])]))
    material.variables = ["theta[1,0]", "mu", "theta[1, 0]"]
    #expect(try PlotKind.trace.figure(material).panels.map(\.title) == ["theta[1, 0]", "mu"])
    func message(_ name: String) -> String {
      material.variables = [name]
      do { _ = try PlotKind.trace.figure(material) } catch { return "\(error)" }
      return ""
    }
    #expect(message("thet") == "--variable: there is no variable \"thet\"; the nearest is theta.")
    #expect(message("theta[2, 0]") == "--variable theta[2, 0]: theta has the shape [2, 2], with elements counted from 0.")
    #expect(message("theta[1]") == "--variable theta[1]: theta has the shape [2, 2], with elements counted from 0.")
    #expect(message("mu[0]") == "--variable mu[0]: mu is one number and has no elements.")
    #expect(message("theta[-1, 0]") == "--variable theta[-1, 0]: theta has the shape [2, 2], with elements counted from 0.")
  }

  /// Chains of one law stay in the band, a chain that stands elsewhere leaves it.
  @Test func ranksTellChainsApart() throws {
    func isInside(_ draws: DrawSet) throws -> Bool {
      let figure = try PlotKind.rank.figure(PlotMaterial(draws: draws))
      let panel = try #require(figure.panels.last)
      guard case .between(_, let band) = panel.layers[0] else { return false }
      return panel.layers.dropFirst(2).allSatisfy { layer in
        guard case .path(_, let curve) = layer else { return false }
        return zip(curve, band).allSatisfy { $0.y >= $1.low - 1e-12 && $0.y <= $1.high + 1e-12 }
      }
    }
    #expect(try isInside(PlotDraws.set([("x", [])], draws: 400)))
    #expect(try !isInside(PlotDraws.set([("x", [])], draws: 400) { _, chain, x in chain == 2 ? x + 1 : x }))
  }

  @Test func missingMaterialIsASentence() {
    func message(_ kind: PlotKind, _ material: PlotMaterial) -> String {
      do { _ = try kind.figure(material) } catch { return "\(error)" }
      return ""
    }
    let draws = PlotMaterial(draws: PlotDraws.set([("x", [])], isSampler: false))
    #expect(message(.trace, PlotMaterial()) == "a trace needs draws, and there is only a result: infer --draws-output FILE writes them.")
    #expect(message(.energy, draws).hasPrefix("the draws have no energies"))
    #expect(message(.pairs, draws) == "a plot of pairs needs two quantities, and there is one: x.")
    #expect(message(.elbo, draws).hasPrefix("the objective by step is in the result"))
    #expect(message(.ppc, draws).hasPrefix("posterior predictive checks need observed values"))
    #expect(message(.looPIT, draws).contains("infer --include log-likelihood,predictive --draws-output FILE.json"))
  }
}
