import Differentiation

/// The score function with a relaxation of the costs as control variate (REBAR: Tucker, Mnih, Maddison, Lawson & Sohl-Dickstein 2017,
/// arXiv:1703.07370): with perturbed log probabilities s, z = argmax s, and s̃ as drawn given z, from noise with which s̃ = s in value (not in
/// derivative),
///
/// ∇E f = E[(f(z) − c(s̃)) ∇log q(z) + ∇c(s) − ∇c(s̃)],  c(s) = η f(softmax(s/τ)).
///
/// Unbiased for every η. η is the one of least variance, from past draws. RELAX (Grathwohl, Choi, Wu, Roeder & Duvenaud 2018, arXiv:1711.00123) adds a small
/// network to c, which descends the square of the estimate itself. Three evaluations of the costs; first derivatives only.
struct ControlledScore: DrawEstimator {
  let classes: Classes
  /// s and s̃, [K] + S, differentiable.
  let scores, conditional: Tensor
  let temperature: Temperature
  /// Whether the control variate has a network.
  let isLearned: Bool

  func surrogate(_ costs: [Node], _ site: DrawSite, _ context: inout SurrogateContext) -> [Node] {
    let split = TouchedCosts(costs, site)
    guard !split.touched.isEmpty else { return costs }
    let tau = temperature.value(&context)
    let relaxed = Control(weights: (scores / tau).softmax(axis: 0), split, site)
    let again = Control(weights: (conditional / tau).softmax(axis: 0), split, site)
    let score = site.logDensity(site.value)
    let signal = site.signal(split.touched, split.reach, split.maps)
    // Everything is linear in these: the estimate is the derivative of plain − η·control − network.
    let plain = score * signal.stopped
    let control = [score * again.signal.stopped, -relaxed.slope, again.slope]
    let inputs = Node.reachable(from: [classes.logProbabilities.node]).filter { if case .input = $0.operation { true } else { false } }
    func gradient(_ terms: [Node]) -> [Node] {
      let total = CostTerms.total(terms)
      return zip(inputs, Derivatives.pullback(of: [total], cotangents: [.fill(1)], to: inputs)).map { $1 ?? .fill(0, shape: $0.shape) }
    }
    let (a, b) = (gradient([plain]), gradient(control))
    let eta = leastVariance(a, b, &context)
    var variates = control.map { eta * $0 }
    if isLearned {
      let network = Network(&context)
      let residual = zip(a, b).map { $0 - (eta.broadcast(to: $1.shape, axes: []) * $1) }.map(\.stopped)
      network.descend(residual, inputs, score, scores.node, conditional.node, &context)
      variates += network.variates(score, scores.node, conditional.node)
    }
    // (x − stop x) has the derivative and no value.
    let zeroed = ([plain] + variates.map { -$0 }).map { $0 - $0.stopped }
    return costs + zeroed + site.withoutOwnScore([site.value])
  }

  /// E⟨a, b⟩/E‖b‖², from past draws: the least E‖a − ηb‖².
  private func leastVariance(_ a: [Node], _ b: [Node], _ context: inout SurrogateContext) -> Node {
    func product(_ x: [Node], _ y: [Node]) -> Node { zip(x, y).map { ($0 * $1).total }.reduce(.fill(0), +).stopped }
    let count = context.state("steps", [0])
    let rate = Node.binary(.maximum, .unary(.reciprocal, count + 1), .fill(0.001))
    let numerator = context.state("control along the estimate", [0])
    let denominator = context.state("square of the control", [0])
    context.update(count, to: count + 1)
    context.update(numerator, to: numerator + rate * (product(a, b) - numerator))
    context.update(denominator, to: denominator + rate * (product(b, b) - denominator))
    return numerator / .binary(.maximum, denominator, .fill(1e-300))
  }

  /// The costs at relaxed weights: what each element reaches, and a term whose derivative is that of the costs through the weights alone.
  private struct Control {
    let signal, slope: Node

