import Differentiation
import Distributions

/// The classes of a draw with their log probabilities, as arrays without hidden axes: classes leading, then the shape of the draw.
struct Classes: Sendable {
  /// log p(k), [K] + S.
  let logProbabilities: Tensor
  var count: Int { logProbabilities.shape[0] }
  var probabilities: Tensor { exp(logProbabilities) }

  /// 1 at the class of each element, [K] + S.
  func oneHot(_ value: Node) -> Tensor {
    let shape = [count] + value.shape
    let number = Tensor.range(count).node.broadcast(to: shape, axes: [0])
    return Tensor(.binary(.equal, value.broadcast(to: shape, axes: Array(1..<shape.count)), number))
  }

  /// The number of the largest of each element's K scores.
  static func argmax(_ scores: Tensor) -> Node {
    let shape = scores.shape
    let best = scores.node.reduced(.maximum, axes: [0]).broadcast(to: shape, axes: Array(1..<shape.count))
    let isBelow = Node.binary(.less, scores.node, best)
    // The first that is not below the maximum.
    let runs = (1 - isBelow).cumulativeSum(axis: 0)
    return Node.binary(.equal, runs, .fill(0, shape: shape)).reduced(.sum, axes: [0])
  }
}

/// Weights of classes take the place of the class in everything downstream (`Relaxation`): the derivative flows through the weights. Biased
/// where the costs are not linear in the weights; low variance.
protocol RelaxedDraw: DrawEstimator {
  /// The weights, [K] + S, differentiable in the log probabilities.
  func weights(_ site: DrawSite, _ context: inout SurrogateContext) -> Tensor
}

extension RelaxedDraw {
  func surrogate(_ costs: [Node], _ site: DrawSite, _ context: inout SurrogateContext) -> [Node] {
    let split = TouchedCosts(costs, site)
    guard !split.touched.isEmpty else { return costs }
    return split.rest + Relaxation.apply(split.touched, site: site.value, weights: weights(site, &context).node)
  }
}

/// The temperature of a relaxation: fixed, or falling with the steps of a fit.
public struct Temperature: Sendable, Equatable, ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
  package let start, end: Double
  package let steps: Int

  /// The same in every step; positive.
  public static func constant(_ value: Double) -> Temperature { Temperature(start: value, end: value, steps: 0) }
  /// τ = start·(end/start)^(t/steps) in step t, and `end` from there on.
  public static func annealed(from start: Double, to end: Double, over steps: Int) -> Temperature {
    Temperature(start: start, end: end, steps: steps)
  }
  public init(floatLiteral value: Double) { self = .constant(value) }
  public init(integerLiteral value: Int) { self = .constant(Double(value)) }

  private init(start: Double, end: Double, steps: Int) {
    self.start = start
    self.end = end
    self.steps = steps
  }

  package var isLegal: Bool { start > 0 && end > 0 && start.isFinite && end.isFinite && steps >= 0 }

  /// The temperature of the present step.
  func value(_ context: inout SurrogateContext) -> Tensor {
    guard start != end, steps > 0 else { return Tensor(end) }
    let time = context.state("steps", [0])
    context.update(time, to: time + 1)
    let part = Node.binary(.minimum, (1 / Double(steps)) * time, .fill(1))
    return exp(log(Tensor(start)) + Tensor(part) * (log(Tensor(end)) - log(Tensor(start))))
  }
}
