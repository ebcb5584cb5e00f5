import Kernels

/// Running mean and sum of squared deviations of vectors (Welford 1962), elementwise.
struct RunningVariance: Sendable, Codable, Equatable {
  private(set) var count = 0
  private(set) var mean: [Double]
  /// Σ (x − mean)², not yet divided.
  private(set) var squares: [Double]

  init(dimension: Int) {
    mean = Array(repeating: 0, count: dimension)
    squares = mean
  }

  mutating func add(_ x: UnsafePointer<Double>) {
    count += 1
    let share = 1 / Double(count)
    mean.withUnsafeMutableBufferPointer { mean in
      squares.withUnsafeMutableBufferPointer { squares in
        for i in 0..<mean.count {
          let before = x[i] - mean[i]
          mean[i] += share * before
          squares[i] += before * (x[i] - mean[i])
        }
      }
    }
  }

  mutating func reset() {
    count = 0
    for i in mean.indices {
      mean[i] = 0
      squares[i] = 0
    }
  }
}

/// Running mean and lower triangle of the sum of outer products of deviations (Welford), for the dense metric.
struct RunningCovariance: Sendable, Codable, Equatable {
  private(set) var count = 0
  private(set) var mean: [Double]
  /// Σ (x − mean)(x − mean)ᵀ, [row][column], lower triangle.
  private(set) var products: [Double]

  init(dimension: Int) {
    mean = Array(repeating: 0, count: dimension)
    products = Array(repeating: 0, count: dimension * dimension)
  }

  mutating func add(_ x: UnsafePointer<Double>) {
    count += 1
    let n = mean.count
    let share = 1 / Double(count)
    var before = mean
    for i in 0..<n {
      before[i] = x[i] - mean[i]
      mean[i] += share * before[i]
    }
    products.withUnsafeMutableBufferPointer { products in
      for i in 0..<n {
        let after = x[i] - mean[i]
        for j in 0...i { products[i * n + j] += after * before[j] }
      }
    }
  }

  mutating func reset() {
    count = 0
    for i in mean.indices { mean[i] = 0 }
    for i in products.indices { products[i] = 0 }
  }
}

/// What a chain has learnt of the posterior's scale so far, by the scheme of its configuration. One is asked after every warm-up iteration.
struct MetricLearner: Sendable, Codable, Equatable {
  let scheme: MetricAdaptation
  private var windows: AdaptationWindows
  private var variance: RunningVariance?
  private var covariance: RunningCovariance?
  private var fisher: FisherAdaptation?

  init(dimension: Int, configuration: NUTSConfiguration) {
    scheme = configuration.metric
    windows = AdaptationWindows(
      warmup: configuration.warmup, initialBuffer: configuration.initialBuffer, baseWindow: configuration.baseWindow,
      terminalBuffer: configuration.terminalBuffer)
    switch scheme {
    case .unit: break
    case .diagonalVariance: variance = RunningVariance(dimension: dimension)
    case .dense: covariance = RunningCovariance(dimension: dimension)
    case .diagonalFisher: fisher = FisherAdaptation(dimension: dimension, configuration: configuration)
    }
  }

  /// What the caller must do after an iteration.
  enum Effect { case nothing, restartStepSize, keepStepSize }

  /// The start of a chain at position q with gradient g.
  mutating func begin(position q: UnsafePointer<Double>, gradient g: UnsafePointer<Double>, metric: EuclideanMetric) {
    fisher?.begin(position: q, gradient: g, metric: metric)
  }

  /// Whether the step size should now learn from the symmetric acceptance statistic (the Fisher scheme's late phase).
  var usesSymmetricStatistic: Bool { fisher?.isLate ?? false }

  /// Takes in the draw (q, g) that ended one warm-up iteration and replaces `metric` where the scheme says so. `isInformative` is false when
  /// the chain did not move away from its last draw.
  mutating func learn(
    position q: UnsafePointer<Double>, gradient g: UnsafePointer<Double>, isInformative: Bool, metric: EuclideanMetric
  ) -> Effect {
    switch scheme {
    case .unit: return .nothing
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
    guard var estimate = covariance, estimate.count > 1 else { return }
    let n = Double(estimate.count)
    let size = metric.dimension
    var matrix = estimate.products
    for i in 0..<size {
      for j in 0...i {
        matrix[i * size + j] *= (n / (n + 5)) / (n - 1)
        if i == j { matrix[i * size + j] += 1e-3 * (5 / (n + 5)) }
      }
    }
    let scale = (0..<size).map { matrix[$0 * size + $0].squareRoot() }
    // A matrix that rounding has made indefinite leaves the metric as it was.
    var workspace = [Double](repeating: 0, count: LinearAlgebra.choleskyWorkspaceSize(n: size))
    if LinearAlgebra.cholesky(n: size, &matrix, lda: size, workspace: &workspace) == 0 {
      metric.set(NUTSMetric(scale: scale, factor: matrix))
    }
    estimate.reset()
    covariance = estimate
  }
}
