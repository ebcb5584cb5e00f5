import Differentiation
import Modeling

/// What a fit found: draws of everything the model's body returns, and how far they can be trusted.
///
/// Results are typed by what the body returns: `posterior.tau.mean` for a body that returns `(mu: …, tau: …)`. Sites that are not returned
/// have their names: `posterior["tau"]`. Look at ``verdict`` first.
@dynamicMemberLookup
public struct Posterior<Output: Sendable>: Sendable {
  /// Whether the numbers may be used, and why not.
  public let verdict: Verdict
  /// True when the fit was cancelled: this is what was finished.
  public let isInterrupted: Bool
  public let timing: FitTiming
  /// The name of the method: `nuts`, `vi`, `laplace`, `map`, …; `exact` where the model has no continuous unknowns.
  public var method: String { settings.name }
  public let seed: UInt64

  package let settings: FitSettings
  package let recorded: RecordedModel<Output>
  /// For `map` the mode as the only draw.
  package let drawSet: DrawSet
  package let summaries: [VariableSummary]
  package let details: FitDetails
  /// Where summaries were made while the chains ran, without keeping draws: how, and how exact they are.
  package var streamed: StreamingDraws?

  /// The names of all variables: sites in order of appearance, then results of the body that are no sites.
  public var names: [String] { summaries.map(\.name) }

  /// The variable of this name, nil where there is none.
  public subscript(name: String) -> PosteriorVariable? {
    guard let index = summaries.firstIndex(where: { $0.name == name }) else { return nil }
    return PosteriorVariable(summary: summaries[index], content: drawSet.variables[index], chains: drawSet.chains, isMode: isMode)
  }

  /// A result of the body: `posterior.tau`.
  public subscript(dynamicMember path: KeyPath<Output, Tensor>) -> PosteriorVariable { variable(path) }

  /// A result of the body by its key path; `\.self` for a body that returns one tensor.
  public func variable(_ path: KeyPath<Output, Tensor>) -> PosteriorVariable {
    // Every tensor of a result is a variable of its recording: names are made from the same value.
    recorded.variable(path).flatMap { self[$0.name] } ?? .missing
  }

  /// A whole number that the body returns; one that is summed out has draws like others, but for a mode.
  public subscript(dynamicMember path: KeyPath<Output, IntTensor>) -> PosteriorVariable { variable(path) }

  /// As the subscript: `\.self` for a body that returns one whole number.
  public func variable(_ path: KeyPath<Output, IntTensor>) -> PosteriorVariable {
    recorded.variable(path).flatMap { self[$0.name] } ?? .missing
  }

  private var isMode: Bool { if case .map = settings { true } else { false } }
}

/// Seconds of wall time and counts of a fit.
public struct FitTiming: Sendable, Equatable {
  /// From the call to the result, in seconds.
  public var total = 0.0
  /// Recording the body, its derivatives and their plans.
  public var compilation = 0.0
  /// The algorithm itself.
  public var inference = 0.0
  /// Constrained draws, summaries and diagnostics.
  public var summary = 0.0
  /// Values and gradients of the log density at one point.
  public var gradientEvaluations = 0
}

/// What each method has to say beyond draws.
package enum FitDetails: Sendable {
  case nuts(NUTSResult)
  case vi(VIResult)
  case program(ProgramResult)
  case approximation(ApproximationResult)
  case laplace(LaplaceResult)
  case map(MAPResult)
  case smc(SMCResult)
  case exact(ExactResult)
}

/// One variable of a posterior: each number is a tensor of the variable's shape.
///
/// Numbers that are not defined are NaN: errors and R-hat where there are fewer than four draws a chain or all are equal, everything but the
/// mean (which is the mode) for `map`.
public struct PosteriorVariable: Sendable {
  let summary: VariableSummary
  let content: VariableDraws
  let chains: Int
  let isMode: Bool

  static var missing: PosteriorVariable {
    let nothing = VariableDraws(name: "", kind: .output, shape: [0], values: [])
    return PosteriorVariable(summary: VariableSummary(name: "", kind: .output, shape: [0]), content: nothing, chains: 0, isMode: false)
  }

  public var name: String { content.name }
  public var shape: [Int] { content.shape }

  /// The posterior mean; for `map` the mode.
  public var mean: Tensor { tensor(summary.mean) }
  /// The posterior standard deviation, divisor S − 1.
  public var sd: Tensor { tensor(summary.sd) }
  public var median: Tensor { tensor(summary.median) }
  /// Monte Carlo standard error of the mean.
  public var mcse: Tensor { tensor(summary.mcseMean) }
  /// Rank-normalized split R-hat (Vehtari et al. 2021).
  public var rHat: Tensor { tensor(summary.rHat) }
  /// Bulk effective sample size.
  public var essBulk: Tensor { tensor(summary.essBulk) }
  /// Tail effective sample size: the smaller one of the 5 % and 95 % quantiles.
  public var essTail: Tensor { tensor(summary.essTail) }

  /// All draws, shape [chains, draws, …].
  public var draws: Tensor {
    let count = content.values.first.map { $0.count / max(content.size, 1) } ?? 0
    return Tensor(content.values.flatMap { $0 }, shape: [chains, count] + shape)
  }

  /// The quantile at `probability` in [0, 1] over all chains, interpolated linearly between order statistics at (S − 1)p (definition 7 of Hyndman
  /// and Fan 1996); NaN outside.
  public func quantile(_ probability: Double) -> Tensor {
    let size = content.size
    return tensor(
      (0..<size).map { element in
        let sorted = content.values.flatMap { chain in stride(from: element, to: chain.count, by: size).map { chain[$0] } }.sorted()
        guard let last = sorted.indices.last, (0...1).contains(probability), sorted.allSatisfy(\.isFinite) else { return .nan }
        let place = Double(last) * probability
        let low = Int(place)
        return low == last ? sorted[last] : sorted[low] + (place - Double(low)) * (sorted[low + 1] - sorted[low])
      })
  }

  private func tensor(_ values: [Double]) -> Tensor {
    Tensor(values.count == content.size ? values : [Double](repeating: .nan, count: content.size), shape: shape)
  }
}
