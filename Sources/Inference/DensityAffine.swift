import Modeling

/// A density in the coordinates z of u = m + L z: where L Lᵀ is the covariance of u it has about the identity as its own.
///
/// log p(m + L z) without the constant log |det L|, so that values stay those of the original. For a sampler the map is the same as the metric (L Lᵀ)⁻¹ on u.
struct AffineDensity: LogDensity {
  let base: any LogDensity
  /// m [n].
  let location: [Double]
  /// L [n][n], lower.
  let factor: [Double]

  var dimension: Int { base.dimension }
  var preferredLanes: Int { base.preferredLanes }

  func makeEvaluator(lanes: Int) throws -> any LogDensityEvaluator {
    AffineEvaluator(try base.makeEvaluator(lanes: lanes), location: location, factor: factor)
  }

  /// u of z.
  func point(_ z: ArraySlice<Double>) -> [Double] {
    let n = dimension
    let first = z.startIndex
    var u = location
    for i in 0..<n {
      for j in 0...i { u[i] += factor[i * n + j] * z[first + j] }
    }
    return u
  }

  /// z of u.
  func coordinates(_ u: ArraySlice<Double>) -> [Double] { DenseCholesky.forward(factor, zip(u, location).map { $0 - $1 }) }
}

private final class AffineEvaluator: LogDensityEvaluator {
  private let base: any LogDensityEvaluator
  private let location, factor, points, slopes: Storage
  private let dimension: Int
  var lanes: Int { base.lanes }

  init(_ base: any LogDensityEvaluator, location: [Double], factor: [Double]) {
    self.base = base
    dimension = location.count
    self.location = Storage(location)
    self.factor = Storage(factor)
    points = Storage(dimension * base.lanes)
    slopes = Storage(dimension * base.lanes)
  }

  func evaluate(positions: UnsafePointer<Double>, values: UnsafeMutablePointer<Double>, gradients: UnsafeMutablePointer<Double>) {
    let (n, w) = (dimension, lanes)
    let l = factor.base
    for i in 0..<n {
      for lane in 0..<w {
        var sum = location.base[i]
        for j in 0...i { sum += l[i * n + j] * positions[j * w + lane] }
        points.base[i * w + lane] = sum
      }
    }
    base.evaluate(positions: points.base, values: values, gradients: slopes.base)
    for j in 0..<n {
      for lane in 0..<w {
        var sum = 0.0
        for i in j..<n { sum += l[i * n + j] * slopes.base[i * w + lane] }
        gradients[j * w + lane] = sum
      }
    }
  }
}
