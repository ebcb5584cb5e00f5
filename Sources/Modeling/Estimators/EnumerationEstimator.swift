import Differentiation

/// E f as the sum over all values: no variance, exact derivatives of every order. Elements that a cost tells apart (plates, elementwise terms)
/// are summed each by itself, those that it mixes jointly: K values and n mixed elements are Kⁿ evaluations of the cost.
struct EnumerationEstimator: DrawEstimator {
  /// The number of values of an element.
  let classes: Int

  /// The largest number of evaluations of one cost.
  static let limit = 4096

  func surrogate(_ costs: [Node], _ site: DrawSite, _ context: inout SurrogateContext) -> [Node] {
    let split = TouchedCosts(costs, site)
    var result = split.rest
    for (term, map) in zip(split.touched, split.maps) {
      do { result.append(try sum(of: term, map, split.reach, site)) } catch { context.report("\(error)") }
    }
    return result
  }

  private func sum(of term: Node, _ map: [Int?], _ reach: Reach, _ site: DrawSite) throws -> Node {
    let mixed = map.indices.filter { map[$0] == nil }
    let lengths = mixed.map { reach.shape[$0] }
    let count = lengths.reduce(1, *)
    var configurations = 1
    for _ in 0..<count where configurations <= EnumerationEstimator.limit { configurations *= classes }
    guard configurations <= EnumerationEstimator.limit else {
      throw EnumerationEstimator.tooLarge(nil, "values: \(classes) for each of \(count) elements that one cost mixes")
    }
    var total = Node.fill(0)
    for configuration in 0..<configurations {
      var rest = configuration
      let digits = (0..<count).map { _ in
        defer { rest /= classes }
        return Double(rest % classes)
      }
      let value = Node.constant(digits, shape: lengths).broadcast(to: site.value.shape, axes: mixed.map { site.elements[$0] })
      let weight = Node.unary(.exp, reach.summed(site.logDensity(value), map))
      let cost = reach.reduced(Node.substitute([term], [site.value: value])[0], map)
      // A value of probability zero may have an infinite cost.
      let isPossible = Node.binary(.less, .fill(0, shape: weight.shape), weight)
      total = total + weight * .select(isPossible, cost, .fill(0, shape: cost.shape))
    }
    return total
  }

  static func tooLarge(_ count: Int?, _ what: String) -> EstimatorLimit {
    EstimatorLimit(
      "it would take \(count.map { "\($0) " } ?? "more than \(limit) ")\(what); take score-function, disarm, rebar, relax or a relaxation such as gumbel-softmax instead"
    )
  }
}

/// Why an estimator cannot treat the costs of a draw.
struct EstimatorLimit: Error, CustomStringConvertible {
  let description: String
  init(_ sentence: String) { description = sentence }
}
