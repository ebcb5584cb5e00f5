import Differentiation
import Distributions

extension DistributionLaws {
  /// The Hessian of the log density in the value and every parameter, against central differences of fourth order of the gradient.
  package static func secondDerivativesAgree(_ law: DistributionCase, _ point: [Double]) throws -> (problems: [String], checked: Int) {
    let isDiscrete = law.make(point.map { Tensor($0) }).support.isDiscrete
    let xs = Array(try draws(law, point, seed: 6).prefix(6))
    var problems: [String] = []
    var checked = 0
    for x in xs {
      let arguments = point + [x]
      func density(_ v: [Tensor]) -> Tensor { law.make(Array(v.dropLast())).density(of: v.last!) }
      let found = try hessian(arguments, density)
      for place in arguments.indices where !(isDiscrete && place == arguments.count - 1) {
        let h = 1e-3 * max(abs(arguments[place]), 0.05)
        let gradients = try [-2.0, -1, 1, 2].map { shift in
          var moved = arguments
          moved[place] += shift * h
          return try Recording.valueAndGradient(moved.map { ([$0], []) }, density).gradient.map { $0[0] }
        }
        for other in arguments.indices where !(isDiscrete && other == arguments.count - 1) {
          let g = gradients.map { $0[other] }
          guard g.allSatisfy(\.isFinite) else { continue }
          checked += 1
          let difference = (g[0] - 8 * g[1] + 8 * g[2] - g[3]) / (12 * h)
          let bound = 1e-6 * (1 + abs(difference)) + 1e-14 * (1 + abs(g[1])) / h
          if !(abs(found[place][other] - difference) <= bound) {
            problems.append("∂²/∂\(place)∂\(other) at \(arguments): \(found[place][other]), by differences \(difference)")
          }
        }
      }
    }
    return (Array(problems.prefix(4)), checked)
  }

  private static func hessian(_ point: [Double], _ f: ([Tensor]) -> Tensor) throws -> [[Double]] {
    let flat = try Recording.values(point.map { ([$0], []) }) { v in
      let nodes = v.map(\.node)
      func pulled(_ node: Node) -> [Node] {
        Derivatives.pullback(of: [node], cotangents: [.fill(1)], to: nodes).map { $0 ?? .fill(0) }
      }
      return pulled(f(v).node.total).flatMap { pulled($0).map { Tensor($0) } }
    }
    return point.indices.map { row in point.indices.map { flat[row * point.count + $0][0] } }
  }
}
