import Foundation

/// How much a posterior changes where its prior or its likelihood is raised to a power: sensitivity by importance weights, without another fit.
///
/// With log density c_s of the component at draw s, raising it to the power α gives the draws the weights exp((α − 1) c_s), Pareto smoothed. The distance between the
/// distributions with and without weights is the cumulative Jensen–Shannon distance (CJS), and the sensitivity its derivative by log₂ α at α = 1, by a difference:
/// (CJS(1/(1 + δ)) + CJS(1 + δ)) / (2 log₂(1 + δ)), δ = 0.01.
///
/// Source: Kallioinen, Paananen, Bürkner, Vehtari, "Detecting and diagnosing prior and likelihood sensitivity with power-scaling", Statistics and Computing 34
/// (2024); CJS: Nguyen, Vreeken, "Non-parametric Jensen-Shannon divergence" (2015). Conventions are those of ArviZ's `psens`.
package struct PowerScaling: Sendable {
  package static let delta = 0.01
  /// Sensitivities from here on are worth a look.
  package static let threshold = 0.05

  /// Weights for α = 1/(1 + δ) and 1 + δ; each sums to one.
  private let lower, upper: [Double]
  /// The larger k̂ of both; above ``ParetoSmoothing/threshold(draws:)`` the weights are not to be relied upon.
  package let paretoShape: Double

  /// - Parameter component: the log density of the prior, or of the likelihood, at each draw.
  package init(component: [Double]) {
    let low = ParetoSmoothing(logRatios: component.map { (1 / (1 + Self.delta) - 1) * $0 })
    let high = ParetoSmoothing(logRatios: component.map { Self.delta * $0 })
    lower = low.weights
    upper = high.weights
    // Weights that are all equal have no tail to fit, and nothing to distrust.
    let isConstant = component.allSatisfy { $0 == component[0] && $0.isFinite }
    paretoShape = isConstant ? 0 : max(low.shape, high.shape)
  }

  /// The sensitivity of one quantity, from its draws in the order of the component; NaN where all are equal or one is not finite.
  package func sensitivity(of draws: [Double]) -> Double {
    let order = draws.indices.sorted { draws[$0] < draws[$1] }
    let sum = Self.distance(draws, order, lower) + Self.distance(draws, order, upper)
    return sum / (2 * log2(1 + Self.delta))
  }

  /// The larger CJS of the draws and of their negatives, with and without weights, as a share of its bound; in [0, 1].
  package static func distance(_ draws: [Double], weights: [Double]) -> Double {
    distance(draws, draws.indices.sorted { draws[$0] < draws[$1] }, weights)
  }

  private static func distance(_ draws: [Double], _ order: [Int], _ weights: [Double]) -> Double {
    guard let first = order.first, let last = order.last, draws.allSatisfy(\.isFinite), draws[first] < draws[last] else { return .nan }
    let forward = oriented(order.map { draws[$0] }, order.map { weights[$0] })
    let backward = oriented(order.reversed().map { -draws[$0] }, order.reversed().map { weights[$0] })
    return max(forward, backward)
  }

  /// √(CJS(P‖Q) + CJS(Q‖P)) over its bound ∫P + ∫Q, with the distribution functions P of the draws and Q with weights: ∫ P log₂(P/M) + (∫Q − ∫P)/(2 ln 2) each, M the mean
  /// of both.
  private static func oriented(_ sorted: [Double], _ weights: [Double]) -> Double {
    let n = sorted.count
    let total = weights.reduce(0, +)
    var q = 0.0
    var (integralP, integralQ, divergenceP, divergenceQ) = (0.0, 0.0, 0.0, 0.0)
    for i in 0..<(n - 1) {
      let width = sorted[i + 1] - sorted[i]
      let p = Double(i + 1) / Double(n)
      q += weights[i] / total
      let middle = log2(0.5 * (p + q))
      integralP += width * p
      integralQ += width * q
      divergenceP += width * p * (log2(p) - middle)
      if q > 0 { divergenceQ += width * q * (log2(q) - middle) }
    }
    let correction = 0.5 / log(2) * (integralQ - integralP)
    return ((max(0, divergenceP + correction) + max(0, divergenceQ - correction)) / (integralP + integralQ)).squareRoot()
  }
}

/// The sensitivity of a posterior to its prior and its likelihood.
package struct SensitivityReport: Sendable {
  package enum Diagnosis: String, Sendable {
    case none = "–"
    case conflict = "potential prior-data conflict"
    case strongPrior = "potential strong prior or weak likelihood"
  }
  package struct Row: Sendable {
    /// `theta[3]`.
    package var name: String
    package var prior: Double
    package var likelihood: Double

    /// Both from ``PowerScaling/threshold`` on: prior and data disagree; the prior alone: it decides, or the data say little.
    package var diagnosis: Diagnosis {
      guard prior >= PowerScaling.threshold else { return .none }
      return likelihood >= PowerScaling.threshold ? .conflict : .strongPrior
    }
  }
  package let rows: [Row]
  package let priorShape: Double
  package let likelihoodShape: Double
  package let threshold: Double

  /// - Parameters:
  ///   - draws: the variables to look at.
  ///   - logPrior, logLikelihood: at the same draws; their elements are summed.
  package init(_ draws: DrawSet, logPrior: [VariableDraws], logLikelihood: [VariableDraws], threads: Int = 1) {
    func sum(_ variables: [VariableDraws]) -> [Double] {
      var total = [Double](repeating: 0, count: draws.chains * draws.drawsPerChain)
      for variable in variables {
        let size = variable.size
        for (chain, values) in variable.values.enumerated() {
          for (place, value) in values.enumerated() { total[chain * draws.drawsPerChain + place / max(size, 1)] += value }
        }
      }
      return total
    }
    let prior = PowerScaling(component: sum(logPrior))
    let likelihood = PowerScaling(component: sum(logLikelihood))
    let columns = draws.variables.flatMap { variable in
      (0..<variable.size).map { k in
        (
          name: variable.name + IndexText.suffix(k, variable.shape),
          values: variable.values.flatMap { chain in stride(from: k, to: chain.count, by: variable.size).map { chain[$0] } }
        )
      }
    }
    rows =
      (try? Parallel.map(columns, threads: threads) { column in
        Row(name: column.name, prior: prior.sensitivity(of: column.values), likelihood: likelihood.sensitivity(of: column.values))
      }) ?? []
    priorShape = prior.paretoShape
    likelihoodShape = likelihood.paretoShape
    threshold = ParetoSmoothing.threshold(draws: draws.chains * draws.drawsPerChain)
  }

  /// What stands in the way of relying on it, a sentence each.
  package var warnings: [String] {
    [("prior", priorShape), ("likelihood", likelihoodShape)].compactMap { name, shape in
      shape <= threshold
        ? nil
        : "k-hat of the weights for the \(name) is \(shape.brief()), above \(threshold.brief()): its sensitivities are not to be relied upon."
    }
  }
}
