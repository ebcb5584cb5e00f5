/// A diagonal metric where it will do, a dense one where the draws are strongly correlated: each chain decides for itself, from its own draws.
///
/// A chain begins and goes on as ``FisherAdaptation``. Beside it the covariance of the draws is collected in Stan's windows. At the end of a
/// window of n ≥ 2d + 20 draws of d unknowns, with κ the condition number of their correlation matrix (shrunk as
/// ``RunningCovariance/shrunk()``), the metric becomes that covariance if
///
///     κ > 2 ((1 + √(d/n)) / (1 − √(d/n)))²,
///
/// and otherwise diagonal (again). The squared ratio is the condition number that n independent draws of uncorrelated unknowns show by chance
/// (Marchenko and Pastur 1967): a dense metric must promise more than its own noise costs. Either change starts the step size anew, and from
/// a dense metric on the step size learns from the plain acceptance statistic, as in Stan. With more than `greatestDimension` unknowns, or one,
/// everything is as in ``FisherAdaptation``, to the bit.
///
/// Measured (4 × (1000 + 1000), seed 1; least bulk effective sample size and gradients, diagonal Fisher → automatic): the regressions earnings
/// 680 of 721 000 → 2300 of 254 000, kidiq 424 of 350 000 → 3100 of 130 000, sblrc 800 of 56 000 → 4900 of 52 000. A factor of 8, 12 or 20 in
/// place of 2 was worse: chains that stay diagonal on a funnel (eight schools, centred) get stuck in its neck.
struct AutomaticAdaptation: Sendable, Codable, Equatable {
  /// Above this many unknowns the metric stays diagonal: windows are too short for a covariance, and a step costs d².
  static let greatestDimension = 50
  private static let leastGain = 2.0

  private var fisher: FisherAdaptation
  private var windows: AdaptationWindows
  /// Nil where the metric can only be diagonal.
  private var covariance: RunningCovariance?
  private var isDense = false

  init(dimension: Int, configuration: NUTSConfiguration, windows: AdaptationWindows) {
    fisher = FisherAdaptation(dimension: dimension, configuration: configuration)
    self.windows = windows
    if MetricAdaptation.automatic.mayBecomeDense(dimension: dimension) { covariance = RunningCovariance(dimension: dimension) }
  }

  /// Whether it can have begun as `fresh`.
  func isSound(_ fresh: AutomaticAdaptation) -> Bool {
    fisher.isSound(fresh.fisher) && windows.isSound(fresh.windows) && covariance.isSound(fresh.covariance) { $0.isSound($1) }
  }

  /// The start of a chain at position q with gradient g.
  mutating func begin(position q: UnsafePointer<Double>, gradient g: UnsafePointer<Double>, metric: EuclideanMetric) {
    fisher.begin(position: q, gradient: g, metric: metric)
  }

  /// Whether the step size should now learn from the symmetric acceptance statistic.
  var usesSymmetricStatistic: Bool { !isDense && fisher.isLate }

  mutating func learn(
    position q: UnsafePointer<Double>, gradient g: UnsafePointer<Double>, isInformative: Bool, metric: EuclideanMetric
  ) -> MetricLearner.Effect {
    let effect = fisher.learn(position: q, gradient: g, isInformative: isInformative, metric: isDense ? nil : metric)
    guard covariance != nil else { return effect }
    defer { windows.advance() }
    if windows.isCollecting { covariance?.add(q) }
    let wasDense = isDense
    if windows.closesWindow {
      decide(metric)
      covariance?.reset()
      if isDense || wasDense { return .restartStepSize }
    }
    return isDense ? .nothing : effect
  }

  /// The decision at the end of a window; one that is too short leaves the metric as it is.
  private mutating func decide(_ metric: EuclideanMetric) {
    guard let covariance, covariance.count >= 2 * metric.dimension + 20 else { return }
    if let learnt = covariance.metric(), let shrunk = covariance.shrunk(),
      CorrelationSpread.condition(shrunk, scale: learnt.scale) > Self.threshold(dimension: metric.dimension, count: covariance.count)
    {
      metric.set(learnt)
      isDense = true
    } else if isDense {
      isDense = false
      metric.makeDiagonal()
      fisher.apply(to: metric)
    }
  }

  /// The condition number above which the metric becomes dense; count > dimension.
  private static func threshold(dimension: Int, count: Int) -> Double {
    let root = (Double(dimension) / Double(count)).squareRoot()
    let chance = (1 + root) / (1 - root)
    return leastGain * chance * chance
  }
}

extension NUTSResult {
  /// Whether a metric that is chosen automatically stayed diagonal for the number of unknowns alone, where a dense one could still be afforded.
  var metricCouldBeDense: Bool {
    guard configuration.metric == .automatic, let dimension = chains.first?.dimension else { return false }
    return (AutomaticAdaptation.greatestDimension + 1...1000).contains(dimension)
  }
}

/// How far a covariance is from diagonal.
enum CorrelationSpread {
  /// λmax/λmin of D⁻¹ Σ D⁻¹, with D = diag(scale) and the lower triangle of Σ given, [row][column]; infinite where rounding leaves no
  /// positive λmin. Eigenvalues by cyclic Jacobi rotations (Golub and Van Loan, "Matrix Computations", section 8.5).
  static func condition(_ lower: [Double], scale: [Double]) -> Double {
    let n = scale.count
    var a = lower
    for i in 0..<n {
      for j in 0...i {
        a[i * n + j] /= scale[i] * scale[j]
        a[j * n + i] = a[i * n + j]
      }
    }
    for _ in 0..<30 {
      var off = 0.0
      for p in 0..<n {
        for q in 0..<p {
          off = max(off, abs(a[p * n + q]))
          rotate(&a, n, p, q)
        }
      }
      if off < 1e-12 { break }
    }
    let eigenvalues = (0..<n).map { a[$0 * n + $0] }
    guard let least = eigenvalues.min(), let greatest = eigenvalues.max(), least > 0 else { return .infinity }
    return greatest / least
  }

  /// One Jacobi rotation that makes aₚq zero.
  private static func rotate(_ a: inout [Double], _ n: Int, _ p: Int, _ q: Int) {
    let pivot = a[p * n + q]
    guard pivot != 0 else { return }
    let tau = (a[q * n + q] - a[p * n + p]) / (2 * pivot)
    let t = (tau >= 0 ? 1.0 : -1.0) / (abs(tau) + (1 + tau * tau).squareRoot())
    let c = 1 / (1 + t * t).squareRoot()
    let s = t * c
    for k in 0..<n {
      let x = a[k * n + p]
      let y = a[k * n + q]
      a[k * n + p] = c * x - s * y
      a[k * n + q] = s * x + c * y
    }
    for k in 0..<n {
      let x = a[p * n + k]
      let y = a[q * n + k]
      a[p * n + k] = c * x - s * y
      a[q * n + k] = s * x + c * y
    }
  }
}
