import Inference

/// What a result says about one variable: every statistic is one number per element of its shape, row-major.
///
/// A statistic that a method cannot give (an effective sample size for a mode) is `nil` and is left out of the result.
package struct VariableReport: Sendable, Equatable {
  package var name: String
  package var kind: VariableKind
  package var shape: [Int]
  /// Statistics in the order in which they are printed, under the names of the contract: `mean`, `sd`, `mcse_mean`, `median`, `ess_bulk`, …
  package var statistics: [(name: String, values: [Double])]
  /// The quantiles, rising in probability.
  package var quantiles: [(probability: Double, values: [Double])]
  /// Why a statistic of an element is not defined; nil where all are, empty where nothing is known about it.
  package var gaps: [String?] = []

  package init(
    name: String, kind: VariableKind, shape: [Int], statistics: [(name: String, values: [Double])],
    quantiles: [(probability: Double, values: [Double])]
  ) {
    self.name = name
    self.kind = kind
    self.shape = shape
    self.statistics = statistics
    self.quantiles = quantiles
  }

  /// From a summary of draws.
  package init(_ summary: VariableSummary) {
    self.init(
      name: summary.name, kind: summary.kind, shape: summary.shape,
      statistics: [
        ("mean", summary.mean), ("sd", summary.sd), ("mcse_mean", summary.mcseMean), ("mcse_sd", summary.mcseSD),
        ("median", summary.median),
        ("ess_bulk", summary.essBulk), ("ess_tail", summary.essTail), ("r_hat", summary.rHat),
      ], quantiles: summary.quantiles.map { ($0.probability, $0.value) })
    gaps = summary.gaps.map { $0?.rawValue }
  }

  /// From draws that are independent (from a guide or a normal approximation): the Monte Carlo error of the mean is sd/√S exactly, so that nothing has to be
  /// estimated for it. Effective sample sizes and R-hat are those of the draws, close to S and 1 whatever the fit is worth: the verdict judges that.
  package init(independent summary: VariableSummary, draws: Int) {
    self.init(summary)
    guard let place = statistics.firstIndex(where: { $0.name == "mcse_mean" }) else { return }
    statistics[place].values = summary.sd.map { $0 / Double(draws).squareRoot() }
  }

  package var size: Int { shape.reduce(1, *) }

  /// The values of the statistic of that name, when the variable has it.
  package subscript(statistic: String) -> [Double]? { statistics.first { $0.name == statistic }?.values }

  package func quantile(_ probability: Double) -> [Double]? { quantiles.first { $0.probability == probability }?.values }

  package static func == (left: VariableReport, right: VariableReport) -> Bool {
    left.name == right.name && left.kind == right.kind && left.shape == right.shape
      && left.statistics.elementsEqual(right.statistics) { $0.name == $1.name && $0.values == $1.values }
      && left.quantiles.elementsEqual(right.quantiles) { $0.probability == $1.probability && $0.values == $1.values }
  }
}

/// A result, `credence/posterior/1`: all that one run of `infer` has to say but the draws.
package struct ResultDocument: Sendable, Equatable {
  package static let schema = "credence/posterior/1"

  package struct DataSource: Sendable, Equatable {
    package var source: String
    package var sha256: String
    package init(source: String, sha256: String) {
      self.source = source
      self.sha256 = sha256
    }
  }

  package var modelName: String
  package var modelVersion: String
  /// `nil` where the model takes no data.
  package var data: DataSource?
  /// The method's name and the whole effective configuration.
  package var method: JSONObject
  package var variables: [VariableReport]
  package var verdict: Verdict
  /// All diagnostics but the verdict: `elbo`, `pareto_k`, `divergences`, …
  package var diagnostics: JSONObject
  package var timing: JSONObject

  package init(
    modelName: String, modelVersion: String, data: DataSource?, method: JSONObject, variables: [VariableReport],
    verdict: Verdict, diagnostics: JSONObject, timing: JSONObject
  ) {
    self.modelName = modelName
    self.modelVersion = modelVersion
    self.data = data
    self.method = method
    self.variables = variables
    self.verdict = verdict
    self.diagnostics = diagnostics
    self.timing = timing
  }
}
