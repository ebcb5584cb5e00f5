/// One number of a summary for every element of a variable, [element], with the shape to nest it by.
package struct SummaryQuantile: Sendable, Codable, Equatable {
  package var probability: Double
  package var value: [Double]
  /// Monte Carlo standard error.
  package var mcse: [Double]
}

/// Posterior summary of one variable, each field over its elements (row-major; one element for a scalar). Undefined numbers are NaN, and
/// `gaps` says why.
package struct VariableSummary: Sendable, Codable, Equatable {
  package var name: String
  package var kind: VariableKind
  /// The shape of one draw; [] for a scalar.
  package var shape: [Int]
  package var mean: [Double] = []
  package var sd: [Double] = []
  package var mcseMean: [Double] = []
  package var mcseSD: [Double] = []
  package var median: [Double] = []
  package var quantiles: [SummaryQuantile] = []
  package var essBulk: [Double] = []
  package var essTail: [Double] = []
  package var rHat: [Double] = []
  /// Why the diagnostics of an element are undefined; nil where they are defined.
  package var gaps: [DiagnosticsGap?] = []

  package var size: Int { shape.reduce(1, *) }

  package init(name: String, kind: VariableKind, shape: [Int]) {
    self.name = name
    self.kind = kind
    self.shape = shape
  }
}

/// Summaries of draws.
package enum Summary {
  package static let probabilities = [0.05, 0.25, 0.5, 0.75, 0.95]

  /// Summarizes every variable of `draws`: moments and quantiles over all chains, with Monte Carlo errors and diagnostics per element.
  package static func summarize(_ draws: DrawSet, probabilities: [Double] = Summary.probabilities) -> [VariableSummary] {
    let half = draws.drawsPerChain / 2
    let table = NormalScores(size: 2 * half * draws.chains)
    return draws.variables.map { summarize($0, drawsPerChain: draws.drawsPerChain, probabilities: probabilities, table: table) }
  }

  private static func summarize(
    _ variable: VariableDraws, drawsPerChain: Int, probabilities: [Double], table: NormalScores
  ) -> VariableSummary {
    var summary = VariableSummary(name: variable.name, kind: variable.kind, shape: variable.shape)
    summary.quantiles = probabilities.map { SummaryQuantile(probability: $0, value: [], mcse: []) }
    let size = variable.size
    let isWhole = variable.values.allSatisfy { $0.count == drawsPerChain * size }
    for element in 0..<size {
      var flat: [Double] = []
      if isWhole {
        flat.reserveCapacity(variable.values.count * drawsPerChain)
        for chain in variable.values {
          for draw in 0..<drawsPerChain { flat.append(chain[draw * size + element]) }
        }
      }
      summary.append(
        DrawReport(flat: flat, chains: variable.values.count, table: table, knownGap: isWhole ? nil : .unequalChains))
    }
    return summary
  }
}

extension VariableSummary {
  /// Adds the next element.
  mutating func append(_ report: DrawReport) {
    mean.append(report.mean)
    sd.append(report.sd)
    mcseMean.append(report.mcseMean)
    mcseSD.append(report.mcseSD)
    let isSorted = report.gap != .notFinite && report.gap != .noDraws
    median.append(isSorted ? report.median : .nan)
    let low = report.essQuantile(0.05)
    let high = report.essQuantile(0.95)
    essTail.append(report.gap == nil ? min(low, high) : .nan)
    for k in quantiles.indices {
      let p = quantiles[k].probability
      let ess = p == 0.05 ? low : p == 0.95 ? high : report.essQuantile(p)
      quantiles[k].value.append(isSorted ? report.quantile(p) : .nan)
      quantiles[k].mcse.append(report.mcseQuantile(p, ess: ess))
    }
    let bulk = report.bulk
    essBulk.append(bulk.ess)
    rHat.append(bulk.rHat)
    gaps.append(report.gap)
  }
}
