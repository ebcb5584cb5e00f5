import Differentiation
import Foundation

/// Monotone rational-quadratic splines on [−B, B], the identity outside; one for each of m numbers.
///
/// Between the knots (x_k, y_k) and (x_{k+1}, y_{k+1}) with slopes d_k, d_{k+1}, s = (y_{k+1} − y_k)/(x_{k+1} − x_k), θ = (x − x_k)/(x_{k+1} − x_k):
/// y = y_k + (y_{k+1} − y_k) (s θ² + d_k θ(1−θ)) / (s + (d_{k+1} + d_k − 2s) θ(1−θ)). The slopes at ±B are 1, so the map is continuously
/// differentiable on the whole line. Source: Gregory & Delbourgo (1982); Durkan, Bekasov, Murray & Papamakarios (2019), arXiv:1906.04032.
struct RationalQuadraticSpline: Sendable {
  static let bound = 5.0
  private static let smallestShare = 1e-3
  private static let smallestSlope = 1e-3

  /// [m, K] each: width and height of a bin, its lower knot, the slopes at its ends.
  private let widths, heights, left, bottom, slopes, nextSlopes: Tensor

  /// The number of free numbers behind one spline of K bins.
  static func parameterCount(bins: Int) -> Int { 3 * bins - 1 }

  /// - Parameter free: [m, 3K − 1], any numbers: K widths, K heights, K − 1 inner slopes; zero gives the identity.
  init(_ free: Tensor, bins: Int) {
    let count = free.shape[0]
    let width = 2 * Self.bound
    func shares(_ raw: Tensor) -> Tensor {
      width * (Self.smallestShare + (1 - Double(bins) * Self.smallestShare) * raw.softmax(axis: 1))
    }
    func starts(_ sizes: Tensor) -> Tensor {
      let first = Tensor.full([count, 1], -Self.bound)
      guard bins > 1 else { return first }
      return concatenate([first, sizes.cumulativeSum(axis: 1).slice(0..<(bins - 1), axis: 1) - Self.bound], axis: 1)
    }
    widths = shares(free.slice(0..<bins, axis: 1))
    heights = shares(free.slice(bins..<(2 * bins), axis: 1))
    left = starts(widths)
    bottom = starts(heights)
    // softplus(log(e^{1−ε} − 1)) = 1 − ε: zero gives slope one.
    let zero = Foundation.log(Foundation.exp(1 - Self.smallestSlope) - 1)
    let end = Tensor.ones([count, 1])
    if bins > 1 {
      let inner = Self.smallestSlope + softplus(free.slice((2 * bins)..<(3 * bins - 1), axis: 1) + zero)
      slopes = concatenate([end, inner], axis: 1)
      nextSlopes = concatenate([inner, end], axis: 1)
    } else {
      slopes = end
      nextSlopes = end
    }
  }

  private struct Bin {
    var width, height, left, bottom, slope, nextSlope: Tensor
    /// Height over width.
    var secant: Tensor { height / width }
  }

  /// The bin of each number v [m] among lower knots [m, K].
  private func bin(_ v: Tensor, _ knots: Tensor) -> Bin {
    let bins = knots.shape[1]
    let reached = v.expandingAxis(1) .>= knots
    let next =
      bins > 1
      ? concatenate([reached.slice(1..<bins, axis: 1), .zeros([knots.shape[0], 1])], axis: 1) : Tensor.zeros([knots.shape[0], 1])
    let mine = reached - next
    func pick(_ x: Tensor) -> Tensor { (mine * x).sum(axis: 1) }
    return Bin(
      width: pick(widths), height: pick(heights), left: pick(left), bottom: pick(bottom), slope: pick(slopes), nextSlope: pick(nextSlopes))
  }

  /// log dy/dx at θ.
  private func logSlope(_ b: Bin, _ theta: Tensor) -> Tensor {
    let rest = 1 - theta
    let s = b.secant
    let denominator = s + (b.nextSlope + b.slope - 2 * s) * theta * rest
    let numerator = b.nextSlope * square(theta) + 2 * s * theta * rest + b.slope * square(rest)
    return 2 * log(s) + log(numerator) - 2 * log(denominator)
  }

  /// x [m] ↦ (y [m], log dy/dx [m]).
  func forward(_ x: Tensor) -> (y: Tensor, logSlope: Tensor) {
    let isInside = abs(x) .< Self.bound
    let inside = select(isInside, x, 0)
    let b = bin(inside, left)
    let theta = (inside - b.left) / b.width
    let s = b.secant
    let mixed = theta * (1 - theta)
    let y = b.bottom + b.height * (s * square(theta) + b.slope * mixed) / (s + (b.nextSlope + b.slope - 2 * s) * mixed)
    return (select(isInside, y, x), select(isInside, logSlope(b, theta), 0))
  }

  /// y [m] ↦ (x [m], log dx/dy [m]): the root of a quadratic in the form that does not cancel.
  func inverse(_ y: Tensor) -> (x: Tensor, logSlope: Tensor) {
    let isInside = abs(y) .< Self.bound
    let inside = select(isInside, y, 0)
    let b = bin(inside, bottom)
    let s = b.secant
    let rise = inside - b.bottom
    let excess = rise * (b.nextSlope + b.slope - 2 * s)
    let quadratic = b.height * (s - b.slope) + excess
    let linear = b.height * b.slope - excess
    let root = sqrt(maximum(square(linear) + 4 * quadratic * s * rise, 0))
    let theta = 2 * s * rise / (linear + root)
    return (select(isInside, b.left + theta * b.width, y), select(isInside, -logSlope(b, theta), 0))
  }
}
