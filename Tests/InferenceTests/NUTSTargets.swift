import Foundation
import Modeling

/// A density written by hand, one point at a time; lanes are a loop around it. `count` is the number of data or parameters.
struct PointwiseDensity: LogDensity {
  let dimension: Int
  let preferredLanes: Int
  /// (point, gradient) ↦ value.
  let body: @Sendable (UnsafePointer<Double>, UnsafeMutablePointer<Double>) -> Double

  init(dimension: Int, preferredLanes: Int = 1, body: @escaping @Sendable (UnsafePointer<Double>, UnsafeMutablePointer<Double>) -> Double) {
    self.dimension = dimension
    self.preferredLanes = preferredLanes
    self.body = body
  }

  func makeEvaluator(lanes: Int) throws -> any LogDensityEvaluator { Evaluator(lanes: lanes, density: self) }

  final class Evaluator: LogDensityEvaluator {
    let lanes: Int
    let density: PointwiseDensity
    private var point: [Double]
    private var gradient: [Double]

    init(lanes: Int, density: PointwiseDensity) {
      self.lanes = lanes
      self.density = density
      point = Array(repeating: 0, count: density.dimension)
      gradient = point
    }

    func evaluate(positions: UnsafePointer<Double>, values: UnsafeMutablePointer<Double>, gradients: UnsafeMutablePointer<Double>) {
      if lanes == 1 {
        values[0] = density.body(positions, gradients)
        return
      }
      for lane in 0..<lanes {
        for i in 0..<density.dimension { point[i] = positions[i * lanes + lane] }
        values[lane] = gradient.withUnsafeMutableBufferPointer { g in
          point.withUnsafeBufferPointer { density.body($0.baseAddress!, g.baseAddress!) }
        }
        for i in 0..<density.dimension { gradients[i * lanes + lane] = gradient[i] }
      }
    }
  }
}

enum NUTSTargets {
  /// Independent normals with the given means and standard deviations.
  static func gaussian(means: [Double], sds: [Double]) -> PointwiseDensity {
    PointwiseDensity(dimension: means.count) { x, g in
      var value = 0.0
      for i in 0..<means.count {
        let z = (x[i] - means[i]) / sds[i]
        value -= 0.5 * z * z
        g[i] = -z / sds[i]
      }
      return value
    }
  }

  /// N(0, Σ) with precision P = Σ⁻¹ given, [row][column].
  static func gaussian(precision: [[Double]]) -> PointwiseDensity {
    let n = precision.count
    let flat = precision.flatMap { $0 }
    return PointwiseDensity(dimension: n) { x, g in
      var value = 0.0
      for i in 0..<n {
        var sum = 0.0
        for j in 0..<n { sum += flat[i * n + j] * x[j] }
        g[i] = -sum
        value -= 0.5 * sum * x[i]
      }
      return value
    }
  }

  /// Stationary autoregression of order one, x_t | x_{t−1} ~ N(ρ x_{t−1}, 1 − ρ²): unit variances, correlations ρ^|i−j|.
  static func autoregression(dimension n: Int, rho: Double) -> PointwiseDensity {
    let scale = 1 / (1 - rho * rho)
    return PointwiseDensity(dimension: n) { x, g in
      var value = -0.5 * x[0] * x[0]
      g[0] = -x[0]
      for i in 1..<n {
        let e = x[i] - rho * x[i - 1]
        value -= 0.5 * scale * e * e
        g[i] = -scale * e
        g[i - 1] += rho * scale * e
      }
      return value
    }
  }

  /// Neal's funnel: v ~ N(0, 3²), x_i ~ N(0, exp(v/2)²), i = 1…9.
  static let funnel = PointwiseDensity(dimension: 10) { x, g in
    let v = x[0]
    let precision = exp(-v)
    var squares = 0.0
    for i in 1..<10 {
      squares += x[i] * x[i]
      g[i] = -precision * x[i]
    }
    g[0] = -v / 9 - 4.5 + 0.5 * precision * squares
    return -v * v / 18 - 4.5 * v - 0.5 * precision * squares
  }

  /// Rubin's eight schools, non-centred: (mu, log tau, theta_raw[8]).
  static let eightSchools: PointwiseDensity = {
    let y: [Double] = [28, 8, -3, 7, -1, 1, 18, 12]
    let sigma: [Double] = [15, 10, 16, 11, 9, 11, 10, 18]
    let inverse = sigma.map { 1 / ($0 * $0) }
    return PointwiseDensity(dimension: 10, preferredLanes: 1) { x, g in
      y.withUnsafeBufferPointer { y in
        inverse.withUnsafeBufferPointer { inverse in
          let mu = x[0]
          let tau = exp(x[1])
          var value = -mu * mu / 50 + x[1] - log1p(tau * tau / 25)
          var gMu = -mu / 25
          var gTau = 0.0
          for j in 0..<8 {
            let raw = x[2 + j]
            let e = y[j] - mu - tau * raw
            let w = e * inverse[j]
            value -= 0.5 * (e * w + raw * raw)
            gMu += w
            gTau += w * raw
            g[2 + j] = w * tau - raw
          }
          g[0] = gMu
          g[1] = gTau * tau + 1 - 2 * tau * tau / (25 + tau * tau)
          return value
        }
      }
    }
  }()

  /// Varying intercepts and slopes over `county`, non-centred: (mu_a, mu_b, log sigma_a, log sigma_b, log sigma_y, a_raw, b_raw).
  static func radon(y: [Double], county: [Int], floor: [Double], counties: Int) -> PointwiseDensity {
    PointwiseDensity(dimension: 5 + 2 * counties) { x, g in
      let sa = exp(x[2]), sb = exp(x[3]), sy = exp(x[4])
      for i in 0..<5 + 2 * counties { g[i] = 0 }
      let precision = 1 / (sy * sy)
      var squares = 0.0
      let a = x + 5, b = x + 5 + counties
      let ga = g + 5, gb = g + 5 + counties
      var gmA = 0.0, gmB = 0.0, gsA = 0.0, gsB = 0.0
      y.withUnsafeBufferPointer { y in
        county.withUnsafeBufferPointer { county in
          floor.withUnsafeBufferPointer { floor in
            for n in 0..<y.count {
              let c = county[n]
              let e = y[n] - (x[0] + sa * a[c]) - (x[1] + sb * b[c]) * floor[n]
              squares += e * e
              let w = e * precision
              gmA += w
              gmB += w * floor[n]
              gsA += w * a[c]
              gsB += w * b[c] * floor[n]
              ga[c] += w * sa
              gb[c] += w * sb * floor[n]
            }
          }
        }
      }
      var value = -0.5 * precision * squares - Double(y.count) * x[4]
      for c in 0..<counties {
        value -= 0.5 * (a[c] * a[c] + b[c] * b[c])
        ga[c] -= a[c]
        gb[c] -= b[c]
      }
      value += -(x[0] * x[0] + x[1] * x[1]) / 200 - 0.5 * (sa * sa + sb * sb + sy * sy) + x[2] + x[3] + x[4]
      g[0] = gmA - x[0] / 100
      g[1] = gmB - x[1] / 100
      g[2] = gsA * sa - sa * sa + 1
      g[3] = gsB * sb - sb * sb + 1
      g[4] = precision * squares - Double(y.count) - sy * sy + 1
      return value
    }
  }
}
