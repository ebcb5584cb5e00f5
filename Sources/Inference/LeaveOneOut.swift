import Foundation

/// The log likelihood of every point at every draw: what leave-one-out, WAIC and weights of models are made of.
package struct PointwiseLogLikelihood: Sendable {
  /// Sites in order, each with the shape of its points.
  package private(set) var sites: [(name: String, shape: [Int])]
  package private(set) var chains: Int
  package private(set) var drawsPerChain: Int
  /// [point][chain · draw]; points site after site, row-major.
  package private(set) var values: [[Double]]

  /// - Parameter variables: the sites of ``DrawGroups/logLikelihood``, all with equally many draws.
  package init(_ variables: [VariableDraws]) {
    sites = variables.map { ($0.name, $0.shape) }
    chains = variables.first?.values.count ?? 0
    let size = max(variables.first?.size ?? 1, 1)
    drawsPerChain = (variables.first?.values.first?.count ?? 0) / size
    values = variables.flatMap { variable in
      let size = variable.size
      return (0..<size).map { k in
        variable.values.flatMap { chain in stride(from: k, to: chain.count, by: size).map { chain[$0] } }
      }
    }
  }

  package var points: Int { values.count }
  package var draws: Int { chains * drawsPerChain }

  /// `y[3]`, `z[0, 2]`: the site and the place in it, counted from 0.
  package func name(of point: Int) -> String {
    var rest = point
    for site in sites {
      let size = site.shape.reduce(1, *)
      if rest < size { return site.name + IndexText.suffix(rest, site.shape) }
      rest -= size
    }
    return "\(point)"
  }
}

/// Places in arrays, written.
enum IndexText {
  /// `[2,1]` for an element of a shape, counted from 0; empty for a scalar.
  static func suffix(_ element: Int, _ shape: [Int]) -> String {
    guard !shape.isEmpty else { return "" }
    var rest = element
    var index: [String] = []
    for size in shape.reversed() {
      index.append("\(rest % max(size, 1))")
      rest /= max(size, 1)
    }
    return "[\(index.reversed().joined(separator: ","))]"
  }
}

