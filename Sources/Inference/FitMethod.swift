import Modeling

/// What an inference does, with every setting it has.
package enum FitSettings: Sendable {
  case nuts(NUTSConfiguration, chains: [Int])
  /// `draws` from the fitted guide.
  case vi(VIConfiguration, draws: Int)
  case laplace(LaplaceConfiguration, draws: Int)
  case map(MAPConfiguration)

  package var name: String {
    switch self {
    case .nuts: "nuts"
    case .vi: "vi"
    case .laplace: "laplace"
    case .map: "map"
    }
  }
}

/// A method of inference for ``fit(_:_:seed:threads:)``, with its settings: `.nuts()`, `.vi(steps: 10_000)`, `.laplace()`, `.map()`.
public struct Method<M: Model>: Sendable {
  package var settings: FitSettings

  package init(_ settings: FitSettings) { self.settings = settings }

  /// How NUTS learns the scales of the posterior during warm-up.
  public enum Metric: Sendable {
    /// Diagonal as `fisher`, dense where a chain's draws turn out to be strongly correlated and the unknowns are few (up to 50).
    case automatic
    /// A diagonal metric from draws and gradients (Seyboldt, Carlson and Carpenter 2026).
    case fisher
    /// Stan's windowed variances.
    case variance
    /// Stan's windowed covariances.
    case dense
  }

  /// The no-U-turn sampler: `draws` kept in each of `chains` chains after `warmup` iterations of adaptation.
  public static func nuts(
    chains: Int = 4, warmup: Int = 1000, draws: Int = 1000, targetAcceptance: Double = 0.8, maximumTreeDepth: Int = 10,
    metric: Metric = .automatic
  ) -> Method {
    var configuration = NUTSConfiguration()
    configuration.warmup = warmup
    configuration.draws = draws
    configuration.targetAcceptance = targetAcceptance
    configuration.maxTreeDepth = maximumTreeDepth
    configuration.metric =
      switch metric {
      case .automatic: .automatic
      case .fisher: .diagonalFisher
      case .variance: .diagonalVariance
      case .dense: .dense
      }
    return Method(.nuts(configuration, chains: Array(0..<Swift.max(chains, 0))))
  }

  /// The Gaussian with mode and curvature of the log density in unconstrained space, and `draws` from it.
  public static func laplace(draws: Int = 4000) -> Method { Method(.laplace(LaplaceConfiguration(), draws: draws)) }

  /// The highest mode of the density in unconstrained space (Jacobian included) that L-BFGS finds from `starts` random points.
  public static func map(starts: Int = 4) -> Method {
    var configuration = MAPConfiguration()
    configuration.starts = starts
    return Method(.map(configuration))
  }
}
