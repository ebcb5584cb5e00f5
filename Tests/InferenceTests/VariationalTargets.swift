import Foundation
import Kernels
import Modeling

/// Densities with known answers for guides, modes and Laplace approximations. All constants are kept.
enum VariationalTargets {
  /// N(mean, D R D), R_ij = ρ^|i−j|, D = diag(scales): correlations and scales at will, evidence 1.
  static func gaussian(mean: [Double], scales: [Double], rho: Double, lanes: Int = 8) -> PointwiseDensity {
    let n = mean.count
    let c = 1 / (1 - rho * rho)
    let constant =
      -0.5 * Double(n) * log(2 * Double.pi) - scales.reduce(0) { $0 + log($1) } - 0.5 * Double(n - 1) * log(1 - rho * rho)
    return PointwiseDensity(dimension: n, preferredLanes: lanes) { x, g in
      var value = constant
      for i in 0..<n {
        let z = (x[i] - mean[i]) / scales[i]
        var p = precision(i, n, rho, c) * z
        if i > 0 { p -= c * rho * (x[i - 1] - mean[i - 1]) / scales[i - 1] }
        if i < n - 1 { p -= c * rho * (x[i + 1] - mean[i + 1]) / scales[i + 1] }
        value -= 0.5 * z * p
        g[i] = -p / scales[i]
      }
      return value
    }
  }

  private static func precision(_ i: Int, _ n: Int, _ rho: Double, _ c: Double) -> Double {
    n == 1 ? 1 : i == 0 || i == n - 1 ? c : c * (1 + rho * rho)
  }

  /// 1/√(precision_ii) of the same Gaussian: the optimal mean-field sds.
  static func conditionalScales(_ scales: [Double], rho: Double) -> [Double] {
    scales.indices.map { scales[$0] / precision($0, scales.count, rho, 1 / (1 - rho * rho)).squareRoot() }
  }

  /// Prior N(0, 1), one observation 10 with sd 0.5, without constants.
  static let conjugate = PointwiseDensity(dimension: 1, preferredLanes: 8) { x, g in
    g[0] = -x[0] + 4 * (10 - x[0])
    return -0.5 * x[0] * x[0] - 2 * (10 - x[0]) * (10 - x[0])
  }

  /// a ~ N(0, 1), b | a ~ N((a² − 1)/2, ½²).
  static let banana = PointwiseDensity(dimension: 2, preferredLanes: 8) { x, g in
    let r = x[1] - 0.5 * (x[0] * x[0] - 1)
    g[0] = -x[0] + 4 * r * x[0]
    g[1] = -4 * r
    return -0.5 * x[0] * x[0] - 2 * r * r - log(2 * Double.pi) + log(2)
  }

  /// Independent Student's t with ν degrees of freedom.
  static func studentT(_ n: Int, degrees nu: Double) -> PointwiseDensity {
    PointwiseDensity(dimension: n, preferredLanes: 8) { x, g in
      var value = 0.0
      for i in 0..<n {
        value -= (nu + 1) / 2 * log1p(x[i] * x[i] / nu)
        g[i] = -(nu + 1) * x[i] / (nu + x[i] * x[i])
      }
      return value
    }
  }

  /// Eight schools with u = log τ at index 1: (mu, log tau, theta or its raw form [8]); all constants as `peers` keeps them.
  static func eightSchools(isCentred: Bool, lanes: Int = 8) -> PointwiseDensity {
    let y: [Double] = [28, 8, -3, 7, -1, 1, 18, 12]
    let sigma: [Double] = [15, 10, 16, 11, 9, 11, 10, 18]
    let constant =
      -log(5) - 8.5 * log(2 * Double.pi) - sigma.reduce(0) { $0 + log($1) } + log(2 / (5 * Double.pi))
    return PointwiseDensity(dimension: 10, preferredLanes: lanes) { x, g in
      let mu = x[0]
      let tau = exp(x[1])
      let ratio = tau * tau / 25
      var value = constant - mu * mu / 50 - log1p(ratio) + x[1]
      var gMu = -mu / 25
      var gTau = 1 - 2 * ratio / (1 + ratio)
      for j in 0..<8 {
        let z = x[2 + j]
        let theta = isCentred ? z : mu + tau * z
        let e = (y[j] - theta) / sigma[j]
        let r = isCentred ? (z - mu) / tau : z
        value += -0.5 * (r * r + e * e) - (isCentred ? x[1] : 0)
        gMu += isCentred ? r / tau : e / sigma[j]
        gTau += isCentred ? r * r - 1 : e / sigma[j] * tau * z
        g[2 + j] = isCentred ? -r / tau + e / sigma[j] : -z + e / sigma[j] * tau
      }
      g[0] = gMu
      g[1] = gTau
      return value - 4 * log(2 * Double.pi)
    }
  }

  /// Logistic regression with N(0, 1) coefficients on made-up data, an intercept first.
  static func logistic(_ n: Int, rows: Int) -> PointwiseDensity {
    var stream = RandomStream(at: RandomAddress(seed: 5, purpose: 1))
    let beta = (0..<n).map { _ in stream.nextNormal() }
    var design: [Double] = []
    var outcome: [Double] = []
    for _ in 0..<rows {
      let row = [1] + (1..<n).map { _ in stream.nextNormal() }
      let eta = zip(row, beta).reduce(0) { $0 + $1.0 * $1.1 }
      design += row
      outcome.append(stream.nextUniform() < 1 / (1 + exp(-eta)) ? 1 : 0)
    }
    return PointwiseDensity(dimension: n, preferredLanes: 8) { [design, outcome] x, g in
      var value = 0.0
      for i in 0..<n {
        value -= 0.5 * x[i] * x[i]
        g[i] = -x[i]
      }
      for r in 0..<rows {
        var eta = 0.0
        for i in 0..<n { eta += design[r * n + i] * x[i] }
        value += outcome[r] * eta - max(eta, 0) - log1p(exp(-abs(eta)))
        let residual = outcome[r] - 1 / (1 + exp(-eta))
        for i in 0..<n { g[i] += residual * design[r * n + i] }
      }
      return value
    }
  }

  /// Σ wᵢ f(xᵢ) ≈ E f(x), x ~ N(0, 1): Gauss–Hermite with nine points, exact for polynomials of degree 17.
  static let hermite: [(node: Double, weight: Double)] = {
    // Newton on the probabilists' He₉; weights 9! / (81 He₈(x)²).
    func values(_ x: Double) -> (he9: Double, he8: Double) {
      var a = 1.0
      var b = x
      for k in 1..<9 { (a, b) = (b, x * b - Double(k) * a) }
      return (b, a)
    }
    return [-4.5, -3.2, -2.1, -1.0, 0, 1.0, 2.1, 3.2, 4.5].map { start in
      var x = start
      for _ in 0..<50 { x -= values(x).he9 / (9 * values(x).he8) }
      return (x, 362880 / (81 * values(x).he8 * values(x).he8))
    }
  }()
}
