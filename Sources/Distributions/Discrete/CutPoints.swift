import Differentiation

/// Classes 0 … K − 1 in order, by where η + ε falls among K − 1 increasing cut points c: class k where cₖ₋₁ < η + ε ≤ cₖ, with c₋₁ = −∞ and
/// c_{K−1} = ∞; what ``OrderedLogistic`` and ``OrderedProbit`` share.
struct CutPoints: Sendable {
  let predictor: Tensor
  let cuts: Tensor

  init(_ predictor: Tensor, _ cuts: Tensor, of owner: String) {
    self.predictor = predictor.checked(.finite, "the predictor", of: owner)
    let vector = cuts.checked(rank: 1, "cutpoints", of: owner).checked(.finite, "cutpoints", of: owner)
    self.cuts = vector.checkedIncreasing("cutpoints", of: owner)
  }

  /// K.
  var classCount: Int { cuts.shape[0] + 1 }

  /// log P(k) by the noise's log F, log(1 − F), and `between`, the logarithm of F(b) − F(a) by a, b and a − b.
  func logProbability(
    of value: IntTensor, below: (Tensor) -> Tensor, above: (Tensor) -> Tensor, between: (Tensor, Tensor, Tensor) -> Tensor
  ) -> Tensor {
    let k = value.tensor
    let (isLowest, isHighest) = (k .<= 0, k .>= classCount - 1)
    let (under, over) = (cuts[place(k - 1)], cuts[place(k)])
    // The outer classes have one bound; another beside it keeps what is not chosen finite, and its derivatives.
    let lower = select(isLowest, over - 1, under)
    let upper = select(isHighest, under + 1, over)
    let (a, b) = (lower - predictor, upper - predictor)
    if classCount == 2 { return select(isLowest, below(b), above(a)) }
    return select(isLowest, below(b), select(isHighest, above(a), between(a, b, lower - upper)))
  }

  /// log P(k) of every class, classes leading.
  func logProbabilities(_ density: (IntTensor) -> Tensor) -> Tensor {
    stack((0..<classCount).map { density(IntTensor(drawn: .full(predictor.shape, Double($0)))) })
  }

  /// How many cut points lie at or below η + ε.
  func place(noise: Tensor) -> IntTensor {
    let column = cuts.reshaped(to: cuts.shape + predictor.shape.map { _ in 1 })
    return IntTensor(drawn: (column .<= predictor + noise).sum(axis: 0))
  }

  /// The index of a cut point; any will do where there is none.
  private func place(_ index: Tensor) -> IntTensor {
    IntTensor(drawn: minimum(maximum(index, 0), classCount - 2))
  }
}
