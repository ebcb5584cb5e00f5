import Differentiation
import Distributions

/// An estimator of the gradient of an expectation, as a site's choice: by a member in code (``ScoreEstimator``, ``ClassEstimator``, …), by a name
/// on the command line.
package enum GradientEstimator: Sendable, Equatable {
  case pathwise, stickingTheLanding
  case scoreFunction(Baseline)
  case enumeration
  case straightThrough, reinMax
  case gumbelSoftmax(Temperature)
  case straightThroughGumbel(Temperature)
  case gumbelRao(Temperature, draws: Int)
  case rebar(Temperature)
  case relax(Temperature)
  case arm, disarm
  case unorderedSet(draws: Int)
  case measureValued

  /// Whether its mean is the gradient of the expectation over the draw itself.
  package var isUnbiased: Bool {
    switch self {
    case .straightThrough, .reinMax, .gumbelSoftmax, .straightThroughGumbel, .gumbelRao: false
    default: true
    }
  }

  /// Whether the draw itself is a differentiable function of the parameters.
  package var isDifferentiable: Bool { self == .pathwise || self == .stickingTheLanding }

  /// Whether costs are evaluated between the values of the draw, so that the objective is not that of the model.
  package var isRelaxed: Bool { if case .gumbelSoftmax = self { true } else { false } }

  /// Whether derivatives of the surrogate of every order are right, not only first ones.
  package var hasHigherOrders: Bool {
    switch self {
    case .pathwise, .scoreFunction, .enumeration: true
    default: false
    }
  }

  // MARK: - What a distribution has

  /// Every estimator that is legal for a distribution, with its usual argument.
  package static func legal(for d: any Distribution) -> [GradientEstimator] {
    var all: [GradientEstimator] = []
    if d is any ReparameterizedDistribution { all += [.stickingTheLanding, .pathwise] }
    if d is any ClassDistribution { all.append(.enumeration) }
    all += [
      .scoreFunction(.none), .scoreFunction(.movingAverage(decay: 0.9)), .scoreFunction(.leaveOneOut(draws: 2)), .scoreFunction(.optimal),
      .scoreFunction(.learned),
    ]
    if d is any BinaryDistribution { all += [.arm, .disarm] }
    if d is any WeaklyDifferentiableDistribution { all.append(.measureValued) }
    if d is any ClassDistribution {
      all += [
        .unorderedSet(draws: 2), .rebar(0.5), .relax(0.5), .straightThrough, .reinMax, .gumbelSoftmax(0.5), .straightThroughGumbel(0.5),
        .gumbelRao(0.5, draws: 10),
      ]
    }
    return all
  }

  // MARK: - Drawing

  /// Draws a value for each element of the source's plates, with the noise that the estimator needs besides.
  /// - Parameter ownCost: how often −log q of the draw stands among the costs.
  /// - Returns: nil where the distribution does not have this estimator.
  package func draw<D: Distribution>(_ d: D, using source: DrawSource, ownCost: Double = 0) -> EstimatedDraw<D.Value>? {
    guard GradientEstimator.legal(for: d).contains(where: { $0.family == family }) else { return nil }
    return Drawing(d, source, ownCost).draw(self)
  }

  /// The first word of the name.
  package var family: String { String(name.prefix { $0 != ":" }) }
}

/// A draw with its estimator.
package struct EstimatedDraw<Value: DistributionValue> {
  package let value: Value
  package let site: DrawSite
  package let estimator: any DrawEstimator
}

/// One draw in the making.
private struct Drawing<D: Distribution> {
  let d: D
  let source: DrawSource
  let ownCost: Double
  /// The draw that is used where the estimator has no way of its own.
  let first: Tensor
  let plates: [PlateAxis]
  var shape: [Int] { d.shape + plates.map(\.size) }

  init(_ d: D, _ source: DrawSource, _ ownCost: Double) {
    self.d = d
    self.source = source
    self.ownCost = ownCost
    first = d.sample(using: source).tensor
    plates = PlateAxis.union([first.plates, source.plates])
  }

