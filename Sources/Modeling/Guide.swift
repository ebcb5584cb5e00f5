import Differentiation
import Distributions

/// The approximating family of variational inference: a value such as ``meanField``, or a closure written like a model.
///
/// ```swift
/// let guide = Guide<VAE> { q, data in
///   let weights = q.parameter("weights", initial)
///   q.plate("images", data.images.count) { i in
///     q.sample("z", Normal(encoder(data.images[i]), sd: 1))
///   }
/// }
/// ```
///
/// Before the first step a closure's sites are compared with the model's: names, shapes, supports and plates.
public struct Guide<M: Model>: Sendable {
  package enum Form: Sendable {
    case meanField, fullRank
    case lowRank(Int)
    case flat(FlatGuideFamily)
    case program(@Sendable (GuideProgram, M) throws -> Void)
  }
  package let form: Form

  /// Independent Gaussians in unconstrained space.
  public static var meanField: Guide { Guide(form: .meanField) }
  /// A Gaussian with any covariance in unconstrained space.
  public static var fullRank: Guide { Guide(form: .fullRank) }
  /// A Gaussian with covariance D² + V Vᵀ, V of `rank` columns, in unconstrained space.
  public static func lowRank(rank: Int) -> Guide { Guide(form: .lowRank(rank)) }

  init(form: Form) { self.form = form }

  /// A guide written like a model: `q.parameter` for what is fitted, `q.sample` for every latent site of the model.
  public init(_ body: @escaping @Sendable (_ q: GuideProgram, _ data: M) throws -> Void) { form = .program(body) }
}

/// The recording of a guide's body.
public final class GuideProgram: Recorder {
  var drawn: [DrawnSite] = []
  /// Estimators that stand in for those of the body, by site.
  let estimators: [String: GradientEstimator]
  private var parameters: [Node] { recording.sites.compactMap { $0.unconstrained?.input } }

  init(_ recording: Recording, estimators: [String: GradientEstimator] = [:]) {
    self.estimators = estimators
    super.init(recording)
  }

  /// The value that the guide gives to the model's latent site of this name.
  @discardableResult
  public func sample<D: ReparameterizedDistribution>(
    _ name: String, _ d: D, gradient: PathwiseEstimator = .stickingTheLanding, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    draw(name, d, gradient.choice, SourceLine(file, line))
  }

  /// The same, the gradient by the score function: for any distribution.
  @discardableResult
  public func sample<D: Distribution>(
    _ name: String, _ d: D, gradient: ScoreEstimator, file: String = #fileID, line: Int = #line
  ) -> D.Value {
    draw(name, d, gradient.choice, SourceLine(file, line))
  }

  /// The same for distributions on classes.
  @discardableResult
  public func sample<D: ClassDistribution>(
    _ name: String, _ d: D, gradient: ClassEstimator, file: String = #fileID, line: Int = #line
  ) -> IntTensor {
    draw(name, d, gradient.choice, SourceLine(file, line))
  }

  /// The same for distributions on 0 and 1.
  @discardableResult
  public func sample<D: BinaryDistribution>(
    _ name: String, _ d: D, gradient: BinaryEstimator, file: String = #fileID, line: Int = #line
  ) -> IntTensor {
    draw(name, d, gradient.choice, SourceLine(file, line))
  }

  /// The same for distributions whose derivatives are differences of distributions.
  @discardableResult
  public func sample<D: WeaklyDifferentiableDistribution>(
    _ name: String, _ d: D, gradient: MeasureValuedEstimator, file: String = #fileID, line: Int = #line
  ) -> D.Value {
    draw(name, d, gradient.choice, SourceLine(file, line))
  }

  private func draw<D: Distribution>(_ name: String, _ d: D, _ own: GradientEstimator, _ source: SourceLine) -> D.Value {
    let name = qualified(name)
    let nothing = D.Value(drawn: .full(d.shape, .nan))
    guard recording.isNew(name, source) else { return nothing }
    let choice = estimators[name] ?? own
    recording.draws.plates = axes
    let scale = open.reduce(1) { $0 * $1.plate.scale }
    guard let draw = choice.draw(d, using: recording.draws, ownCost: scale) else {
      let legal = GradientEstimator.legal(for: d).map(\.name).joined(separator: ", ")
      recording.report(name, source, "\(D.name) has no estimator \(choice.name); it has \(legal)")
      return nothing
    }
    let value = draw.value
    let density = logDensity(d, value, choice)
    guard belongs(value.tensor, name, source), belongs(density, name, source) else { return value }
    drawn.append(
      DrawnSite(
        name: name, distribution: D.name, shape: d.shape, plates: open.map(\.plate), support: d.support, source: source,
        outside: outside(value.tensor), node: value.tensor.node, logDensity: total(density), choice: choice,
        legal: GradientEstimator.legal(for: d), site: draw.site, estimator: draw.estimator,
        outermost: axes.first.flatMap { value.tensor.plates.firstIndex(of: $0) }.map { d.shape.count + $0 }))
    return value
  }

