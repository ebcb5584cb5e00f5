import Credence

/// A child's test score by facts about the mother, with an interaction. Predictors as they are, so that coefficients correlate near ±0.99.
struct KidscoreInteraction: Model {
  /// The score of each child.
  let score: Tensor
  /// 1 where the mother completed high school.
  let highSchool: Tensor
  /// The mother's IQ.
  let iq: Tensor

  enum CodingKeys: String, CodingKey {
    case score = "kid_score"
    case highSchool = "mom_hs"
    case iq = "mom_iq"
  }

  static let name = "kidiq-kidscore_interaction"
  static let summary = "linear regression of test scores, collinear interaction"

  func body(_ p: Program) throws -> (beta: Tensor, sigma: Tensor) {
    let beta = p.sample("beta", Flat().repeated(4))
    let sigma = p.sample("sigma", HalfCauchy(scale: 2.5))
    p.plate("children", score.count) { n in
      let (hs, iq) = (highSchool[n], iq[n])
      let mean = beta[0] + beta[1] * hs + beta[2] * iq + beta[3] * (hs * iq)
      p.observe("score", Normal(mean, sd: sigma), score[n])
    }
    return (beta, sigma)
  }
}
