import Differentiation
import Distributions
import TestSupport
import Testing

@Suite("Mistakes become sentences; edges have their values")
struct MistakeTests {
  static let sentences: [(@Sendable () -> Tensor, String)] = [
    ({ Normal(0, sd: -1).logDensity(of: 0) }, "Normal: sd must be positive and finite, but is -1.0"),
    ({ Normal(0, sd: Tensor([1, 2, 0])).logDensity(of: 0) }, "Normal: sd must be positive and finite, but element 2 is 0.0"),
    ({ Normal(Tensor(Double.nan), sd: 1).logDensity(of: 0) }, "Normal: the mean must be finite, but is nan"),
    ({ HalfNormal(sd: 0).logDensity(of: 0) }, "HalfNormal: sd must be positive and finite, but is 0.0"),
    ({ HalfCauchy(scale: -5).logDensity(of: 0) }, "HalfCauchy: scale must be positive and finite, but is -5.0"),
    ({ StudentT(df: 0, 0, scale: 1).logDensity(of: 0) }, "StudentT: df must be positive and finite, but is 0.0"),
    ({ Gamma(shape: 2, rate: Double.infinity).logDensity(of: 1) }, "Gamma: rate must be positive and finite, but is inf"),
    ({ Uniform(2, 2).logDensity(of: 2) }, "Uniform: the lower bound must be below the upper one, but they are 2.0 and 2.0"),
    ({ Beta(1, -1).logDensity(of: 0.5) }, "Beta: b must be positive and finite, but is -1.0"),
    ({ Bernoulli(probability: 1.5).logDensity(of: 1) }, "Bernoulli: probability must be a probability between 0 and 1, but is 1.5"),
    (
      { Binomial(2.5, probability: 0.5).logDensity(of: 1) },
      "Binomial: the number of trials must be a whole number, at least 0, but is 2.5"
    ),
    ({ Poisson(rate: -2).logDensity(of: 1) }, "Poisson: rate must be at least 0 and finite, but is -2.0"),
    ({ Categorical(probabilities: Tensor([0.5, 0.6])).logDensity(of: 1) }, "Categorical: probabilities must sum to 1, but sum to 1.1"),
    (
      { Categorical(logits: 3).logDensity(of: 0) },
      "Categorical: logits must be a vector (shape [n]), but has shape []"
    ),
    (
      { Categorical(logits: Tensor([[0, 1], [2, 3], [4, 5]])).logDensity(of: [0, 1, 1]) },
      "Categorical: logits must be a vector (shape [n]), but has shape [3, 2]; write one for each element in a plate"
    ),
    (
      { MultivariateNormal(0, covariance: Tensor([[1.0, 2, 3], [4, 5, 6]])).logDensity(of: Tensor([1.0, 2])) },
      "MultivariateNormal: covariance must be a square matrix, but has shape [2, 3]"
    ),
    (
      { MultivariateNormal(Tensor([0.0, 0, 0]), covariance: Tensor.identity(2)).logDensity(of: Tensor([1.0, 2])) },
      "MultivariateNormal: the mean has shape [3], the matrix has 2 rows"
    ),
    (
      { MultivariateNormal(0, cholesky: Tensor.identity(2)).logDensity(of: Tensor([1.0, 2, 3])) },
      "MultivariateNormal: the value must have shape [2], but has [3]"
    ),
    (
      { Dirichlet(Tensor([1.0, -1])).logDensity(of: Tensor([0.5, 0.5])) },
      "Dirichlet: the concentration must be positive and finite, but element 1 is -1.0"
    ),
    (
      { Truncated(Normal(0, sd: 1), lower: 2, upper: 1).logDensity(of: 1) },
      "Truncated Normal: the lower bound must be below the upper one, but they are 2.0 and 1.0"
    ),
    (
      { Normal(Tensor([1, 2, 3]), sd: 1).ordered(count: 2).logDensity(of: Tensor([1.0, 2])) },
      "ordered Normal: the elements must be one distribution or a vector of 2, but the shape is [3]"
    ),
    (
      { Normal(Tensor([1.0, 2]), sd: 1).ordered(count: 3).sample(using: DrawSource()) },
      "ordered Normal: the elements must be one distribution or a vector of 3, but the shape is [2]"
    ),
    (
      { NegativeBinomial(mean: 0, dispersion: 2).logDensity(of: 1) },
      "NegativeBinomial: mean must be positive and finite, but is 0.0"
    ),
    (
      { NegativeBinomial(shape: 3, probability: 1).logDensity(of: 1) },
      "NegativeBinomial: probability must lie strictly between 0 and 1, but is 1.0"
    ),
    (
      { Truncated(Flatless(), lower: 0).sample(using: DrawSource()) },
      "Truncated Flatless has no draws, since the quantiles of Flatless are not known"
    ),
    (
      { Normal(Tensor([1.0, 2]), sd: Tensor([1.0, 2, 3])).logDensity(of: 0) },
      "* cannot combine shapes [2] and [3]: axes, compared from the last, must be equal or 1"
    ),
    (
      { OrderedLogistic(0, cutpoints: Tensor([1.0, 3, 2])).logDensity(of: 1) },
      "OrderedLogistic: cutpoints must increase, but element 1 is 3.0 and the next is 2.0"
    ),
    (
      { OrderedProbit(0, cutpoints: Tensor([Double]())).logDensity(of: 0) }, "OrderedProbit: cutpoints must have at least one element"
    ),
    ({ LKJCholesky(size: 0, concentration: 1).logDensity(of: .ones([1, 1])) }, "LKJCholesky: the size must be at least 1, but is 0"),
    (
      { LKJCholesky(size: 3, concentration: 1).logDensity(of: .identity(2)) },
      "LKJCholesky: the value must have shape [3, 3], but has [2, 2]"
    ),
    (
      { MultivariateNormal(0, sd: Tensor([1.0, 2, 3]), choleskyCorrelation: Tensor.identity(2)).logDensity(of: Tensor([1.0, 2])) },
      "MultivariateNormal: sd has shape [3], the matrix has 2 rows"
    ),
    ({ Geometric(probability: 0).logDensity(of: 1) }, "Geometric: probability must be positive and finite, but is 0.0"),
    (
      { DiscreteUniform(from: 2, through: 1).logDensity(of: 1) },
      "DiscreteUniform: the largest value must be a whole number, at least 2, but is 1.0"
    ),
    (
      { ZeroInflated(DiscreteUniform(from: 1, through: 3), probability: 0.5).logDensity(of: 1) },
      "ZeroInflated DiscreteUniform: the base must be a distribution of numbers 0, 1, 2 …, and its support is whole numbers from 1 to 3"
    ),
    (
      { Multinomial(3, probabilities: Tensor([0.5, 0.5])).logDensity(of: IntTensor([1, 1, 1])) },
      "Multinomial: the value must have shape [2], but has [3]"
    ),
    (
      { MultivariateStudentT(df: 3, Tensor([1.0, 2, 3]), cholesky: Tensor.identity(2)).logDensity(of: Tensor([1.0, 2])) },
      "MultivariateStudentT: the location must be a number or have shape [2], but has shape [3]"
    ),
    ({ GaussianRandomWalk(steps: 0, sd: 1).logDensity(of: .zeros([1])) }, "GaussianRandomWalk: there must be at least 1 step, not 0"),
    ({ ZeroSumNormal(size: 0, sd: 1).logDensity(of: .zeros([1])) }, "ZeroSumNormal: the size must be at least 1, but is 0"),
    (
      { ZeroSumNormal(size: 3, sd: 1).logDensity(of: .zeros([2])) },
      "ZeroSumNormal: the value must have shape [3], but has [2]"
    ),
    ({ SphericalUniform(size: 1).logDensity(of: Tensor([1.0, 0])) }, "SphericalUniform: the size must be at least 2, but is 1"),
    (
      { TriangularDistribution(0, 1, mode: 2).logDensity(of: 0.5) },
      "TriangularDistribution: the mode must lie between the bounds 0.0 and 1.0, but is 2.0"
    ),
    (
      { Censored(Normal(0, sd: 1), isRightCensored: Tensor([0, 2.0])).logDensity(of: Tensor([1.0, 1])) },
      "Censored Normal: isRightCensored must be 0 or 1, but element 1 is 2.0"
    ),
    (
      { Censored(Normal(0, sd: 1), lower: 2, upper: 1).logDensity(of: 1) },
      "Censored Normal: the lower bound must be below the upper one, but they are 2.0 and 1.0"
    ),
    (
      { Hurdle(DiscreteUniform(from: 1, through: 3), probability: 0.5).logDensity(of: 1) },
      "Hurdle DiscreteUniform: the base must be a distribution of numbers, and of whole ones those from 0, and its support is whole numbers from 1 to 3"
    ),
    (
      { Dirichlet([1, 2, 3]).logDensity(of: Tensor([[0.2, 0.3, 0.5], [0.1, 0.1, 0.8]])) },
      "Dirichlet: the value must have shape [3], but has [2, 3]"
    ),
    ({ ChiSquared(df: -1).logDensity(of: 1) }, "ChiSquared: df must be positive and finite, but is -1.0"),
    (
      { Flat(on: .integers(from: 0, through: nil)).logDensity(of: 0) },
      "Flat is for continuous variables, and the support is whole numbers from 0"
    ),
  ]

