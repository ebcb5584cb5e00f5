import Credence

/// How many animals there are, from how often each was caught: cottontail rabbits in an enclosure that held 135 (Edwards & Eberhardt 1967).
///
/// The 76 that were caught are augmented by animals that were never caught and may or may not be there (Royle, Dorazio & Link 2007): each has an
/// indicator of being there and one of being shy or bold, and both are summed out. With one rate for all animals the estimate would be 97, far too
/// low; with two groups it is about 150, with an interval that holds the truth.
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
    p.plate("animals", augmented) { i in
      let isThere = p.sample("there", Bernoulli(probability: psi))
      let group = p.sample("group", Bernoulli(probability: bold))
      p.observe("captures", Binomial(occasions, probability: isThere.tensor * rate[group]), all[i])
    }
    // Given the parameters, an animal that was never caught is there with this probability.
    let missed = psi * ((1 - bold) * pow(1 - rate[0], occasions) + bold * pow(1 - rate[1], occasions))
    let population = Double(captures.count) + Double(unseen) * missed / (missed + 1 - psi)
    return (psi, bold, rate, population)
  }
}
