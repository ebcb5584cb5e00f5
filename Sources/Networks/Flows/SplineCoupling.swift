import Differentiation
import Modeling

/// A coupling layer whose changed half goes through monotone splines with parameters from the other half.
///
/// y_a = x_a, y_b,i = spline_i(x_b,i; network(x_a)), log |det| = Σ log spline_i′. See `RationalQuadraticSpline` for the spline: K bins on
/// [−5, 5], the identity outside. Source: Durkan, Bekasov, Murray & Papamakarios, Neural spline flows (2019), arXiv:1906.04032.
public struct SplineCoupling: InvertibleFlow {
  private let half: CouplingHalf
  private let dimension: Int
  private let bins: Int
  private let network: CouplingNetwork

  /// The identity at first. Parameters are named `name.…`.
  public init(
    _ p: Recorder, _ name: String, dimension: Int, changing half: CouplingHalf, bins: Int = 8, hidden: Int, seed: UInt64
  ) {
    self.half = half
    self.dimension = dimension
    self.bins = max(1, min(bins, 100))
    network = CouplingNetwork(
      p, name, inputs: half.deciding(dimension).count, hidden: hidden,
      outputs: half.changed(dimension).count * RationalQuadraticSpline.parameterCount(bins: self.bins), seed: seed)
  }

  private func spline(_ v: Tensor) -> RationalQuadraticSpline {
    let free = network(v.slice(half.deciding(dimension), axis: 0))
    return RationalQuadraticSpline(
      free.reshaped(to: [half.changed(dimension).count, RationalQuadraticSpline.parameterCount(bins: bins)]), bins: bins)
  }

  public func forward(_ x: Tensor) -> (y: Tensor, logDeterminant: Tensor) {
    let (changed, slope) = spline(x).forward(x.slice(half.changed(dimension), axis: 0))
    return (half.joined(changed, deciding: x, dimension), slope.sum())
  }

  public func inverse(_ y: Tensor) -> (x: Tensor, logDeterminant: Tensor) {
    let (changed, slope) = spline(y).inverse(y.slice(half.changed(dimension), axis: 0))
    return (half.joined(changed, deciding: y, dimension), slope.sum())
  }
}