  @Test("parameters and shapes", arguments: sentences.indices)
  func sentence(place: Int) {
    let (body, expected) = Self.sentences[place]
    // The first of the sentences: a mistake in shapes is met again wherever the shapes are combined again.
    #expect(message { try body().values() }.prefix { $0 != "\n" } == expected)
  }

  @Test("NaN stays NaN, as a value and as a parameter", arguments: DistributionCase.scalars)
  func nan(law: DistributionCase) throws {
    let point = law.points[0]
    let inputs = (point + [.nan]).map { (values: [$0], shape: [Int]()) }
    let value = try Recording.values(inputs) { v in [law.make(Array(v.dropLast())).density(of: v.last!)] }[0][0]
    #expect(value.isNaN)
    for place in point.indices {
      var arguments = point.map { (values: [$0], shape: [Int]()) }
      arguments[place].values[0] = .nan
      // A value inside the support, whatever the other parameters are.
      let x = try Recording.draws(seed: 1) { source in [law.make(law.points[0].map { Tensor($0) }).draw(using: source)] }[0][0]
      let density = try Recording.values(arguments + [(values: [x], shape: [])]) { v in
        [law.make(Array(v.dropLast())).density(of: v.last!)]
      }[0][0]
      #expect(density.isNaN, "parameter \(place)")
    }
  }

