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

  func isSound(_ fresh: RunningVariance) -> Bool { count.isCount && mean.count == fresh.mean.count && squares.count == fresh.squares.count }

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

  func isSound(_ fresh: RunningCovariance) -> Bool {
    count.isCount && mean.count == fresh.mean.count && products.count == fresh.products.count
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

  /// n/(n+5)·S + 5/(n+5)·diag S: lower triangle, [row][column], zeros above the diagonal; nil with fewer than two draws.
  ///
  /// Stan adds 10⁻³·5/(n+5) to the diagonal of n/(n+5)·S instead. That depends on the units of the unknowns: it swamps a posterior whose
  /// standard deviations are 10⁻³. Shrinking the correlations alone also makes the matrix definite and is the same in all units.
  func shrunk() -> [Double]? {
    guard count > 1 else { return nil }
    let n = Double(count)
    let size = mean.count
    var matrix = products
    for i in 0..<size {
      for j in 0...i { matrix[i * size + j] *= (i == j ? 1 : n / (n + 5)) / (n - 1) }
    }
    return matrix
  }

  /// The metric of the shrunk covariance; nil where it is not positive definite (a constant unknown, or one that has overflowed).
  func metric() -> NUTSMetric? {
    let size = mean.count
    guard var matrix = shrunk() else { return nil }
    let scale = (0..<size).map { matrix[$0 * size + $0].squareRoot() }
    var workspace = [Double](repeating: 0, count: LinearAlgebra.choleskyWorkspaceSize(n: size))
    guard scale.allSatisfy({ $0.isFinite && $0 > 0 }), LinearAlgebra.cholesky(n: size, &matrix, lda: size, workspace: &workspace) == 0,
      matrix.allSatisfy(\.isFinite)
    else { return nil }
    return NUTSMetric(scale: scale, factor: matrix)
  }
}
