import Foundation
import Modeling

/// How one start of a fit ended.
package struct VIStartReport: Sendable, Codable {
  package var status: Status
  package var elbo: Double
  package var elboError: Double
  package var steps: Int
  /// Largest Monte Carlo error of the averaged iterates, in guide sd; NaN with fixed steps.
  package var averagingError: Double
  package var iterateRHat: Double
}

/// A Gaussian fitted by ELBO maximization, with everything that says how far it can be trusted.
package struct VIResult: Sendable {
  package var configuration: VIConfiguration
  package var seed: UInt64
  /// The guide with the best ELBO: location and scale factor over unconstrained space.
  package var guide: GaussianGuide
  package var evaluation: GuideEvaluation
  /// What short chains from the guide's draws say; nil where none were run.
  package var probe: GuideProbe?
  /// What the evaluation's draws say about the log evidence.
  package var bracket: EvidenceBracket
  /// (step, mean ELBO estimate since the last entry), in nats.
  package var trace: [(step: Int, elbo: Double)]
  package var steps: Int
  package var gradientEvaluations: Int
  package var starts: [VIStartReport]
  package var status: Status
  package var verdict: Verdict

  package var elbo: Double { evaluation.elbo }
  package var elboError: Double { evaluation.elboError }
  package var paretoShape: Double { evaluation.paretoShape }

  /// `count` draws with log p and log q; `seed` need not be the fit's.
  package func draws(_ count: Int, of density: any LogDensity, seed: UInt64) throws -> GuideDraws {
    try guide.draws(count, of: density, seed: seed)
  }
}

/// What stopped an algorithm before it had anything to report.
package struct InferenceError: Error, Sendable, CustomStringConvertible {
  package var status: Status
  package var description: String { status.text }
}