  /// log q at the draw; for sticking the landing as a function whose parameters are held fixed, the draws (this one and those before) not.
  private func logDensity<D: Distribution>(_ d: D, _ value: D.Value, _ choice: GradientEstimator) -> Tensor {
    guard choice == .stickingTheLanding else { return d.logDensity(inside: value) }
    let place = Tensor(.input("draw", shape: value.tensor.node.shape), plates: value.tensor.plates)
    let density = d.logDensity(inside: D.Value(drawn: place))
    var held: [Node: Node] = [place.node: value.tensor.node]
    for earlier in drawn { held[earlier.node] = earlier.node }
    for parameter in parameters { held[parameter] = Node.unary(.stopGradient, parameter) }
    return Tensor(Node.substitute([density.node], held)[0], plates: density.plates)
  }
}

/// A site as a guide draws it.
struct DrawnSite {
  let name: String
  let distribution: String
  let shape: [Int]
  let plates: [Plate]
  let support: Support
  let source: SourceLine
  let outside: Tensor
  let node: Node
  let logDensity: Node
  let choice: GradientEstimator
  /// Every estimator that the distribution has.
  let legal: [GradientEstimator]
  let site: DrawSite
  let estimator: any DrawEstimator
  /// Where the outermost plate stands among the axes of the node; nil outside of plates.
  let outermost: Int?
}

// MARK: - The comparison

enum GuideCheck {
  /// What keeps a guide from fitting a model's latent sites, a sentence for each.
  static func problems(_ drawn: [DrawnSite], _ sites: [Site]) -> [ModelError.Problem] {
    let latent = sites.filter { $0.role == .latent }
    let names = latent.map(\.name)
    var problems: [ModelError.Problem] = []
    // Sites that no guide draws are summed out where they can be.
    for site in latent where !site.isSummedOut && !drawn.contains(where: { $0.name == site.name }) {
      problems.append(.init(site: site.name, at: site.source, "the guide does not sample it"))
    }
    for own in drawn {
      guard let site = latent.first(where: { $0.name == own.name }) else {
        let role = sites.first { $0.name == own.name }?.role
        let sentence =
          role.map { "the guide samples it, and in the model it is \($0 == .observed ? "observed" : "no latent site")" }
          ?? "the guide samples it, and the model has no such site\(NearestName.hint(own.name, among: names))"
        problems.append(.init(site: own.name, at: own.source, sentence))
        continue
      }
      if own.plates.map(\.name) != site.plates.map(\.name) {
        problems.append(
          .init(site: own.name, at: own.source, "it is \(place(own.plates)) in the guide and \(place(site.plates)) in the model"))
      } else if let (a, b) = zip(own.plates, site.plates).first(where: { $0.size != $1.size }) {
        problems.append(
          .init(
            site: own.name, at: own.source, "plate \"\(a.name)\" has \(a.size) elements in the guide and \(b.size) in the model"))
      } else if own.shape != site.shape {
        problems.append(
          .init(site: own.name, at: own.source, "its shape is \(own.shape) in the guide and \(site.shape) in the model"))
      }
      if let support = site.support, !own.support.isKnownWithin(support) {
        problems.append(
          .init(
            site: own.name, at: own.source,
            "the guide's \(own.distribution) gives values with support \(own.support), and the model's \(site.distribution ?? "site") takes \(support)"
          ))
      }
    }
    return problems
  }

  private static func place(_ plates: [Plate]) -> String {
    plates.isEmpty ? "outside of plates" : "in plate \(plates.map { "\"\($0.name)\"" }.joined(separator: " in plate "))"
  }
}

extension Support {
  /// Whether every value of this support belongs to another, as far as that can be known; bounds that depend on variables count as fitting.
  func isKnownWithin(_ other: Support) -> Bool {
    switch (self, other) {
    case (.independent(_, let a), .independent(_, let b)): return a.isKnownWithin(b)
    case (.independent(_, let a), let b) where b.eventRank == 0: return a.isKnownWithin(b)
    case (let a, .independent(_, let b)) where a.eventRank == 0: return a.isKnownWithin(b)
    case (.ordered, .ordered), (.positiveOrdered, .ordered), (.positiveOrdered, .positiveOrdered), (.simplex, .simplex),
      (.sumToZero, .sumToZero), (.unitVector, .unitVector), (.choleskyCovariance, .choleskyCovariance),
      (.choleskyCorrelation, .choleskyCorrelation), (.choleskyCorrelation, .choleskyCovariance):
      return true
    default: break
    }
    guard isDiscrete == other.isDiscrete, let a = range, let b = other.range else { return false }
    return (a.lower.isNaN || b.lower.isNaN || a.lower >= b.lower) && (a.upper.isNaN || b.upper.isNaN || a.upper <= b.upper)
  }

  /// The ends of an elementwise set of numbers; NaN for an end that is not one known number.
  private var range: (lower: Double, upper: Double)? {
    func number(_ bound: Tensor) -> Double { bound.knownNumber ?? .nan }
    switch self {
    case .real: return (-.infinity, .infinity)
    case .positive, .nonnegative: return (0, .infinity)
    case .unitInterval: return (0, 1)
    case .lower(let bound): return (number(bound), .infinity)
    case .upper(let bound): return (-.infinity, number(bound))
    case .interval(let lower, let upper): return (number(lower), number(upper))
    case .integers(let first, let last): return (Double(first), last.map(number) ?? .infinity)
    default: return nil
    }
  }
}
