import Differentiation

/// ∂E f/∂θ = c·(E f(z⁺) − E f(z⁻)) with draws of the two parts of the derivative of the measure (Pflug 1989; Heidergott & Vázquez-Abad 2000;
/// Rosca, Figurnov, Mohamed & Mnih 2019). Unbiased for any f, low variance where the parts are coupled; two evaluations of the costs for every
/// parameter and for every element that a cost mixes with others. First derivatives only.
struct MeasureValued: DrawEstimator {
  struct Part: Sendable {
    let parameter, constant: Node
    let positive, negative: Node?
  }
  let parts: [Part]

  func surrogate(_ costs: [Node], _ site: DrawSite, _ context: inout SurrogateContext) -> [Node] {
    let split = TouchedCosts(costs, site)
    guard !split.touched.isEmpty else { return costs }
    let here = site.signal(split.touched, split.reach, split.maps)
    var result = costs
    do {
      for part in parts {
        let above = try part.positive.map { try split.replacing(by: $0, site) } ?? here
        let below = try part.negative.map { try split.replacing(by: $0, site) } ?? here
        result.append(Node.slope(part.parameter, part.constant * (above - below)))
      }
    } catch { context.report("\(error)") }
    return result + site.withoutOwnScore([site.value])
  }
}
