extension NewOptions {
  /// The public types of the library.
  static let libraryTypes: Set<String> = [
    "Activation", "AffineCoupling", "AnotherParameterization", "AsymmetricLaplace", "AxisRange", "Bernoulli", "Beta", "BetaBinomial",
    "Bijection", "BinaryDistribution", "BinaryEstimator", "Binomial", "BlockAutoregressive", "Categorical", "Cauchy", "Censored",
    "ChiSquared", "CholeskyCorrelationBijection", "CholeskyCovarianceBijection", "ClassDistribution", "ClassEstimator", "CouplingHalf",
    "CumulativeDistribution", "CustomNode", "CustomNodeError", "Dense", "Diagonal", "Dirichlet", "DirichletMultinomial", "DiscreteUniform",
    "Distribution", "DistributionValue", "DistributionWithEntropy", "DistributionWithMoments", "DrawSource", "EnumerableDistribution",
    "Exponential", "ExponentialBijection", "ExponentiallyModifiedGaussian", "FitError", "FitProgress", "FitTiming", "Fitting", "Flat",
    "Flow", "FlowArchitecture", "FlowChain", "Frechet", "GRUCell", "Gamma", "GaussianRandomWalk", "GeneralizedExtremeValue", "Geometric",
    "GivenModel", "Guide", "GuideProgram", "Gumbel", "HalfCauchy", "HalfNormal", "HalfStudentT", "Hurdle", "IdentityBijection",
    "IndependentBijection", "IntTensor", "IntervalBijection", "IntervalCensored", "InverseAutoregressive", "InverseChiSquared",
    "InverseGamma", "InverseGaussian", "InvertibleFlow", "Kumaraswamy", "LKJCholesky", "Laplace", "LayerNorm", "LinearAlgebra",
    "LogLogistic", "LogNormal", "Logistic", "LogitNormal", "LowerBijection", "MaskedAutoregressive", "MeasureValuedEstimator", "Method",
    "MixtureSameFamily", "Model", "ModelError", "ModelWithExample", "ModelWithGuide", "ModelWithTestData", "Multinomial",
    "MultivariateNormal", "MultivariateStudentT", "NegativeBinomial", "Normal", "Ordered", "OrderedBijection", "OrderedLogistic",
    "OrderedProbit", "Pareto", "PathwiseEstimator", "Perceptron", "Philox", "Planar", "PlateIndex", "PlateResult", "Poisson",
    "PositiveOrderedBijection", "Posterior", "PosteriorVariable", "PredictedVariable", "Prediction", "PredictionError", "Program",
    "Promotable", "QuantileDistribution", "Radial", "RandomAddress", "RandomFill", "RandomStream", "Rayleigh", "Recorder", "Recurrences",
    "Reduction", "Refinement", "ReparameterizedDistribution", "Repeated", "ResidualBlock", "Reversal", "SIMDMath",
    "ScaledInverseChiSquared", "ScoreBaseline", "ScoreEstimator", "SimplexBijection", "SkewNormal", "Special", "SphericalUniform",
    "SplineCoupling", "Status", "StudentT", "SumToZeroBijection", "Sylvester", "Temperature", "Tensor", "TensorConvertible", "TensorError",
    "Triangular", "TriangularDistribution", "TriangularSystem", "Truncated", "Uniform", "UnitVectorMap", "UpperBijection",
    "VarianceDivisor", "VarianceShare", "VariationalObjective", "Vector8", "Verdict", "VonMises", "WeakDraw",
    "WeaklyDifferentiableDistribution", "Weibull", "ZeroInflated", "ZeroSumNormal",
  ]
}
