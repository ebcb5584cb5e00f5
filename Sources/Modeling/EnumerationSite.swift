import Differentiation
import Distributions

/// The values of one element of a summed-out site, side by side along a hidden axis.
struct HiddenAxis: Sendable {
  let axis: PlateAxis
  let values: [Double]
  /// The values [values.count].
  let node: Node
  /// The plates in which every element has a value of its own, outermost first.
  let home: [PlateAxis]

  var tensor: Tensor { Tensor(node, plates: [axis]) }
}

extension Recording {
  /// A new hidden axis. Sites of one name keep apart by identity.
  func hiddenAxis(_ name: String, _ values: [Double], home: [PlateAxis]) -> HiddenAxis {
    let axis = PlateAxis(hidden: name, id: newAxis(), size: values.count, home: Set(home.map(\.id)))
    return HiddenAxis(axis: axis, values: values, node: .constant(values, shape: [values.count]), home: home)
  }
}

/// Bounds on what is summed out. A table is held in memory once for each lane, and once more for its derivative.
enum EnumerationLimit {
  /// The most numbers in one table: 80 MB.
  static let table = 10_000_000
  /// The most values of a carry in a sequence.
  static let states = 4096
  /// Up to how many numbers for each draw the probabilities of a site are reported without being asked for.
  static let unasked = 2000

  /// The ways out, where summing is out of reach.
  static let advice =
    "give it a site in a guide with an estimator for discrete draws (score function, Gumbel-softmax), observe it, or give it a value with condition(_:_:)"
}

extension Program {
  /// A latent site with finitely many values: every value at once, along a hidden axis of its own.
  func summingOut<D: Distribution>(_ name: String, _ d: D, _ source: SourceLine) -> D.Value {
    let nothing = D.Value(drawn: .full(d.shape, .nan))
    guard let values = values(of: d, name, source) else { return nothing }
    let shape = d.shape
    let count = d.shape.reduce(1, *)
    guard let whole = tableSize(values.count, elements: count), whole <= EnumerationLimit.table else {
      recording.report(
        name, source,
        "its \(count) elements of \(values.count) values each stand in one tensor, a table of \(values.count)^\(count) numbers, more than \(EnumerationLimit.table); draw one element in a plate, where each is summed out by itself, or \(EnumerationLimit.advice)"
      )
      return nothing
    }
    let hidden = (0..<count).map { recording.hiddenAxis(count == 1 ? name : "\(name)[\($0)]", values, home: axes) }
    let value = shape.isEmpty ? hidden[0].tensor : hidden.isEmpty ? .zeros(shape) : stack(hidden.map(\.tensor)).reshaped(to: shape)
    var site = site(name, .latent, D.name, value, support: d.support, source)
    site.hidden = hidden
    site.tableAxes = axes
    for (element, own) in hidden.enumerated() {
      // The density of one element at all of its values: the others' do not enter it.
      let same = Tensor(own.tensor.expanded(to: shape, plates: [own.axis]), plates: [own.axis])
      let density = d.logDensity(of: D.Value(drawn: same))
      guard density.count == count else {
        recording.report(
          name, source, "the values of \(D.name) depend on each other and cannot be summed out one by one; \(EnumerationLimit.advice)")
        return nothing
      }
      let term = shape.isEmpty ? density : density.flattened[element]
      guard belongs(term, name, source) else { return nothing }
      // A density that is the same for all values is still one number for each.
      let all = PlateAxis.union([term.plates, [own.axis]])
      site.tables.append(Tensor(term.expanded(to: [], plates: all), plates: all))
    }
    recording.sites.append(site)
    return D.Value(drawn: value)
  }

  private func tableSize(_ values: Int, elements: Int) -> Int? {
    PlateAxis.tableSize((0..<elements).prefix(64).map { PlateAxis(id: UInt64($0), name: "", size: values, depth: 0) }).flatMap {
      let (size, overflow) = $0.multipliedReportingOverflow(by: max(1, elements))
      return overflow || elements > 64 && values > 1 ? nil : size
    }
  }

  /// The values of a finite distribution in rising order; nil, and a report, where there is no end to them.
  private func values<D: Distribution>(of d: D, _ name: String, _ source: SourceLine) -> [Double]? {
    guard let (first, last) = d.support.wholeNumbers else {
      recording.report(name, source, "a latent \(D.name) can neither be moved by gradients nor be summed out; \(EnumerationLimit.advice)")
      return nil
    }
    guard let last else {
      recording.report(
        name, source,
        "a latent \(D.name) has infinitely many values, which gradients cannot move and no finite sum exhausts; bound it (a Categorical or Binomial that is wide enough), or \(EnumerationLimit.advice)"
      )
      return nil
    }
    let mistakes = Evaluation.mistakes(in: [last.node])
    for sentence in mistakes { recording.report(name, source, sentence) }
    guard mistakes.isEmpty else { return nil }
    guard last.node.isData, let known = try? Evaluation.values(of: [last.node])[0], let largest = known.max(), largest.isFinite else {
      recording.report(
        name, source,
        "the largest value of this \(D.name) depends on other variables, so that the values to sum over are not known; make it data, or \(EnumerationLimit.advice)"
      )
      return nil
    }
    guard largest - Double(first) < Double(EnumerationLimit.table) else {
      recording.report(
        name, source,
        "it has \(Int(min(largest - Double(first), 1e18)) + 1) values, a table of more than \(EnumerationLimit.table) numbers; \(EnumerationLimit.advice)"
      )
      return nil
    }
    return Double(first) > largest ? [Double(first)] : stride(from: Double(first), through: largest, by: 1).map { $0 }
  }
}

extension Support {
  /// The ends of a set of whole numbers, the second nil where there is none; nil for other sets.
  fileprivate var wholeNumbers: (first: Int, last: Tensor?)? {
    switch self {
    case .integers(let first, let last): (first, last)
    case .independent(_, let base): base.wholeNumbers
    default: nil
    }
  }
}

extension Recorder {
  /// Where a site's log density counts: as a number, or as a table where it depends on sites that are summed out.
  func counting(_ density: Tensor, in site: Site) -> Site {
    var site = site
    if density.plates.contains(where: \.isHidden) {
      site.tables.append(density.sum())
      site.tableAxes = axes
    } else {
      site.logDensity = total(density)
      if recording.options.isPointwise, site.role == .observed || site.role == .factor { site.pointwise = density }
    }
    return site
  }

  /// Whether a value that is moved or reported as one number is one.
  func isSingle(_ x: Tensor, _ name: String, _ source: SourceLine) -> Bool {
    guard let hidden = x.plates.first(where: \.isHidden) else { return true }
    recording.report(
      name, source,
      "its support depends on site \"\(hidden.name)\", which is summed out, so that it has no one value; let its density depend on the site, not its bounds"
    )
    return false
  }
}