/// Expected log predictive density of data left out one at a time, by Pareto smoothed importance sampling (PSIS-LOO).
///
/// Source: Vehtari, Gelman, Gabry, "Practical Bayesian model evaluation using leave-one-out cross-validation and WAIC", Statistics and Computing 27 (2017);
/// thresholds of k̂ by the number of draws: Vehtari, Simpson, Gelman, Yao, Gabry, "Pareto smoothed importance sampling", JMLR 25 (2024).
/// Conventions (relative efficiency, divisor n of the variance behind the standard error) are those of ArviZ 0.23.
///
/// Draws θ_s of an approximation q in place of the posterior p get the ratios p(θ_s)/q(θ_s) into their weights, p(θ_s)/(q(θ_s) p(y_i | θ_s)) for the
/// posterior without y_i, so that k̂ judges both steps at once: Magnusson, Andersen, Jonasson, Vehtari, "Bayesian leave-one-out cross-validation for large
/// data", ICML (2019).
package struct LeaveOneOut: Sendable {
  /// log p(y_i | y without i), estimated, for each point.
  package var elpd: [Double]
  /// log of the mean of p(y_i | draw): the log density of the point with itself among the data.
  package var lpd: [Double]
  /// k̂ of each point; above ``threshold`` the estimate is not to be relied upon.
  package var paretoShape: [Double]
  /// min(1 − 1/log₁₀ S, 0.7).
  package var threshold: Double
  /// r_eff, effective over actual number of draws, that the length of the tails takes into account.
  package var relativeEfficiency: Double
  /// k̂ of the ratios p/q by themselves; nil for draws of the posterior.
  package var approximationShape: Double?

  /// Σ elpd_i.
  package var total: Double { elpd.reduce(0, +) }
  /// √(n Var elpd_i), divisor n.
  package var standardError: Double { Self.standardError(elpd) }
  /// The effective number of parameters, Σ lpd_i − Σ elpd_i.
  package var effectiveParameters: Double { lpd.reduce(0, +) - total }
  /// The points whose estimate is not to be relied upon.
  package var unreliable: [Int] { paretoShape.indices.filter { !(paretoShape[$0] <= threshold) } }

  /// - Parameters:
  ///   - logRatios: log p − log q of each draw, see ``DrawSet/logRatios``; nil for draws of the posterior.
  ///   - relativeEfficiency: see ``relativeEfficiency(of:)``; 1 for independent draws.
  ///   - threads: never changes a result.
  ///
  /// Where the log likelihood of a point is not finite at some draw, its k̂ is infinite; where all ratios are equal there is no tail, and it is 0.
  package init(_ likelihood: PointwiseLogLikelihood, logRatios: [Double]? = nil, relativeEfficiency: Double = 1, threads: Int = 1) {
    threshold = ParetoSmoothing.threshold(draws: likelihood.draws)
    self.relativeEfficiency = relativeEfficiency
    let posterior = logRatios.map { ParetoSmoothing(logRatios: $0) }
    approximationShape = posterior?.shape
    let points = Self.overPoints(likelihood, threads) { values -> (Double, Double, Double) in
      let ratios = logRatios.map { zip($0, values).map { $0 - $1 } } ?? values.map { -$0 }
      let smoothed = ParetoSmoothing(logRatios: ratios, relativeEfficiency: relativeEfficiency)
      let isLevel = ratios.allSatisfy { $0 == ratios[0] && $0.isFinite }
      return (
        Self.average(values, smoothed.logWeights), Self.average(values, posterior?.logWeights), isLevel ? 0 : smoothed.shape
      )
    }
    elpd = points.map(\.0)
    lpd = points.map(\.1)
    paretoShape = points.map(\.2)
  }

  /// log Σ w exp x with the log weights of the draws, which add up to one; equal ones where none are given.
  static func average(_ values: [Double], _ logWeights: [Double]?) -> Double {
    guard let logWeights else { return logSumExp(values) - log(Double(values.count)) }
    return logSumExp(zip(logWeights, values).map { $0 + $1 })
  }

  /// √(n Var x), divisor n: the standard error of a sum of n terms.
  package static func standardError(_ x: [Double]) -> Double {
    let n = Double(x.count)
    let mean = x.reduce(0, +) / n
    return x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }.squareRoot()
  }

  /// r_eff: the effective sample size for the mean, averaged over all elements of all variables, over the number of draws; 1 for one chain, whose
  /// effective sample size ArviZ does not ask for. NaN where it is not defined for an element.
  package static func relativeEfficiency(of draws: DrawSet, threads: Int = 1) -> Double {
    guard draws.chains > 1 else { return 1 }
    let columns = draws.variables.flatMap { variable in
      (0..<variable.size).map { k in
        variable.values.map { chain in stride(from: k, to: chain.count, by: variable.size).map { chain[$0] } }
      }
    }
    let count = Double(draws.chains * draws.drawsPerChain)
    let sizes =
      (try? Parallel.map(columns, threads: threads) { chains -> Double in
        let report = DrawReport(chains)
        return report.gap == .constant ? count : report.essMean
      }) ?? []
    return sizes.reduce(0, +) / Double(max(sizes.count, 1)) / count
  }

  static func overPoints<Value: Sendable>(
    _ likelihood: PointwiseLogLikelihood, _ threads: Int, _ body: @Sendable ([Double]) -> Value
  ) -> [Value] {
    (try? Parallel.map(likelihood.values, threads: threads) { body($0) }) ?? []
  }
}

/// log Σ exp x, −∞ for nothing.
package func logSumExp(_ x: [Double]) -> Double {
  guard let largest = x.max(), largest > -.infinity else { return -.infinity }
  guard largest.isFinite else { return largest }
  return largest + log(x.reduce(0) { $0 + exp($1 - largest) })
}

extension LeaveOneOut {
  /// The probability integral transform of a point y under the data without it: Σ_s w_s 1[y*_s ≤ y], with the smoothed weights w of draw s and a new
  /// observation y*_s of it; uniform over the points for a calibrated model. Where new observations equal the datum (whole numbers) half of them count, so
  /// that the mean is 1/2 under the model.
  ///
  /// Source: Gelfand, Dey, Chang (1992); Gabry, Simpson, Vehtari, Betancourt, Gelman, "Visualization in Bayesian workflow", JRSS A 182 (2019).
  /// - Parameters:
  ///   - predictive: one new observation for each draw.
  ///   - logLikelihood: log p(y | draw), as many.
  ///   - logRatios: log p − log q of each draw, see ``DrawSet/logRatios``; nil for draws of the posterior.
  /// - Returns: the transform, within [0, 1], and whether k̂ lets it be relied upon; equal ratios leave no tail to smooth, and equal weights are right then.
  package static func integralTransform(
    of y: Double, predictive: [Double], logLikelihood: [Double], logRatios: [Double]? = nil
  ) -> (value: Double, isReliable: Bool) {
    let ratios = logRatios.map { zip($0, logLikelihood).map { $0 - $1 } } ?? logLikelihood.map { -$0 }
    let smoothing = ParetoSmoothing(logRatios: ratios)
    let below = zip(predictive, smoothing.weights).reduce(0) { sum, pair in
      sum + (pair.0 < y ? pair.1 : pair.0 == y ? 0.5 * pair.1 : 0)
    }
    let isLevel = ratios.allSatisfy { $0 == ratios[0] }
    return (min(max(below, 0), 1), isLevel || smoothing.shape <= ParetoSmoothing.threshold(draws: ratios.count))
  }
}
