import Credence

/// Radon in houses by floor: intercept and slope vary by county, non-centred.
struct Radon: Model {
  /// The logarithm of the radon level, one a house.
  let y: Tensor
  /// The house's county, counted from 1.
  let county: IntTensor
  /// 0 for a measurement in the basement, 1 on the first floor.
  let floor: Tensor
  let counties: Int

  enum CodingKeys: String, CodingKey {
    case y, county, floor
    case counties = "J"
  }

  static let summary = "varying intercepts and slopes by county, non-centred"

  func body(_ p: Program) throws -> (
    muA: Tensor, muB: Tensor, sigmaA: Tensor, sigmaB: Tensor, sigmaY: Tensor, intercept: Tensor, slope: Tensor
  ) {
    let muA = p.sample("muA", Normal(0, sd: 10))
    let muB = p.sample("muB", Normal(0, sd: 10))
    let sigmaA = p.sample("sigmaA", HalfNormal(sd: 1))
    let sigmaB = p.sample("sigmaB", HalfNormal(sd: 1))
    let sigmaY = p.sample("sigmaY", HalfNormal(sd: 1))
    let (intercept, slope) = p.plate("counties", counties) { _ in
      (muA + sigmaA * p.sample("rawA", Normal(0, sd: 1)), muB + sigmaB * p.sample("rawB", Normal(0, sd: 1)))
    }
    let home = county.zeroBased
    p.plate("houses", y.count) { n in
      let c = home[n]
      p.observe("y", Normal(intercept[c] + slope[c] * floor[n], sd: sigmaY), y[n])
    }
    return (muA, muB, sigmaA, sigmaB, sigmaY, intercept, slope)
  }
}
