import Differentiation

/// A random walk of n steps with normal increments, a vector [n]: xₜ = xₜ₋₁ + σzₜ with z standard normal and x₀ = start, which does not belong to
/// the vector; p(x) = Π N(xₜ | xₜ₋₁, σ).
///
/// `GaussianRandomWalk(scale, num_steps)` of NumPyro is start 0. A walk with an unknown start has a tensor for it, such as a draw. σ may be a
/// vector [n], one for each step.
public struct GaussianRandomWalk: Distribution {
  public static let name = "GaussianRandomWalk"
  private let steps: Int
  private let sd: Tensor
  private let start: Tensor

  /// How many steps, at least 1, the standard deviation of an increment, and the value before the first step.
  public init(steps: Int, sd: some TensorConvertible, start: some TensorConvertible = 0) {
    let owner = GaussianRandomWalk.name
    self.steps = max(1, steps)
    self.sd = sd.tensor.checked(.positive, "sd", of: owner).checkedFitting(rows: self.steps, "sd", of: owner)
    let known = start.tensor.checked(rank: 0, "the start", of: owner).checked(.finite, "the start", of: owner)
    self.start = steps >= 1 ? known : .mistake("\(owner): there must be at least 1 step, not \(steps)", shape: [], from: [known])
  }

  public var batchShape: [Int] { [] }
  public var eventShape: [Int] { [steps] }
  public var support: Support { .real }

  public func logDensity(inside x: Tensor) -> Tensor {
    guard x.shape == [steps] else {
      return .mistake("GaussianRandomWalk: the value must have shape [\(steps)], but has \(x.shapeDescription)", shape: [], from: [x])
    }
    let before = concatenate([start.expandingAxis(0), x[0..<(steps - 1)]])
    return Normal(before, sd: sd).logDensity(inside: x).sum(axis: 0)
  }

  /// The start and the increments' sums.
  public func sample(using source: DrawSource) -> Tensor {
    start + (sd * source.draw(.normal, shape: [steps])).cumulativeSum(axis: 0)
  }
}

extension GaussianRandomWalk: ReparameterizedDistribution, DistributionWithMoments, DistributionWithEntropy {
  /// The start.
  public var mean: Tensor { start.broadcast(to: [steps]) }
  /// The sum of σ² up to each step.
  public var variance: Tensor { square(sd).broadcast(to: [steps]).cumulativeSum(axis: 0) }
  /// Σ log σ + n(½ + ½ log 2π).
  public var entropy: Tensor { Normal(0, sd: sd.broadcast(to: [steps])).entropy.sum(axis: 0) }
}
