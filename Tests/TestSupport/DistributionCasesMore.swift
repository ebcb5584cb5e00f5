import Differentiation
import Distributions

extension DistributionCase {
  /// Extreme values, bounded and skewed families, and those that are another family by other parameters.
  static let extremes: [DistributionCase] =
    skewed + [
      DistributionCase("weibull", [[1, 1], [0.6, 3], [12, 40]]) { Weibull(shape: $0[0], scale: $0[1]) },
      DistributionCase("gumbel", [[0, 1], [-3, 0.2]]) { Gumbel($0[0], scale: $0[1]) },
      DistributionCase("pareto", [[1, 3], [0.2, 30], [5, 5]]) { Pareto(scale: $0[0], shape: $0[1]) },
      DistributionCase("halfStudentT", [[3, 1], [12, 0.2], [1.2, 4]]) { HalfStudentT(df: $0[0], scale: $0[1]) },
      DistributionCase("chiSquared", [[3], [2.2], [40]]) { ChiSquared(df: $0[0]) },
      DistributionCase("inverseChiSquared", [[7], [1.5], [30]]) { InverseChiSquared(df: $0[0]) },
      DistributionCase("scaledInverseChiSquared", [[7, 1], [12, 5], [1.6, 0.5]]) { ScaledInverseChiSquared(df: $0[0], scale: $0[1]) },
      DistributionCase("asymmetricLaplace", [[0, 1, 1], [-3, 0.2, 0.5], [1, 4, 3]]) {
        AsymmetricLaplace($0[0], scale: $0[1], asymmetry: $0[2])
      },
      DistributionCase("kumaraswamy", [[2, 3], [0.6, 0.7], [20, 8]]) { Kumaraswamy($0[0], $0[1]) },
      DistributionCase("logitNormal", [[0, 1], [-1, 0.3], [2, 1.5]]) { LogitNormal($0[0], sd: $0[1]) },
    ]

  /// The cut points are those of one distribution, not of each value: their derivatives have tests of their own.
  static let counts: [DistributionCase] = [
    DistributionCase("orderedLogisticAtCuts", [[0], [2.5], [-4]]) { OrderedLogistic($0[0], cutpoints: Tensor([-1, 0.5, 2])) },
    DistributionCase("orderedProbitAtCuts", [[0], [2.5], [-1.5]]) { OrderedProbit($0[0], cutpoints: Tensor([-1, 0.5, 2])) },
    DistributionCase("twoClasses", [[0], [2.5]]) { OrderedLogistic($0[0], cutpoints: Tensor([0.5])) },
    DistributionCase("geometric", [[0.3], [0.95], [0.05]], edges: [[1]]) { Geometric(probability: $0[0]) },
    DistributionCase("geometricLogits", [[0], [-2.5]]) { Geometric(logits: $0[0]) },
    DistributionCase("discreteUniform", [[17], [6]], edges: [[2]]) { DiscreteUniform(from: 2, through: $0[0]) },
    DistributionCase("betaBinomial", [[5, 2, 3], [40, 0.6, 0.7], [300, 30, 8]]) { BetaBinomial($0[0], $0[1], $0[2]) },
    DistributionCase("zeroInflatedPoisson", [[3, 0.3], [0.2, 0.9], [45, 0.05]], edges: [[3, 0], [3, 1]]) {
      ZeroInflated(Poisson(rate: $0[0]), probability: $0[1])
    },
    DistributionCase("hurdlePoisson", [[3, 0.3], [0.4, 0.7]], edges: [[3, 0]]) { Hurdle(Poisson(rate: $0[0]), probability: $0[1]) },
    DistributionCase("hurdleBinomial", [[6, 0.4, -1]]) { Hurdle(Binomial($0[0], probability: $0[1]), logits: $0[2]) },
    DistributionCase("zeroInflatedBinomial", [[6, 0.4, -1], [12, 0.1, 2]]) {
      ZeroInflated(Binomial($0[0], probability: $0[1]), logits: $0[2])
    },
  ]

  /// Skewed families: times, maxima, sums of a symmetric and a positive variable.
  private static let skewed: [DistributionCase] = [
    DistributionCase("skewNormal", [[0, 1, 2], [-3, 0.2, -5], [1, 4, 0]]) { SkewNormal($0[0], scale: $0[1], shape: $0[2]) },
    DistributionCase("exponentiallyModifiedGaussian", [[0, 1, 1], [-3, 0.2, 30], [1, 4, 0.1]]) {
      ExponentiallyModifiedGaussian($0[0], sd: $0[1], rate: $0[2])
    },
    DistributionCase("frechet", [[3, 1], [12, 0.2], [1.5, 4]]) { Frechet(shape: $0[0], scale: $0[1]) },
    DistributionCase("logLogistic", [[1, 3], [0.2, 12], [4, 1.5]]) { LogLogistic(scale: $0[0], shape: $0[1]) },
    DistributionCase("rayleigh", [[1], [0.03], [40]]) { Rayleigh(scale: $0[0]) },
    DistributionCase("inverseGaussian", [[1, 1], [0.2, 3], [4, 0.5]]) { InverseGaussian(mean: $0[0], shape: $0[1]) },
    DistributionCase("generalizedExtremeValue", [[0, 1, 0.3], [-3, 0.2, -0.2], [2, 4, 0], [2, 4, -0.009]]) {
      GeneralizedExtremeValue($0[0], scale: $0[1], shape: $0[2])
    },
    DistributionCase("triangular", [[0, 0.3, 1], [-3, 4, 5]], edges: [[-2, -2, 4], [0, 3, 3]]) {
      TriangularDistribution($0[0], $0[2], mode: $0[1])
    },
    DistributionCase("truncatedLogLogistic", [[1, 3, 0.5, 2], [0.2, 2, 30, 90]]) {
      Truncated(LogLogistic(scale: $0[0], shape: $0[1]), lower: $0[2], upper: $0[3])
    },
  ]
}