    init(weights: Tensor, _ split: TouchedCosts, _ site: DrawSite) {
      let terms = Relaxation.apply(split.touched, site: site.value, weights: weights.node)
      signal = site.signal(terms, split.reach, split.maps)
      let ones = terms.map { Node.fill(1, shape: $0.shape) }
      let derivative = Derivatives.pullback(of: terms, cotangents: ones, to: [weights.node])[0]
      slope = weights.node * (derivative ?? .fill(0, shape: weights.node.shape)).stopped
    }
  }

  /// r(s) = Σ over elements of aᵀ tanh(W s + c), the same for every element; zero at the start.
  private struct Network {
    let input, offset, output: Node
    static let width = 8

    init(_ context: inout SurrogateContext) {
      // Slopes and offsets spread evenly, so that no random numbers are needed.
      let spread = (0..<Network.width).map { Double($0) / Double(Network.width - 1) * 2 - 1 }
      input = context.state("slopes of the control", spread.map { $0 < 0 ? $0 - 0.2 : $0 + 0.2 }, shape: [Network.width])
      offset = context.state("offsets of the control", spread.reversed().map { 1.5 * $0 }, shape: [Network.width])
      output = context.state("weights of the control", [Double](repeating: 0, count: Network.width), shape: [Network.width])
    }

    /// r of each element [S], of the differences of the last score to the others.
    func value(_ s: Node) -> Node {
      let k = s.shape[0]
      let scores = Tensor(s)
      let odds =
        scores.slice((k - 1)..<k, axis: 0).node.reshaped(to: Array(s.shape.dropFirst()))
        - scores.slice(0..<(k - 1), axis: 0).logSumExp(axis: 0).node
      let shape = [Network.width] + odds.shape
      let wide = odds.broadcast(to: shape, axes: Array(1..<shape.count))
      func spread(_ x: Node) -> Node { x.broadcast(to: shape, axes: [0]) }
      return (spread(output) * .unary(.tanh, spread(input) * wide + spread(offset))).reduced(.sum, axes: [0])
    }

    private var parameters: [Node] { [input, offset, output] }

    /// Terms whose derivatives are the network's part of the control.
    func variates(_ score: Node, _ s: Node, _ again: Node) -> [Node] {
      func slope(_ s: Node) -> Node {
        let r = value(s)
        let derivative = Derivatives.pullback(of: [r], cotangents: [.fill(1, shape: r.shape)], to: [s])[0]
        return s * (derivative ?? .fill(0, shape: s.shape)).stopped
      }
      return [score * value(again).stopped, -slope(s), slope(again)]
    }

    /// Moves the network against the derivative of ‖residual − network's part‖².
    func descend(
      _ residual: [Node], _ inputs: [Node], _ score: Node, _ s: Node, _ again: Node, _ context: inout SurrogateContext
    ) {
      // The score's factor r(s̃) must not be differentiated by the guide's parameters, but by the network's: it stands outside as a cotangent.
      let r = value(again)
      func pulled(_ of: Node, _ cotangent: Node) -> [Node] {
        zip(inputs, Derivatives.pullback(of: [of], cotangents: [cotangent], to: inputs)).map { $1 ?? .fill(0, shape: $0.shape) }
      }
      let own = value(s)
      let parts = [pulled(score, r), pulled(own, .fill(-1, shape: own.shape)), pulled(r, .fill(1, shape: r.shape))]
      let square = inputs.indices.map { place in
        let estimate = residual[place] - parts.map { $0[place] }.reduce(.fill(0, shape: residual[place].shape), +)
        return Node.unary(.square, estimate).total
      }.reduce(.fill(0), +)
      for (parameter, slope) in zip(parameters, Derivatives.pullback(of: [square], cotangents: [.fill(1)], to: parameters)) {
        if let slope { context.descend(parameter, along: slope, rate: 0.01) }
      }
    }
  }
}
