extension NewOptions {
  /// The public types of the library.
  static let libraryTypes: Set<String> = [
    "Activation", "AffineCoupling", "AnotherParameterization", "AsymmetricLaplace", "Bernoulli", "Beta", "BetaBinomial", "Bijection",
    "BinaryDistribution", "BinaryEstimator", "Binomial", "BlockAutoregressive", "Categorical", "Cauchy", "ChiSquared",
    "CholeskyCorrelationBijection", "CholeskyCovarianceBijection", "ClassDistribution", "ClassEstimator", "CouplingHalf",
    "CumulativeDistribution", "CustomNode", "CustomNodeError", "Dense", "Diagonal", "Dirichlet", "DirichletMultinomial", "DiscreteUniform",
    "Distribution", "DistributionValue", "DistributionWithEntropy", "DistributionWithMoments", "DrawSource", "EnumerableDistribution",
    "Exponential", "ExponentialBijection", "FitError", "FitProgress", "FitTiming", "Fitting", "Flat", "Flow", "FlowArchitecture",
    "FlowChain", "GRUCell", "Gamma", "GaussianRandomWalk", "Geometric", "GivenModel", "Guide", "GuideProgram", "Gumbel", "HalfCauchy",
    "HalfNormal", "HalfStudentT", "IdentityBijection", "IndependentBijection", "IntTensor", "IntervalBijection", "InverseAutoregressive",
    "InverseChiSquared", "InverseGamma", "InvertibleFlow", "Kumaraswamy", "LKJCholesky", "Laplace", "LayerNorm", "LinearAlgebra",
    "LogNormal", "Logistic", "LogitNormal", "LowerBijection", "MaskedAutoregressive", "MeasureValuedEstimator", "Method",
    "MixtureSameFamily", "Model", "ModelError", "ModelWithExample", "ModelWithGuide", "ModelWithTestData", "Multinomial",
    "MultivariateNormal", "MultivariateStudentT", "NegativeBinomial", "Normal", "Ordered", "OrderedBijection", "OrderedLogistic",
    "OrderedProbit", "Pareto", "PathwiseEstimator", "Perceptron", "Philox", "Planar", "PlateIndex", "PlateResult", "Poisson",
    "PositiveOrderedBijection", "Posterior", "PosteriorVariable", "PredictedVariable", "Prediction", "PredictionError", "Program",
    "Promotable", "QuantileDistribution", "Radial", "RandomAddress", "RandomFill", "RandomStream", "Recorder", "Recurrences", "Reduction",
    "Refinement", "ReparameterizedDistribution", "Repeated", "ResidualBlock", "Reversal", "SIMDMath", "ScaledInverseChiSquared",
    "ScoreBaseline", "ScoreEstimator", "SimplexBijection", "Special", "SplineCoupling", "Status", "StudentT", "Sylvester", "Temperature",
    "Tensor", "TensorConvertible", "TensorError", "Triangular", "TriangularSystem", "Truncated", "Uniform", "UpperBijection",
    "VarianceDivisor", "VarianceShare", "VariationalObjective", "Vector8", "Verdict", "VonMises", "WeakDraw",
    "WeaklyDifferentiableDistribution", "Weibull", "ZeroInflated",
  ]
}
