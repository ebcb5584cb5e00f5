/// What a chain has learnt of the posterior's scale so far, by the scheme of its configuration. One is asked after every warm-up iteration.
struct MetricLearner: Sendable, Codable, Equatable {
  let scheme: MetricAdaptation
  private var windows: AdaptationWindows
  private var variance: RunningVariance?
  private var covariance: RunningCovariance?
  private var fisher: FisherAdaptation?
  private var automatic: AutomaticAdaptation?

  init(dimension: Int, configuration: NUTSConfiguration) {
    scheme = configuration.metric
    windows = AdaptationWindows(
      warmup: configuration.warmup, initialBuffer: configuration.initialBuffer, baseWindow: configuration.baseWindow,
      terminalBuffer: configuration.terminalBuffer)
    switch scheme {
    case .unit: break
    case .automatic: automatic = AutomaticAdaptation(dimension: dimension, configuration: configuration, windows: windows)
    case .diagonalVariance: variance = RunningVariance(dimension: dimension)
    case .dense: covariance = RunningCovariance(dimension: dimension)
    case .diagonalFisher: fisher = FisherAdaptation(dimension: dimension, configuration: configuration)
    }
  }

  /// Whether it can have begun as `fresh`.
  func isSound(_ fresh: MetricLearner) -> Bool {
    scheme == fresh.scheme && windows.isSound(fresh.windows) && variance.isSound(fresh.variance) { $0.isSound($1) }
      && covariance.isSound(fresh.covariance) { $0.isSound($1) } && fisher.isSound(fresh.fisher) { $0.isSound($1) }
      && automatic.isSound(fresh.automatic) { $0.isSound($1) }
  }

  /// What the caller must do after an iteration.
  enum Effect { case nothing, restartStepSize, keepStepSize }

  /// The start of a chain at position q with gradient g.
  mutating func begin(position q: UnsafePointer<Double>, gradient g: UnsafePointer<Double>, metric: EuclideanMetric) {
    fisher?.begin(position: q, gradient: g, metric: metric)
    automatic?.begin(position: q, gradient: g, metric: metric)
  }

  /// Whether the step size should now learn from the symmetric acceptance statistic (the Fisher scheme's late phase).
  var usesSymmetricStatistic: Bool { fisher?.isLate ?? automatic?.usesSymmetricStatistic ?? false }

  /// Takes in the draw (q, g) that ended one warm-up iteration and replaces `metric` where the scheme says so. `isInformative` is false when
  /// the chain did not move away from its last draw.
  mutating func learn(
    position q: UnsafePointer<Double>, gradient g: UnsafePointer<Double>, isInformative: Bool, metric: EuclideanMetric
  ) -> Effect {
    switch scheme {
    case .unit: return .nothing
    case .automatic:
      return automatic?.learn(position: q, gradient: g, isInformative: isInformative, metric: metric) ?? .nothing
    case .diagonalFisher: return fisher?.learn(position: q, gradient: g, isInformative: isInformative, metric: metric) ?? .nothing
    case .diagonalVariance, .dense:
      if windows.isCollecting {
        variance?.add(q)
        covariance?.add(q)
      }
      defer { windows.advance() }
      guard windows.closesWindow else { return .nothing }
      if variance != nil { replaceDiagonal(metric) }
      if covariance != nil { replaceDense(metric) }
      return .restartStepSize
    }
  }

  /// n/(n+5)·S² + 10⁻³·5/(n+5), Stan's regularization.
  private mutating func replaceDiagonal(_ metric: EuclideanMetric) {
    guard var estimate = variance, estimate.count > 1 else { return }
    let n = Double(estimate.count)
    for i in 0..<metric.dimension {
      let value = (n / (n + 5)) * (estimate.squares[i] / (n - 1)) + 1e-3 * (5 / (n + 5))
      if value.isFinite { metric.scale[i] = value.squareRoot() }
    }
    estimate.reset()
    variance = estimate
  }

  private mutating func replaceDense(_ metric: EuclideanMetric) {
    guard var estimate = covariance else { return }
    // A matrix that rounding has made indefinite leaves the metric as it was.
    if let learnt = estimate.metric() { metric.set(learnt) }
    estimate.reset()
    covariance = estimate
  }
}