  func draw(_ estimator: GradientEstimator) -> EstimatedDraw<D.Value> {
    switch estimator {
    case .pathwise, .stickingTheLanding: return finished(node(first, d.shape), PathwiseDraw())
    case .scoreFunction(let baseline):
      var others: [Node] = []
      if case .leaveOneOut(let draws) = baseline {
        others = (1..<max(draws, 2)).map { _ in node(d.sample(using: source).tensor, d.shape).stopped }
      }
      let features = (d as? any ClassDistribution).map { node($0.logProbabilities, $0.logProbabilities.shape) }
      return finished(node(first, d.shape).stopped, ScoreFunction(baseline: baseline, others: others, features: features))
    case .measureValued: return measureValued()
    case .enumeration: return finished(node(first, d.shape), EnumerationEstimator(classes: classes.count))
    case .straightThrough: return finished(node(first, d.shape), StraightThrough(classes: classes))
    case .reinMax: return finished(node(first, d.shape), ReinMax(classes: classes))
    case .gumbelSoftmax(let temperature):
      let scores = perturbed()
      return finished(Classes.argmax(scores), GumbelSoftmax(classes: classes, scores: scores, temperature: temperature))
    case .straightThroughGumbel(let temperature):
      let scores = perturbed()
      let relaxed = GumbelSoftmax(classes: classes, scores: scores, temperature: temperature)
      return finished(Classes.argmax(scores), StraightThroughGumbel(relaxed: relaxed))
    case .gumbelRao(let temperature, let draws):
      let noise = (0..<max(draws, 1)).map { _ in exponential() }
      return finished(node(first, d.shape), GumbelRao(classes: classes, noise: noise, temperature: temperature))
    case .rebar(let temperature), .relax(let temperature):
      let scores = perturbed()
      let value = Classes.argmax(scores)
      let hard = classes.oneHot(value)
      let noise = ConditionalGumbel.noise(classes, hard, scores)
      let conditional = ConditionalGumbel.reparameterized(classes, hard, exponential: noise)
      var isLearned = false
      if case .relax = estimator { isLearned = true }
      return finished(
        value,
        ControlledScore(classes: classes, scores: scores, conditional: conditional, temperature: temperature, isLearned: isLearned))
    case .arm, .disarm:
      let u = node(source.draw(.uniform, shape: d.shape), d.shape)
      let l = node((d as! any BinaryDistribution).logits, d.shape)
      let value = Node.binary(.less, .unary(.logistic, -l), u)
      let pair = AntitheticPair(logits: l, uniform: u, other: .binary(.less, u, .unary(.logistic, l)))
      return finished(value, estimator == .arm ? AugmentReinforceMerge(pair: pair) : DisARM(pair: pair))
    case .unorderedSet(let draws):
      let k = min(max(draws, 2), classes.count)
      let draws = UnorderedSet.top(k, of: perturbed(), classes)
      return finished(draws[0], UnorderedSet(classes: classes, draws: draws))
    }
  }

  private func measureValued() -> EstimatedDraw<D.Value> {
    let own = (d as! any WeaklyDifferentiableDistribution).weakDerivatives(using: source)
    let parts = own.derivatives.map { part in
      MeasureValued.Part(
        parameter: node(part.parameter, d.shape), constant: node(part.constant, d.shape), positive: part.positive.map { node($0, d.shape) },
        negative: part.negative.map { node($0, d.shape) })
    }
    return finished(node(own.value, d.shape), MeasureValued(parts: parts))
  }

  private func finished(_ value: Node, _ estimator: any DrawEstimator) -> EstimatedDraw<D.Value> {
    let (d, plates) = (d, plates)
    let batch = d.batchShape.count
    let site = DrawSite(
      value: value, elements: Array(0..<batch) + plates.indices.map { d.shape.count + $0 },
      logDensity: { node in
        d.logDensity(inside: D.Value(drawn: Tensor(node, plates: plates))).expanded(to: d.batchShape, plates: plates)
      }, ownCost: ownCost)
    return EstimatedDraw(value: D.Value(drawn: Tensor(value, plates: plates)), site: site, estimator: estimator)
  }

  // MARK: - Classes

  private func node(_ tensor: Tensor, _ visible: [Int]) -> Node { tensor.expanded(to: visible, plates: plates) }

  /// `draw` has made sure that the distribution has classes.
  private var classes: Classes {
    let own = (d as! any ClassDistribution).logProbabilities
    return Classes(logProbabilities: Tensor(node(own, own.shape)))
  }

  private func exponential() -> Tensor {
    let visible = [classes.count] + d.shape
    return Tensor(node(source.draw(.exponential, shape: visible), visible))
  }

  /// log p plus Gumbel noise.
  private func perturbed() -> Tensor {
    let visible = [classes.count] + d.shape
    return classes.logProbabilities + Tensor(node(source.draw(.gumbel, shape: visible), visible))
  }
}
