import Differentiation
import Distributions

/// One draw of a stochastic computation, as estimators see it: arrays without hidden axes.
package struct DrawSite: Sendable {
  /// The draw, of the shape of a value followed by the plates; what is downstream depends on it.
  package let value: Node
  /// The axes of the value along which elements are independent: all but those of events. They are the shape of a log density.
  package let elements: [Int]
  /// log q of another value at its elements, differentiable in q's parameters.
  package let logDensity: @Sendable (Node) -> Node
  /// How often −log q of this draw stands among the costs: 0 for a plain expectation, size/present of its plates in an evidence bound.
  package let ownCost: Double

  /// The sum of the given costs over everything that each element of the draw reaches: of the shape of a log density.
  func signal(_ terms: [Node], _ reach: Reach, _ maps: [[Int?]]) -> Node {
    zip(terms, maps).map { reach.placed(reach.reduced($0, $1), $1) }.reduce(.fill(0, shape: reach.shape), +)
  }
}

/// How the derivative of E f gets through a draw.
///
/// The costs are made into a **surrogate**: costs of the same sum whose derivative by any parameter is an unbiased (or knowingly biased)
/// estimate of the derivative of the expectation. Draws are treated from the last to the first, so that a draw's costs are surrogates for
/// all draws behind it, and estimators of different kinds nest.
package protocol DrawEstimator: Sendable {
  /// The surrogate of costs, of which every element counts.
  func surrogate(_ costs: [Node], _ site: DrawSite, _ context: inout SurrogateContext) -> [Node]
}

/// The surrogate of a whole computation.
package enum Surrogate {
  /// The costs with the derivatives of their expectation over all draws, which stand in order of drawing.
  package static func of(
    _ costs: [Node], draws: [(site: DrawSite, estimator: any DrawEstimator)], _ context: inout SurrogateContext
  ) -> [Node] {
    draws.reversed().reduce(costs) { $1.estimator.surrogate($0, $1.site, &context) }
  }
}

/// The draw itself carries the derivative.
struct PathwiseDraw: DrawEstimator {
  func surrogate(_ costs: [Node], _ site: DrawSite, _ context: inout SurrogateContext) -> [Node] { costs }
}

/// Costs that a draw reaches, and the others.
struct TouchedCosts {
  let reach: Reach
  let touched: [Node]
  let maps: [[Int?]]
  let rest: [Node]

  init(_ costs: [Node], _ site: DrawSite) {
    let reach = Reach(of: site.value, elements: site.elements, in: costs)
    self.reach = reach
    touched = costs.filter(reach.reaches)
    maps = touched.map { reach.axes(of: $0)! }
    rest = costs.filter { !reach.reaches($0) }
  }

  /// The costs at another value of the draw.
  func at(_ value: Node, _ site: DrawSite) -> [Node] { value === site.value ? touched : Node.substitute(touched, [site.value: value]) }

  /// For every element of the draw the costs it reaches if that element alone has the candidate's value.
  func replacing(by candidate: Node, _ site: DrawSite) throws -> Node {
    var signal = Node.fill(0, shape: reach.shape)
    for (map, places) in Dictionary(grouping: touched.indices, by: { maps[$0] }).sorted(by: { $0.value[0] < $1.value[0] }) {
      let terms = places.map { touched[$0] }
      let mixed = map.indices.filter { map[$0] == nil }.map { site.elements[$0] }
      let lengths = mixed.map { site.value.shape[$0] }
      let count = lengths.reduce(1, *)
      guard count <= EnumerationEstimator.limit else { throw EnumerationEstimator.tooLarge(count, "evaluations, one an element") }
      for place in 0..<count {
        let mask = Node.indicator(place, mixed, in: site.value.shape)
        let value = count == 1 ? candidate : Node.select(mask, candidate, site.value)
        let found = Node.substitute(terms, [site.value: value])
        let sum = site.signal(found, reach, places.map { maps[$0] })
        signal = signal + (count == 1 ? sum : Node.indicator(place, map.indices.filter { map[$0] == nil }, in: reach.shape) * sum)
      }
    }
    return signal
  }
}

/// The surrogates of all draws of one computation, and the numbers that their estimators adapt.
package struct SurrogateContext {
  package fileprivate(set) var states: [EstimatorState] = []
  package fileprivate(set) var problems: [String] = []

  package init() {}

  /// A number that changes from step to step: the input that holds it now.
  mutating func state(_ name: String, _ initial: [Double], shape: [Int] = []) -> Node {
    let input = Node.input(name, shape: shape)
    states.append(EstimatorState(input: input, initial: initial, next: input))
    return input
  }

  /// What the state will be in the next step: the mean of this over particles.
  mutating func update(_ input: Node, to next: Node) {
    guard let place = states.firstIndex(where: { $0.input === input }) else { return }
    states[place].next = next
  }

  mutating func report(_ sentence: String) { if !problems.contains(sentence) { problems.append(sentence) } }

  /// Moves a state against a gradient by Adam (Kingma & Ba 2015, arXiv:1412.6980), inside the graph.
  mutating func descend(_ input: Node, along gradient: Node, rate: Double) {
    let zeros = [Double](repeating: 0, count: input.count)
    let (first, second) = (state("first moment", zeros, shape: input.shape), state("second moment", zeros, shape: input.shape))
    let time = state("steps", [0])
    let now = time + 1
    let m = 0.9 * first + 0.1 * gradient
    let v = 0.999 * second + 0.001 * Node.unary(.square, gradient)
    func unbiased(_ x: Node, _ decay: Double) -> Node {
      x / (1 - Node.binary(.power, .fill(decay), now)).broadcast(to: x.shape, axes: [])
    }
    let step = rate * (unbiased(m, 0.9) / (Node.unary(.squareRoot, unbiased(v, 0.999)) + 1e-8))
    update(first, to: m)
    update(second, to: v)
    update(time, to: now)
    update(input, to: input - step)
  }
}

/// A number that an estimator learns while a fit runs: a baseline, a temperature, a weight of a control variate. It depends on earlier steps
/// alone, so that what uses it stays unbiased.
package struct EstimatorState: Sendable {
  package let input: Node
  package let initial: [Double]
  package fileprivate(set) var next: Node
}

extension Node {
  /// 1, with the derivative of w: exp(w − stop w), the magic box (Foerster et al. 2018, arXiv:1802.05098). A cost times the box of the log
  /// density of what it depends on has the right derivatives of every order.
  static func magicBox(_ w: Node) -> Node { .unary(.exp, w - .unary(.stopGradient, w)) }

  /// 0, with this derivative in the parameter.
  static func slope(_ parameter: Node, _ derivative: Node) -> Node {
    (parameter - .unary(.stopGradient, parameter)) * .unary(.stopGradient, derivative)
  }

  var stopped: Node { .unary(.stopGradient, self) }

  /// 1 in the elements whose indices along these axes are those of a place, counted row-major; 0 elsewhere.
  static func indicator(_ place: Int, _ axes: [Int], in shape: [Int]) -> Node {
    let lengths = axes.map { shape[$0] }
    let count = lengths.reduce(1, *)
    let small = Node.constant((0..<count).map { $0 == place ? 1 : 0 }, shape: lengths)
    return small.broadcast(to: shape, axes: axes)
  }
}
