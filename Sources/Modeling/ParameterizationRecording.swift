import Differentiation
import Distributions

extension Program {
  /// How a latent site with a choice of coordinates is recorded.
  struct CoordinateChange {
    /// v; nil where the site is moved by its value.
    var written: Tensor?
    /// log p(u), batch-shaped; nil likewise.
    var logDensity: Tensor?
    var coordinates: SiteCoordinates
  }

  /// Nil for a site without a choice: no location-scale distribution, or one whose location and spread are data, or are different for each
  /// value of a site that is summed out.
  func coordinateChange<D: Distribution>(_ name: String, _ d: D, _ u: Tensor, _ block: Site.Unconstrained) -> CoordinateChange? {
    guard let form = (d as? any StandardizedDistribution)?.standardization, form.dependsOnSites, !form.isHidden else { return nil }
    let scale = form.scale
    let weights = recording.options.parameterization.weights[name].flatMap { $0.count == block.count ? $0 : nil }
    var change = CoordinateChange(coordinates: SiteCoordinates(isElementwise: scale != nil))
    var z = u
    if let weights, weights.allSatisfy({ $0 == 0 }) {
      change.written = form.value(at: z)
      change.logDensity = form.logDensity(z) + (form.exclusion ?? 0)
    } else if let weights, let s = scale, !weights.allSatisfy({ $0 == 1 }) {
      let weight = inside(weights, block)
      let logScale = log(s)
      z = (u - weight * form.location) * exp(-weight * logScale)
      change.written = form.location + s * z
      change.logDensity = form.logDensity(z) - weight * logScale
    } else if reportsCoordinates {
      z = form.standard(at: u)
    }
    if reportsCoordinates {
      let stretched = [change.written ?? u, z] + (scale.map { [form.location, $0] } ?? [])
      let shape = d.support.bijection?.unconstrainedShape(for: d.shape) ?? d.shape
      change.coordinates.values = SiteCoordinates.Values(stretched.map { Tensor($0.expanded(to: shape, plates: axes), plates: axes) })
    }
    return change
  }

  private var reportsCoordinates: Bool { recording.options.reportsCoordinates }

  /// Numbers in flat order, as the site's values stand inside of its plates and sequence.
  private func inside(_ flat: [Double], _ block: Site.Unconstrained) -> Tensor {
    if let first = flat.first, flat.allSatisfy({ $0 == first }) { return Tensor(first) }
    var own = flat
    for (k, place) in (block.order ?? []).enumerated() { own[place] = flat[k] }
    let all = Tensor(.constant(own, shape: block.input.shape), plates: axes.filter { $0 != steps?.axis })
    return loop?.part(of: all) ?? steps.map { all[$0] } ?? all
  }
}

extension Standardization {
  /// Whether location or spread depend on more than data.
  var dependsOnSites: Bool {
    switch spread {
    case .scale(let s): !location.node.isData || !s.node.isData
    case .factor(let l): !location.node.isData || !l.node.isData
    }
  }

  /// Whether location or spread depend on sites that are summed out.
  var isHidden: Bool {
    let spread =
      switch spread {
      case .scale(let s): s
      case .factor(let l): l
      }
    return (location.plates + spread.plates).contains(where: \.isHidden)
  }

  /// 0 where the scales are positive, NaN elsewhere, as the density as written is; nil where they cannot be otherwise.
  var exclusion: Tensor? {
    switch spread {
    case .scale(let s): s.node.isPositive ? nil : select(s .> 0, 0, Double.nan)
    case .factor(let l): l.node.comesFromCholesky ? nil : select(diagonal(l) .> 0, 0, Double.nan).sum(axis: 0)
    }
  }
}

extension Node {
  /// Whether every element is positive (or NaN, or 0 by underflow) for all values of the inputs, as far as the operations show it.
  var isPositive: Bool {
    switch operation {
    case .fill, .constant: knownValues?.allSatisfy { $0 > 0 } ?? false
    case .unary(.exp), .unary(.softplus), .unary(.logistic), .unary(.square), .unary(.absolute), .unary(.squareRoot), .unary(.cosh): true
    case .unary(.reciprocal), .broadcast, .reshape, .transpose, .slice, .gather, .reduce, .binary(.power): inputs[0].isPositive
    case .binary(.add), .binary(.multiply), .binary(.divide), .binary(.minimum), .concatenate: inputs.allSatisfy(\.isPositive)
    case .binary(.maximum): inputs.contains(where: \.isPositive)
    default: false
    }
  }

  /// Whether this is the (lower triangle of the) result of a factorization, whose diagonal is positive or NaN.
  fileprivate var comesFromCholesky: Bool {
    if case .linearAlgebra(.cholesky) = operation { return true }
    switch operation {
    case .binary(.multiply), .ternary(.select), .broadcast: return inputs.contains(where: \.comesFromCholesky)
    default: return false
    }
  }
}
