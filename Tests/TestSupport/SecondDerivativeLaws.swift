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
        // Two steps, the coarse one first: their disagreement says how far the fine one is off.
        let shifts = [-2 * h, -h, h, 2 * h, -h, -h / 2, h / 2, h]
        let columns = arguments.indices.map { c in shifts.map { arguments[c] + (c == place ? $0 : 0) } }
        let (value, gradients) = try Recording.valueAndGradient(columns.map { ($0, [shifts.count]) }, density)
        guard value.isFinite else { continue }
        for other in arguments.indices where !(isDiscrete && other == arguments.count - 1) {
          let g = gradients[other]
          checked += 1
          let coarse = (g[0] - 8 * g[1] + 8 * g[2] - g[3]) / (12 * h)
          let fine = (g[4] - 8 * g[5] + 8 * g[6] - g[7]) / (6 * h)
          let bound = 1e-6 * (1 + abs(fine)) + 1e-14 * (1 + abs(g[1])) / h + abs(coarse - fine) / 5
          if !(abs(found[place][other] - fine) <= bound) {
            problems.append("∂²/∂\(place)∂\(other) at \(arguments): \(found[place][other]), by differences \(fine)")
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
