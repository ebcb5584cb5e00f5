extension NewOptions {
  /// The public types of the library.
  static let libraryTypes: Set<String> = [
    "Activation", "AffineCoupling", "Bernoulli", "Beta", "Bijection", "BinaryDistribution", "BinaryEstimator", "Binomial",
    "BlockAutoregressive", "Categorical", "Cauchy", "CholeskyCorrelationBijection", "CholeskyCovarianceBijection", "ClassDistribution",
    "ClassEstimator", "CouplingHalf", "CumulativeDistribution", "CustomNode", "CustomNodeError", "Dense", "Diagonal", "Dirichlet",
    "Distribution", "DistributionValue", "DistributionWithEntropy", "DistributionWithMoments", "DrawSource", "EnumerableDistribution",
    "Exponential", "ExponentialBijection", "FitError", "FitProgress", "FitTiming", "Fitting", "Flat", "Flow", "FlowArchitecture",
    "FlowChain", "GRUCell", "Gamma", "GivenModel", "Guide", "GuideProgram", "HalfCauchy", "HalfNormal", "IdentityBijection",
    "IndependentBijection", "IntTensor", "IntervalBijection", "InverseAutoregressive", "InverseGamma", "InvertibleFlow", "Laplace",
    "LayerNorm", "LinearAlgebra", "LogNormal", "Logistic", "LowerBijection", "MaskedAutoregressive", "MeasureValuedEstimator", "Method",
    "MixtureSameFamily", "Model", "ModelError", "ModelWithExample", "ModelWithGuide", "ModelWithTestData", "MultivariateNormal",
    "NegativeBinomial", "Normal", "Ordered", "OrderedBijection", "PathwiseEstimator", "Perceptron", "Philox", "Planar", "PlateIndex",
    "PlateResult", "Poisson", "PositiveOrderedBijection", "Posterior", "PosteriorVariable", "PredictedVariable", "Prediction",
    "PredictionError", "Program", "Promotable", "QuantileDistribution", "Radial", "RandomAddress", "RandomFill", "RandomStream",
    "Recorder", "Recurrences", "Reduction", "Refinement", "ReparameterizedDistribution", "Repeated", "ResidualBlock", "Reversal",
    "SIMDMath", "ScoreBaseline", "ScoreEstimator", "SimplexBijection", "Special", "SplineCoupling", "Status", "StudentT", "Sylvester",
    "Temperature", "Tensor", "TensorConvertible", "TensorError", "Triangular", "TriangularSystem", "Truncated", "Uniform",
    "UpperBijection", "VarianceDivisor", "VarianceShare", "VariationalObjective", "Vector8", "Verdict", "VonMises", "WeakDraw",
    "WeaklyDifferentiableDistribution",
  ]
}
