import Differentiation
import Distributions

/// What a body does while it is simulated: latent sites without a value are drawn from their priors, observed sites are drawn anew.
extension Program {
  /// Where draws are taken: inside all open plates, and step by step in a sequence.
  private var drawSource: DrawSource {
    recording.draws.plates = axes
    recording.draws.loop = loop.map { loop in (loop.length, { loop.part(of: $0) }) }
    return recording.draws
  }

  /// A latent site drawn from its prior, given what was drawn before it.
  func simulate<D: Distribution>(_ name: String, _ d: D, _ source: SourceLine) -> D.Value {
    if !recording.redrawn.contains(name), let sentence = recording.missingSentence(name) {
      recording.report(
        name, source,
        sentence
          + (d.support.isDiscrete
            ? "; a fit that sums it out draws it where the body returns it" : ""))
      return D.Value(drawn: .full(d.shape, .nan))
    }
    let value = drawn(d)
    let before = recording.sites.count
    add(name, .latent, d, D.Value(drawn: value), support: d.support, source)
    if recording.sites.count > before { recording.sites[before].isElementwise = d.eventShape.isEmpty }
    return D.Value(drawn: value)
  }

  /// A draw for every element of the open plates.
  private func drawn<D: Distribution>(_ d: D) -> Tensor {
    let drawn = d.sample(using: drawSource).tensor
    return Tensor(drawn.expanded(to: drawn.shape, plates: axes), plates: axes)
  }

  /// A latent site of a sequence that has another number of steps than the values from outside: steps that these have are theirs, and what
  /// comes after is drawn given the steps before. Nil for all others.
  func continued<D: Distribution>(_ given: Given, _ name: String, _ d: D, _ source: SourceLine) -> D.Value? {
    let full = fullShape(of: given, d.shape)
    let axis = open.count
    guard recording.mode == .simulation, given.kind == .drawn, let loop, given.value.shape.count == full.count else { return nil }
    var other = full
    other[axis] = given.value.shape[axis]
    let (known, steps) = (other[axis], loop.length)
    guard given.value.shape == other, known != steps, known > 0 else { return nil }
    if !recording.resized.contains(where: { $0.name == name }) {
      recording.resized.append(ResizedSite(name: name, known: known, steps: steps))
    }
    let common = given.value.slice(0..<min(known, steps), axis: axis)
    guard steps > known else { return take(Given(value: common, kind: .drawn), as: name, d, source) }
    var rest = full
    rest[axis] = steps - known
    let padded = concatenate([common, .zeros(rest)], axis: axis)
    let entered = open.reduce(padded) { value, plate in value[PlateIndex(axis: plate.axis, fullSize: plate.plate.present)] }
    let isKnown = loop.part(of: Tensor((0..<steps).map { $0 < known ? 1 : 0 }))
    let value = select(isKnown .> 0.5, loop.part(of: entered), drawn(d))
    add(name, .latent, d, D.Value(drawn: value), support: d.support, source)
    return D.Value(drawn: value)
  }

  /// Adds an observed site with a new value of the shape of its data.
  func addPrediction<D: Distribution>(of d: D, like value: Tensor, _ site: Site) {
    let drawn = draw(d, value.shape)
    guard belongs(value, site.name, site.source), belongs(drawn, site.name, site.source) else { return }
    var site = site
    let moments = (d as? any DistributionWithMoments).map { known in
      Site.Predictive.Moments(mean: widened(known.mean, to: value.shape), variance: widened(known.variance, to: value.shape))
    }
    site.predictive = Site.Predictive(draw: widened(drawn, to: value.shape), moments: moments)
    recording.sites.append(site)
  }

  /// Stretched to a shape, and present in every open plate.
  private func widened(_ x: Tensor, to shape: [Int]) -> Tensor {
    guard x.plates.allSatisfy(axes.contains), Tensor.commonShape([x.shape, shape]) == shape else { return x }
    return Tensor(x.expanded(to: shape, plates: axes), plates: axes)
  }

  /// A draw of a shape that the distribution's own stretches to: independent draws along every axis that is not its own.
  private func draw<D: Distribution>(_ d: D, _ shape: [Int]) -> Tensor {
    let own = d.shape
    guard own != shape else { return d.sample(using: drawSource).tensor }
    let lead = shape.count - own.count
    let stretched = own.indices.filter { own[$0] != shape[lead + $0] }
    let copies = Array(shape[..<lead]) + stretched.map { shape[lead + $0] }
    let drawn = d.repeated(copies.reduce(1, *)).sample(using: drawSource).tensor.reshaped(to: copies + own)
    // A stretched axis, of length 1, follows the axis of its copies.
    let order =
      Array(0..<lead)
      + own.indices.flatMap { axis in (stretched.firstIndex(of: axis).map { [lead + $0] } ?? []) + [copies.count + axis] }
    return drawn.transposed(order).reshaped(to: shape)
  }

  /// The shape of a value from outside: plates, steps, then the value's own axes.
  func fullShape(of given: Given, _ own: [Int]) -> [Int] {
    let plates = open.filter { $0.axis != steps?.axis }.map { given.kind == .drawn ? $0.plate.present : $0.plate.size }
    return plates + (loop.map { [$0.length] } ?? steps.map { [$0.axis.size] } ?? []) + own
  }

  /// Whether a latent value is for plates, or a sequence, of another size than these; then the site is to be drawn.
  func isForOtherPlates(_ given: Given, _ name: String, _ own: [Int]) -> Bool {
    let full = fullShape(of: given, own)
    let shape = given.value.shape
    guard recording.mode == .simulation, given.kind == .drawn, shape != full, shape.count == full.count, full.count > own.count,
      Array(shape.suffix(own.count)) == own
    else { return false }
    if !recording.redrawn.contains(name) { recording.redrawn.append(name) }
    return true
  }
}

/// A latent site of a sequence with values from outside for another number of steps than the sequence has.
package struct ResizedSite: Sendable, Equatable {
  package let name: String
  /// The number of steps with values from outside, and that of the sequence.
  package let known, steps: Int
}

extension Recording {
  /// Why a latent site cannot go without a value; nil where it may: there are no draws of a posterior, or it is a further step of a sequence,
  /// other steps of which are among them.
  func missingSentence(_ name: String) -> String? {
    guard options.isPosterior else { return nil }
    let pattern = Recording.withoutNumbers(name)
    if pattern != name, options.drawn.keys.contains(where: { Recording.withoutNumbers($0) == pattern }) {
      redrawn.append(name)
      return nil
    }
    return "it is not among the draws\(NearestName.hint(name, among: options.drawn.keys.sorted()))"
  }

  /// `steps[12].x` ↦ `steps[].x`.
  private static func withoutNumbers(_ name: String) -> String {
    var isInside = false
    return String(
      name.filter { letter in
        if letter == "]" { isInside = false }
        defer { if letter == "[" { isInside = true } }
        return !isInside
      })
  }
}
