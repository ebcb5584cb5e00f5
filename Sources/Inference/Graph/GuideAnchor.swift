import Differentiation
import Foundation
import Modeling

/// The affine map from the coordinates of a graph guide to the unconstrained vector: u = m + L z, or m + s ∘ z.
///
/// With m and L from a Gaussian fit a posterior that is nearly Gaussian is nearly N(0, I) in z, whatever its scales and correlations.
package struct GuideAnchor: Sendable {
  /// m [n].
  package var location: [Double]
  /// L [n][n], lower, or nil for diag(scales).
  package var factor: [Double]?
  /// s [n]: the marginal standard deviations.
  package var scales: [Double]

  package var dimension: Int { location.count }

  /// diag(1) at the origin.
  package init(dimension n: Int) {
    location = [Double](repeating: 0, count: n)
    scales = [Double](repeating: 1, count: n)
  }

  package init(_ guide: GaussianGuide) {
    location = guide.location
    scales = guide.standardDeviations.map { max($0, 1e-150) }
    factor = guide.family == .fullRank ? guide.choleskyFactor : nil
  }

  /// The same without correlations, with the marginal standard deviations.
  var diagonal: GuideAnchor {
    var copy = self
    copy.factor = nil
    return copy
  }

  /// log |det ∂u/∂z|.
  var logDeterminant: Double {
    let n = dimension
    if let factor { return (0..<n).reduce(0) { $0 + log(factor[$1 * n + $1]) } }
    return scales.reduce(0) { $0 + log($1) }
  }

  private var factorTensor: Tensor? { factor.map { Tensor($0, shape: [dimension, dimension]) } }

  /// u of z.
  func point(_ z: Tensor) -> Tensor {
    Tensor(location) + (factorTensor.map { matmul($0, z) } ?? Tensor(scales) * z)
  }

  /// z of u.
  func coordinates(_ u: Tensor) -> Tensor {
    let away = u - Tensor(location)
    return factorTensor.map { triangularSolve($0, away) } ?? away / Tensor(scales)
  }

  /// z of u, as numbers.
  func coordinates(_ u: [Double]) -> [Double] {
    let n = dimension
    var z = [Double](repeating: 0, count: n)
    for i in 0..<n {
      var sum = u[i] - location[i]
      if let factor {
        for j in 0..<i { sum -= factor[i * n + j] * z[j] }
        z[i] = sum / factor[i * n + i]
      } else {
        z[i] = sum / scales[i]
      }
    }
    return z
  }
}
