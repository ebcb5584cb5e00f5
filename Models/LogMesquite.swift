import Credence

/// Leaf weight of mesquite bushes by their measurements, all in logarithms but the group.
struct LogMesquite: Model {
  /// Leaf weight, grams.
  let weight: Tensor
  /// Canopy diameter along the longer and the shorter axis, and the two heights, metres.
  let diam1, diam2, canopyHeight, totalHeight: Tensor
  /// Stems per plant unit.
  let density: Tensor
  /// 0 or 1: the group of measurements.
  let group: Tensor

  enum CodingKeys: String, CodingKey {
    case weight, diam1, diam2, density, group
    case canopyHeight = "canopy_height"
    case totalHeight = "total_height"
  }

  static let name = "mesquite-logmesquite"
  static let summary = "linear regression on logarithms, flat priors, 46 bushes"

  func body(_ p: Program) throws -> (beta: Tensor, sigma: Tensor) {
    let beta = p.sample("beta", Flat().repeated(7))
    let sigma = p.sample("sigma", Flat.positive)
    let predictors = stack(
      [.ones(weight.shape), log(diam1), log(diam2), log(canopyHeight), log(totalHeight), log(density), group], axis: 1)
    let logWeight = log(weight)
    p.plate("bushes", weight.count) { n in
      p.observe("logWeight", Normal(dot(predictors[n], beta), sd: sigma), logWeight[n])
    }
    return (beta, sigma)
  }
}
