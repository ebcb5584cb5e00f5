import Differentiation
import Distributions

/// One distribution for the laws: how it is made from parameters, and points at which the laws look.
package struct DistributionCase: Sendable, CustomStringConvertible {
  package let name: String
  /// Parameter points, each one number per parameter.
  package let points: [[Double]]
  /// Points at the edge of a parameter's range, where the density has no gradient in that parameter.
  package let edges: [[Double]]
  package let make: @Sendable ([Tensor]) -> any Distribution
  package var description: String { name }

  package init(_ name: String, _ points: [[Double]], edges: [[Double]] = [], _ make: @escaping @Sendable ([Tensor]) -> any Distribution) {
    self.name = name
    self.points = points
    self.edges = edges
    self.make = make
  }
}

extension DistributionCase {
  /// Every distribution of numbers. A new one is added here, and all laws run on it.
  package static let scalars: [DistributionCase] = continuous + discrete

  /// Without MixtureSameFamily, whose components are its one axis: laws make many of a family at once. Its own are in EstimatorImplicitTests.
  package static let continuous: [DistributionCase] =
    extremes + [
      DistributionCase("normal", [[0, 1], [-3, 0.2], [100, 30]]) { Normal($0[0], sd: $0[1]) },
      DistributionCase("halfNormal", [[1], [0.03], [40]]) { HalfNormal(sd: $0[0]) },
      DistributionCase("cauchy", [[0, 1], [-3, 0.2]]) { Cauchy($0[0], scale: $0[1]) },
      DistributionCase("halfCauchy", [[1], [5]]) { HalfCauchy(scale: $0[0]) },
      DistributionCase("studentT", [[3, 0, 1], [1.2, -3, 0.2], [30, 1, 4]]) { StudentT(df: $0[0], $0[1], scale: $0[2]) },
      DistributionCase("laplace", [[0, 1], [-3, 0.2]]) { Laplace($0[0], scale: $0[1]) },
      DistributionCase("logistic", [[0, 1], [-3, 0.2]]) { Logistic($0[0], scale: $0[1]) },
      DistributionCase("logNormal", [[0, 1], [-1, 0.3]]) { LogNormal($0[0], sd: $0[1]) },
      DistributionCase("exponential", [[1], [0.02], [30]]) { Exponential(rate: $0[0]) },
      DistributionCase("gamma", [[2, 1], [0.6, 3], [30, 0.5]]) { Gamma(shape: $0[0], rate: $0[1]) },
      DistributionCase("inverseGamma", [[3, 1], [5, 5], [0.8, 2]]) { InverseGamma(shape: $0[0], scale: $0[1]) },
      DistributionCase("beta", [[2, 3], [0.6, 0.7], [30, 8]]) { Beta($0[0], $0[1]) },
      DistributionCase("uniform", [[0, 1], [-3, 5]]) { Uniform($0[0], $0[1]) },
      DistributionCase("vonMises", [[0, 1], [2, 8], [-1, 0.05]]) { VonMises($0[0], concentration: $0[1]) },
      DistributionCase("truncatedNormal", [[0, 1, -1, 2], [0, 1, 8, 9], [2, 0.5, -5, -4]]) {
        Truncated(Normal($0[0], sd: $0[1]), lower: $0[2], upper: $0[3])
      },
      DistributionCase("truncatedCauchy", [[0, 1, -1, 2], [0, 1, 8, 90]]) {
        Truncated(Cauchy($0[0], scale: $0[1]), lower: $0[2], upper: $0[3])
      },
      DistributionCase("truncatedStudentT", [[3, 0, 1, -1, 2], [5, 0, 1, 8, 90]]) {
        Truncated(StudentT(df: $0[0], $0[1], scale: $0[2]), lower: $0[3], upper: $0[4])
      },
      DistributionCase("truncatedLaplace", [[0, 1, -1, 2], [0, 1, 8, 9]]) {
        Truncated(Laplace($0[0], scale: $0[1]), lower: $0[2], upper: $0[3])
      },
      DistributionCase("truncatedLogistic", [[0, 1, -1, 2], [0, 1, 8, 9]]) {
        Truncated(Logistic($0[0], scale: $0[1]), lower: $0[2], upper: $0[3])
      },
      DistributionCase("truncatedExponential", [[1, 0.5, 2], [3, 8, 9]]) {
        Truncated(Exponential(rate: $0[0]), lower: $0[1], upper: $0[2])
      },
      DistributionCase("truncatedGamma", [[2, 1, 0.5, 2], [7, 2, 6, 9]]) {
        Truncated(Gamma(shape: $0[0], rate: $0[1]), lower: $0[2], upper: $0[3])
      },
      DistributionCase("truncatedInverseGamma", [[3, 1, 0.1, 2], [5, 5, 2, 9]]) {
        Truncated(InverseGamma(shape: $0[0], scale: $0[1]), lower: $0[2], upper: $0[3])
      },
      DistributionCase("truncatedBeta", [[2, 3, 0.1, 0.6], [0.6, 0.7, 0.2, 0.9]]) {
        Truncated(Beta($0[0], $0[1]), lower: $0[2], upper: $0[3])
      },
      DistributionCase("gammaBelow", [[2, 1, 30], [0.4, 3, 1]]) { Truncated(Gamma(shape: $0[0], rate: $0[1]), lower: $0[2]) },
      DistributionCase("studentAbove", [[3, 0, 1, -20], [9, 1, 2, 0.5]]) {
        Truncated(StudentT(df: $0[0], $0[1], scale: $0[2]), upper: $0[3])
      },
      DistributionCase("truncatedBelow", [[0, 1, 3], [5, 2, 1]]) { Truncated(Normal($0[0], sd: $0[1]), lower: $0[2]) },
      DistributionCase("truncatedAbove", [[0, 1, -3], [5, 2, 9]]) { Truncated(Logistic($0[0], scale: $0[1]), upper: $0[2]) },
    ]

  package static let discrete: [DistributionCase] =
    counts + [
      DistributionCase("bernoulli", [[0.3], [0.95]], edges: [[0], [1]]) { Bernoulli(probability: $0[0]) },
      DistributionCase("bernoulliLogits", [[0], [-2.5]]) { Bernoulli(logits: $0[0]) },
      DistributionCase("binomial", [[5, 0.3], [40, 0.9]], edges: [[3, 0], [3, 1]]) { Binomial($0[0], probability: $0[1]) },
      DistributionCase("binomialLogits", [[5, 0.3], [40, -2]]) { Binomial($0[0], logits: $0[1]) },
      DistributionCase("poisson", [[1], [0.05], [45]], edges: [[0]]) { Poisson(rate: $0[0]) },
      DistributionCase("poissonLog", [[0], [-3], [3.5]]) { Poisson(logRate: $0[0]) },
      DistributionCase("negativeBinomial", [[3, 0.7], [40, 8], [0.2, 30]]) { NegativeBinomial(mean: $0[0], dispersion: $0[1]) },
      DistributionCase("negativeBinomialLog", [[1, 0.7], [-1, 8]]) { NegativeBinomial(logMean: $0[0], dispersion: $0[1]) },
      DistributionCase("negativeBinomialShape", [[3, 0.4], [0.8, 0.05]]) { NegativeBinomial(shape: $0[0], probability: $0[1]) },
    ]
}
