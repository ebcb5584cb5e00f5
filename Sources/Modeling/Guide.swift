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

/// How the gradient of an expectation gets through a draw that is a differentiable function of parameters and noise. Estimators that a
/// distribution does not have are not members of what its `sample` takes, so that asking for one does not compile.
public struct PathwiseEstimator: Sendable, Equatable {
  enum Kind { case total, stickingTheLanding }
  let kind: Kind
  /// The whole derivative of log p(z) − log q(z).
  public static let pathwise = PathwiseEstimator(kind: .total)
  /// Without the score of q (Roeder, Wu & Duvenaud 2017, arXiv:1703.09194): still unbiased, and without variance where q is the posterior.
  public static let stickingTheLanding = PathwiseEstimator(kind: .stickingTheLanding)
}

/// The recording of a guide's body.
public final class GuideProgram: Recorder {
  var drawn: [DrawnSite] = []
  private var parameters: [Node] { recording.sites.compactMap { $0.unconstrained?.input } }

  /// The value that the guide gives to the model's latent site of this name.
  @discardableResult
  public func sample<D: ReparameterizedDistribution>(
    _ name: String, _ d: D, gradient: PathwiseEstimator = .stickingTheLanding, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let name = qualified(name)
    let source = SourceLine(file, line)
    guard recording.isNew(name, source) else { return .full(d.shape, .nan) }
    recording.draws.plates = axes
    let drawn = d.sample(using: recording.draws)
    // Where nothing inside depends on an open plate, each of its elements still has a draw of its own.
    let value = Tensor(
      drawn.expanded(to: drawn.shape, plates: PlateAxis.union([drawn.plates, axes])), plates: PlateAxis.union([drawn.plates, axes]))
    let density = logDensity(d, value, gradient)
    guard belongs(value, name, source), belongs(density, name, source) else { return value }
    self.drawn.append(
      DrawnSite(
        name: name, distribution: D.name, shape: d.shape, plates: open.map(\.plate), support: d.support, source: source,
        outside: outside(value), node: value.node, logDensity: total(density)))
    return value
  }

  /// log q at the draw; for sticking the landing as a function whose parameters are held fixed, the draws (this one and those before) not.
  private func logDensity<D: ReparameterizedDistribution>(_ d: D, _ value: Tensor, _ gradient: PathwiseEstimator) -> Tensor {
    guard gradient.kind == .stickingTheLanding else { return d.logDensity(inside: value) }
    let place = Tensor(.input("draw", shape: value.node.shape), plates: value.plates)
    let density = d.logDensity(inside: place)
    var held: [Node: Node] = [place.node: value.node]
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
      (.choleskyCovariance, .choleskyCovariance), (.choleskyCorrelation, .choleskyCorrelation),
      (.choleskyCorrelation, .choleskyCovariance):
      return true
    default: break
    }
    guard let a = range, let b = other.range else { return false }
    return (a.lower.isNaN || b.lower.isNaN || a.lower >= b.lower) && (a.upper.isNaN || b.upper.isNaN || a.upper <= b.upper)
  }

  /// The ends of an elementwise set of real numbers; NaN for an end that is not one known number.
  private var range: (lower: Double, upper: Double)? {
    func number(_ bound: Tensor) -> Double { bound.knownNumber ?? .nan }
    switch self {
    case .real: return (-.infinity, .infinity)
    case .positive, .nonnegative: return (0, .infinity)
    case .unitInterval: return (0, 1)
    case .lower(let bound): return (number(bound), .infinity)
    case .upper(let bound): return (-.infinity, number(bound))
    case .interval(let lower, let upper): return (number(lower), number(upper))
    default: return nil
    }
  }
}
