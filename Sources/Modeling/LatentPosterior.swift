import Differentiation
import Distributions

/// The posterior of a guided model's continuous sites by themselves: finite discrete sites summed out, the model's parameters held at their
/// fitted values. log p(u | data, parameters) up to a constant over the unconstrained values of these sites.
package final class LatentPosterior<M: Model>: LogDensity {
  package let compiled: CompiledModel<M>
  /// The unconstrained values of a guide's draws of these sites, site after site, each in flat order; for ``GuideReader``.
  package let coordinates: [Node]
  /// Where own coordinate k stands in the flat vector of `compiled`.
  private let places: [Int]
  /// A flat vector of `compiled` that has the parameters.
  private let fixed: [Double]

  package var dimension: Int { places.count }
  package var preferredLanes: Int { compiled.preferredLanes }

  /// Nil where the guide's continuous draws are not points of such a posterior: a model whose discrete sites cannot be summed out, that is
  /// re-executed, has no continuous latent site, or has one in a sequence.
  package init?(_ guided: GuidedModel<M>, parameters: [Double]) {
    guard let compiled = try? CompiledModel(guided.model), !compiled.isReexecuted else { return nil }
    var coordinates: [Node] = []
    var places: [Int] = []
    var fixed = [Double](repeating: 0, count: compiled.dimension)
    for (site, block) in zip(compiled.recorded.freeSites, compiled.blocks) {
      if let own = guided.blocks.first(where: { $0.name == site.name }) {
        for k in 0..<block.count { fixed[block.offset + k] = parameters[own.offset + k] }
        continue
      }
      guard site.sequence == nil, let drawn = guided.recorded.sites.first(where: { $0.name == site.name }),
        let bijection = drawn.support?.bijection
      else { return nil }
      coordinates.append(drawn.outside(bijection.inverse(drawn.value)).node)
      places += (0..<block.count).map { block.offset + $0 }
    }
    guard !places.isEmpty, coordinates.reduce(0, { $0 + $1.count }) == places.count else { return nil }
    self.compiled = compiled
    self.coordinates = coordinates
    self.places = places
    self.fixed = fixed
  }

  /// A point as a flat vector of `compiled`.
  package func whole(_ u: [Double]) -> [Double] {
    var all = fixed
    for (value, place) in zip(u, places) { all[place] = value }
    return all
  }

  package func makeEvaluator(lanes: Int) throws -> any LogDensityEvaluator {
    LatentEvaluator(try compiled.makeEvaluator(lanes: lanes), places: places, fixed: fixed)
  }
}

/// Evaluates a density along some of its coordinates, the others held.
private final class LatentEvaluator: LogDensityEvaluator {
  let lanes: Int
  private let base: any LogDensityEvaluator
  private let places: [Int]
  private let positions, slopes: UnsafeMutablePointer<Double>

  init(_ base: any LogDensityEvaluator, places: [Int], fixed: [Double]) {
    (self.base, self.places, lanes) = (base, places, base.lanes)
    positions = .allocate(capacity: fixed.count * lanes)
    slopes = .allocate(capacity: fixed.count * lanes)
    for (k, value) in fixed.enumerated() { (positions + k * lanes).initialize(repeating: value, count: lanes) }
    slopes.initialize(repeating: 0, count: fixed.count * lanes)
  }

  deinit {
    positions.deallocate()
    slopes.deallocate()
  }

  func evaluate(
    positions own: UnsafePointer<Double>, values: UnsafeMutablePointer<Double>, gradients: UnsafeMutablePointer<Double>
  ) {
    for (k, place) in places.enumerated() { (positions + place * lanes).update(from: own + k * lanes, count: lanes) }
    base.evaluate(positions: positions, values: values, gradients: slopes)
    for (k, place) in places.enumerated() { (gradients + k * lanes).update(from: slopes + place * lanes, count: lanes) }
  }
}
