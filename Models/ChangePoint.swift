import Credence

/// Yearly counts whose rate changes once, in a year that is summed out: disasters in British coal mines, 1851–1962 (Jarrett 1979).
///
/// With these data: 3.1 disasters a year before the change, 0.9 after it. The first year with the new rate is most likely 1892 (`change` 41), and
/// with probability 0.95 one of 1886 to 1896.
struct ChangePoint: Model {
  let disasters: Tensor
  let firstYear: Int

  enum CodingKeys: String, CodingKey {
    case disasters
    case firstYear = "first_year"
  }

  static let summary = "coal-mining disasters: two rates and the year of the change, which is summed out"

  func body(_ p: Program) throws -> (early: Tensor, late: Tensor, change: IntTensor) {
    let early = p.sample("early", Exponential(rate: 1))
    let late = p.sample("late", Exponential(rate: 1))
    // The first year with the new rate, counted from the first one of the data.
    let change = p.sample("change", Categorical(logits: Tensor.zeros([disasters.count])))
    p.plate("years", disasters.count) { year in
      let rate = select(year.number.tensor .< change.tensor, early, late)
      p.observe("disasters", Poisson(rate: rate), disasters[year])
    }
    return (early, late, change)
  }
}
