import Differentiation
import Modeling

/// What tells one model with its data from another: its sites, and its log density and gradient at two fixed points.
///
/// A change of the body or of the data that changes neither is no change for inference. Numbers are compared to 10⁻⁸ of their size, so that another processor,
/// which rounds otherwise, is no other model.
package struct ModelFingerprint: Sendable, Codable, Equatable {
  /// A line for each site: name, shape, support.
  package var sites: [String]
  package var numbers: PackedNumbers

  package init(sites: [String], numbers: [Double]) {
    self.sites = sites
    self.numbers = PackedNumbers(numbers)
  }

  /// Of a density over an unconstrained vector. Throws what its evaluator throws.
  init<M: Model>(_ compiled: CompiledModel<M>) throws {
    let evaluator = try compiled.makeEvaluator(lanes: 1)
    let n = compiled.dimension
    var numbers: [Double] = []
    for scale in [0.1, 0.7] {
      let point = (0..<n).map { scale * Self.place($0) }
      var value = [0.0]
      var gradient = [Double](repeating: 0, count: n)
      evaluator.evaluate(positions: point, values: &value, gradients: &gradient)
      // The gradient in brief: its sum with fixed weights.
      numbers += [value[0], gradient.indices.reduce(0) { $0 + gradient[$1] * Self.place($1 + 3) }]
    }
    self.init(sites: Self.lines(compiled.recorded.sites), numbers: numbers)
  }

  /// A number in (−1, 1), another for every index: multiples of the golden ratio.
  private static func place(_ index: Int) -> Double {
    let x = Double(index + 1) * 0.6180339887498949
    return 2 * (x - x.rounded(.down)) - 1
  }

  static func lines(_ sites: [Site]) -> [String] {
    sites.map { "\($0.name) \($0.outsideShape) \($0.support.map { "\($0)" } ?? "")" }
  }

  /// What differs, as a clause; nil where nothing does.
  package func difference(from earlier: ModelFingerprint) -> String? {
    if sites != earlier.sites {
      guard let index = sites.indices.first(where: { !earlier.sites.indices.contains($0) || earlier.sites[$0] != sites[$0] }) else {
        return "it has \(earlier.sites.count) sites where this one has \(sites.count)"
      }
      let before = earlier.sites.indices.contains(index) ? "\"\(earlier.sites[index])\"" : "nothing"
      return "where this one has the site \"\(sites[index])\", it has \(before)"
    }
    let (a, b) = (numbers.values, earlier.numbers.values)
    let agree =
      a.count == b.count
      && zip(a, b).allSatisfy { x, y in
        x.isFinite && y.isFinite ? abs(x - y) <= 1e-8 * max(1, abs(x), abs(y)) : x.isFinite == y.isFinite
      }
    return agree ? nil : "its log density at a fixed point was another"
  }
}
