import Credence

/// Party identification by ideology and background, National Election Study 1980.
struct PartyIdentification: Model {
  /// 1 (strong Democrat) to 7 (strong Republican), used as a number.
  let party: Tensor
  /// Ideology, 1 to 7; race, coded 1, 1.5 or 2; education, 1 to 4; sex, 1 or 2; income class, 1 to 5.
  let ideology, race, education, gender, income: Tensor
  /// Age class: 18–29, 30–44, 45–64, 65 and over, counted from 1.
  let age: IntTensor

  enum CodingKeys: String, CodingKey {
    case gender, income
    case party = "partyid7"
    case ideology = "real_ideo"
    case race = "race_adj"
    case education = "educ1"
    case age = "age_discrete"
  }

  static let name = "nes1980-nes"
  static let summary = "linear regression with indicators, flat priors, 701 respondents"

  func body(_ p: Program) throws -> (beta: Tensor, sigma: Tensor) {
    let beta = p.sample("beta", Flat().repeated(9))
    let sigma = p.sample("sigma", Flat.positive)
    // The first age class is the base.
    let ages = (2...4).map { age.tensor .== $0 }
    let predictors = stack([.ones(party.shape), ideology, race] + ages + [education, gender, income], axis: 1)
    p.plate("respondents", party.count) { n in
      p.observe("party", Normal(dot(predictors[n], beta), sd: sigma), party[n])
    }
    return (beta, sigma)
  }
}
