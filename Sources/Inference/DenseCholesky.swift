import Foundation

/// Small dense symmetric systems, row-major [n][n].
enum DenseCholesky {
  /// The lower factor of A; nil where A is not positive definite (a pivot below 10⁻¹³ of its diagonal element).
  static func factor(_ a: [Double]) -> [Double]? {
    let n = Int(Double(a.count).squareRoot())
    var lower = [Double](repeating: 0, count: n * n)
    for i in 0..<n {
      for j in 0...i {
        var sum = a[i * n + j]
        for k in 0..<j { sum -= lower[i * n + k] * lower[j * n + k] }
        if i == j {
          guard sum > 1e-13 * abs(a[i * n + i]), sum.isFinite else { return nil }
          lower[i * n + i] = sum.squareRoot()
        } else {
          lower[i * n + j] = sum / lower[j * n + j]
        }
      }
    }
    return lower
  }

  /// L⁻¹ b.
  static func forward(_ lower: [Double], _ b: [Double]) -> [Double] {
    let n = b.count
    var x = b
    for i in 0..<n {
      for k in 0..<i { x[i] -= lower[i * n + k] * x[k] }
      x[i] /= lower[i * n + i]
    }
    return x
  }

  /// L⁻ᵀ b.
  static func backward(_ lower: [Double], _ b: [Double]) -> [Double] {
    let n = b.count
    var x = b
    for i in (0..<n).reversed() {
      for k in (i + 1)..<max(n, i + 1) { x[i] -= lower[k * n + i] * x[k] }
      x[i] /= lower[i * n + i]
    }
    return x
  }

  /// (A + ridge · diag) ⁻¹ b, the ridge relative to the mean of the diagonal; nil where that is not positive definite.
  static func solve(_ a: [Double], ridge: Double, _ b: [Double]) -> [Double]? {
    let n = b.count
    var shifted = a
    let mean = (0..<n).reduce(0) { $0 + abs(a[$1 * n + $1]) } / Double(max(n, 1))
    for i in 0..<n { shifted[i * n + i] += ridge * mean }
    return factor(shifted).map { backward($0, forward($0, b)) }
  }

  /// A⁻¹.
  static func inverse(_ a: [Double]) -> [Double]? {
    guard let lower = factor(a) else { return nil }
    let n = Int(Double(a.count).squareRoot())
    var result = [Double](repeating: 0, count: n * n)
    for j in 0..<n {
      var unit = [Double](repeating: 0, count: n)
      unit[j] = 1
      for (i, x) in backward(lower, forward(lower, unit)).enumerated() { result[i * n + j] = x }
    }
    return result
  }
}

/// Eigenvalues and eigenvectors of a symmetric matrix by Jacobi rotations (Golub & Van Loan 2013, section 8.5).
enum SymmetricEigen {
  /// Eigenvalues [n] and eigenvectors, column k of [n][n] belonging to value k.
  static func decompose(_ matrix: [Double]) -> (values: [Double], vectors: [Double]) {
    let n = Int(Double(matrix.count).squareRoot())
    var a = matrix
    var v = (0..<(n * n)).map { $0 % (n + 1) == 0 ? 1.0 : 0 }
    for _ in 0..<60 {
      var off = 0.0
      var size = 0.0
      for i in 0..<n {
        for j in 0..<n { if i == j { size += a[i * n + i] * a[i * n + i] } else { off += a[i * n + j] * a[i * n + j] } }
      }
      if off <= 1e-30 * size || off == 0 { break }
      for p in 0..<n {
        for q in (p + 1)..<max(n, p + 1) where a[p * n + q] != 0 { rotate(&a, &v, n, p, q) }
      }
    }
    return ((0..<n).map { a[$0 * n + $0] }, v)
  }

  private static func rotate(_ a: inout [Double], _ v: inout [Double], _ n: Int, _ p: Int, _ q: Int) {
    let theta = (a[q * n + q] - a[p * n + p]) / (2 * a[p * n + q])
    let t = (theta >= 0 ? 1.0 : -1) / (abs(theta) + (theta * theta + 1).squareRoot())
    let c = 1 / (t * t + 1).squareRoot()
    let s = t * c
    for k in 0..<n {
      let (x, y) = (a[k * n + p], a[k * n + q])
      (a[k * n + p], a[k * n + q]) = (c * x - s * y, s * x + c * y)
    }
    for k in 0..<n {
      let (x, y) = (a[p * n + k], a[q * n + k])
      (a[p * n + k], a[q * n + k]) = (c * x - s * y, s * x + c * y)
    }
    for k in 0..<n {
      let (x, y) = (v[k * n + p], v[k * n + q])
      (v[k * n + p], v[k * n + q]) = (c * x - s * y, s * x + c * y)
    }
  }
}
