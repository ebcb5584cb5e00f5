/// Learns a diagonal metric from draws and gradients: s² = sd(draws)/sd(gradients), the diagonal map under which the Fisher divergence to a
/// standard normal is least. For a Gaussian with precision diagonal it is exact after as few draws as there are, whatever their spread.
///
/// Two overlapping windows estimate the variances. The foreground gives the metric after every draw; the background starts anew each time
/// it has seen a window's worth of draws, when it becomes the foreground. Early windows are short, so that the way in from the starting
/// point is soon forgotten. In the last share of warm-up the metric rests and only the step size learns. (The scheme of nutpie.)
struct FisherAdaptation: Sendable, Codable, Equatable {
  private let warmup: Int
  private let earlyEnd: Int
  private let metricEnd: Int
  private let earlyWindow: Int
  private let window: Int
  private var iteration = 0
  private var hasMetric = false
  private(set) var isLate = false
  private var draws: RunningVariance
  private var gradients: RunningVariance
  private var nextDraws: RunningVariance
  private var nextGradients: RunningVariance

  /// s² stays within these bounds.
  private static let bounds = 1e-20...1e20

  init(dimension: Int, configuration: NUTSConfiguration) {
    warmup = configuration.warmup
    earlyEnd = Int(configuration.fisherEarlyShare * Double(warmup))
    metricEnd = warmup - Int(configuration.fisherStepSizeShare * Double(warmup))
    earlyWindow = configuration.fisherEarlyWindow
    window = configuration.fisherWindow
    draws = RunningVariance(dimension: dimension)
    gradients = draws
    nextDraws = draws
    nextGradients = draws
  }

  /// Whether it can have begun as `fresh`.
  func isSound(_ fresh: FisherAdaptation) -> Bool {
    warmup == fresh.warmup && earlyEnd == fresh.earlyEnd && metricEnd == fresh.metricEnd && earlyWindow == fresh.earlyWindow
      && window == fresh.window && iteration.isCount && [draws, gradients, nextDraws, nextGradients].allSatisfy { $0.isSound(fresh.draws) }
  }

  /// The first metric: as if draws had sd 1 and gradients the size of the gradient at the starting point, s² = 1/|g|.
  mutating func begin(position q: UnsafePointer<Double>, gradient g: UnsafePointer<Double>, metric: EuclideanMetric) {
    collect(q, g)
    for i in 0..<metric.dimension {
      let square = 1 / abs(g[i])
      metric.scale[i] = FisherAdaptation.clamp(square).squareRoot()
    }
  }

  /// Takes in one draw. Without a `metric` it only learns, and waits for ``apply(to:)``.
  mutating func learn(
    position q: UnsafePointer<Double>, gradient g: UnsafePointer<Double>, isInformative: Bool, metric: EuclideanMetric?
  ) -> MetricLearner.Effect {
    defer { iteration += 1 }
    guard iteration < metricEnd else {
      isLate = true
      return .nothing
    }
    let length = iteration < earlyEnd ? earlyWindow : window
    if isInformative { collect(q, g) }
    // The background must still have time to become a full window before the metric rests.
    isLate = length + iteration > metricEnd
    if nextDraws.count >= length && !isLate {
      draws = nextDraws
      gradients = nextGradients
      nextDraws.reset()
      nextGradients.reset()
    }
    guard draws.count >= 3 else { return .nothing }
    if let metric { apply(to: metric) }
    defer { hasMetric = true }
    return hasMetric ? .keepStepSize : .restartStepSize
  }

  /// Writes the scales as they are known now into `metric`.
  func apply(to metric: EuclideanMetric) {
    for i in 0..<metric.dimension {
      let square = (draws.squares[i] / gradients.squares[i]).squareRoot()
      if square.isFinite && square > 0 { metric.scale[i] = FisherAdaptation.clamp(square).squareRoot() }
    }
  }

  private mutating func collect(_ q: UnsafePointer<Double>, _ g: UnsafePointer<Double>) {
    draws.add(q)
    gradients.add(g)
    nextDraws.add(q)
    nextGradients.add(g)
  }

  private static func clamp(_ x: Double) -> Double { x.isNaN ? 1 : min(max(x, bounds.lowerBound), bounds.upperBound) }
}
