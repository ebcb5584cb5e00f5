import Foundation

struct AutomaticAdaptation: Sendable, Codable, Equatable {
  static let greatestDimension = 50

  private var fisher: FisherAdaptation
  private var windows: AdaptationWindows
  private var covariance: RunningCovariance?
  private var isDense = false
  private var divs = 0

  init(dimension: Int, configuration: NUTSConfiguration, windows: AdaptationWindows) {
    fisher = FisherAdaptation(dimension: dimension, configuration: configuration)
    self.windows = windows
    if MetricAdaptation.automatic.mayBecomeDense(dimension: dimension) { covariance = RunningCovariance(dimension: dimension) }
  }

  mutating func begin(position q: UnsafePointer<Double>, gradient g: UnsafePointer<Double>, metric: EuclideanMetric) {
    fisher.begin(position: q, gradient: g, metric: metric)
  }

  var usesSymmetricStatistic: Bool { !isDense && fisher.isLate }

  mutating func learn(
    position q: UnsafePointer<Double>, gradient g: UnsafePointer<Double>, isInformative: Bool, isDiverging: Bool, metric: EuclideanMetric
  ) -> MetricLearner.Effect {
    let effect = fisher.learn(position: q, gradient: g, isInformative: isInformative, metric: isDense ? nil : metric)
    guard covariance != nil else { return effect }
    defer { windows.advance() }
    if windows.isCollecting {
      covariance?.add(q)
      if isDiverging { divs += 1 }
    }
    guard windows.closesWindow, let estimate = covariance else { return isDense ? .nothing : effect }
    covariance?.reset()
    let wasDense = isDense
    let n = estimate.count
    let d = metric.dimension
    let env = ProcessInfo.processInfo.environment
    let threshold = Double(env["THR"] ?? "20") ?? 20
    let dt = Double(env["DT"] ?? "1e9") ?? 1e9
    var learnt: NUTSMetric?
    if n >= 2 * d + 20, let shrunk = estimate.shrunk(), let candidate = estimate.metric() {
      let own = candidate.scale
      let f = (0..<d).map { metric.scale[$0] }
      let spread = CorrelationSpread.condition(shrunk, scale: own)
      let fs = CorrelationSpread.condition(shrunk, scale: f)
      if env["DBG"] != nil {
        FileHandle.standardError.write(Data("n \(n) dense \(wasDense) corr \(spread) fisher \(fs) div \(divs)\n".utf8))
      }
      let q = (Double(d) / Double(n)).squareRoot()
      let noise = (1 + q) / (1 - q)
      if spread > threshold * noise * noise || Double(divs) > dt * Double(n) { learnt = candidate }
    }
    divs = 0
    if let learnt {
      metric.set(learnt)
      isDense = true
    } else if wasDense, n >= 2 * d + 20 {
      isDense = false
      metric.makeDiagonal()
      fisher.apply(to: metric)
    }
    return isDense || wasDense ? .restartStepSize : effect
  }
}

/// The eigenvalues of a small symmetric matrix by cyclic Jacobi rotations.
enum CorrelationSpread {
  /// λmax/λmin of D⁻¹ Σ D⁻¹, with D = diag(scale) and the lower triangle of Σ given, [row][column].
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

  /// One Jacobi rotation that makes aₚq zero (Golub and Van Loan, section 8.5).
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