  @Test("at infinity the log density is −∞", arguments: DistributionCase.continuous)
  func infinity(law: DistributionCase) throws {
    for x in [Double.infinity, -.infinity] {
      let value = try Recording.values([([x], [])]) { [law.make(law.points[0].map { Tensor($0) }).density(of: $0[0])] }[0][0]
      #expect(value == -.infinity, "\(x): \(value)")
    }
  }

  @Test("what is wrong with data, for a report")
  func violations() {
    #expect(Support.positive.violation(by: Tensor([1, -2])) == "element 1 is -2.0, and the support is x > 0")
    #expect(Support.integers(from: 0, through: 1).violation(by: 2) == "the value is 2.0, and the support is whole numbers from 0 to 1")
    #expect(Support.interval(0, 2.5).violation(by: 3) == "the value is 3.0, and the support is 0 ≤ x ≤ 2.5")
    #expect(Support.unitInterval.violation(by: 0.5) == nil)
    #expect(Support.counts(total: 4).violation(by: Tensor([1, 2])) == "the sum is 3.0, and the support is counts with sum 4")
    #expect(Support.counts(total: 4).violation(by: Tensor([5, -1])) == "element 1 is -1.0, and the support is whole numbers from 0")
    #expect(Support.counts(total: 4).violation(by: Tensor([1, 3])) == nil)
    #expect(Support.real.violation(by: -3) == nil)
  }
}

/// Has a distribution function and no quantiles.
private struct Flatless: CumulativeDistribution {
  static let name = "Flatless"
  var batchShape: [Int] { [] }
  var support: Support { .real }
  func logDensity(inside value: Tensor) -> Tensor { Logistic(0, scale: 1).logDensity(inside: value) }
  func sample(using source: DrawSource) -> Tensor { source.draw(.logistic, shape: []) }
  func logCDF(_ x: Tensor) -> Tensor { -softplus(-x) }
  func logSurvival(_ x: Tensor) -> Tensor { -softplus(x) }
}
