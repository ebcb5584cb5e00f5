import Credence

/// How many animals there are, from how often each was caught: cottontail rabbits in an enclosure that held 135 (Edwards & Eberhardt 1967).
///
/// The 76 that were caught are augmented by animals that were never caught and may or may not be there (Royle, Dorazio & Link 2007): each has an
/// indicator of being there and one of being shy or bold, and both are summed out. The population counts the draws of the former: its median is 133,
/// with 90 % between 102 and 216. With one rate for all animals it would be far too low.
struct CaptureRecapture: Model {
  /// Of the animals that were caught.
  let captures: Tensor
  let occasions: Int
  /// Animals in all, more than there can be.
  let augmented: Int

  static let summary = "capture–recapture with data augmentation: indicators of presence and group are summed out"

  func body(_ p: Program) throws -> (psi: Tensor, bold: Tensor, rate: Tensor, population: Tensor) {
    let psi = p.sample("psi", Uniform(0, 1))
    let bold = p.sample("bold", Beta(1, 1))
    let rate = logistic(p.sample("logits", Normal(-2, sd: 1).ordered(count: 2)))
    let unseen = augmented - captures.count
    let all = concatenate([captures, Tensor.zeros([unseen])])
    let isThere = p.plate("animals", augmented) { i in
      let isThere = p.sample("there", Bernoulli(probability: psi))
      let group = p.sample("group", Bernoulli(probability: bold))
      p.observe("captures", Binomial(occasions, probability: isThere.tensor * rate[group]), all[i])
      return isThere
    }
    return (psi, bold, rate, isThere.tensor.sum())
  }
}
