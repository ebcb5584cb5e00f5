import Foundation
import Kernels
import Modeling
import Synchronization

/// Settings of ``runSMC(_:prior:start:configuration:seed:threads:checkpoint:onProgress:)``.
package struct SMCConfiguration: Sendable, Codable, Equatable {
  /// Particles of a population.
  package var particles = 1000
  /// Independent populations: their spread is the error of the evidence.
  package var populations = 4
  /// The share of particles that must stay effective from one temperature to the next.
  package var effectiveShare = 0.5
  /// At a temperature particles move until none of their coordinates has a larger correlation with where it began, …
  package var largestCorrelation = 0.25
  /// … but at least and at most this many times.
  package var fewestMoves = 3
  package var mostMoves = 40
  /// The acceptance that step sizes aim at.
  package var targetAcceptance = 0.8
  /// Temperatures after which a run is given up.
  package var stageLimit = 500

  package init() {}

  package func problems() -> [String] {
    var found: [String] = []
    if !(16...1_000_000).contains(particles) { found.append("The number of particles is \(particles); it must be from 16 to 1000000.") }
    if !(1...1000).contains(populations) { found.append("The number of populations is \(populations); it must be from 1 to 1000.") }
    return found
  }
}

/// One population at the end.
package struct SMCPopulationResult: Sendable {
  package var status: Status
  /// Unconstrained particles of equal weight, [particle][dimension].
  package var positions: [Double]
  /// log p of each, up to the evidence.
  package var logDensity: [Double]
  package var logEvidence: Double
  /// The inverse temperatures, from above 0 to 1.
  package var temperatures: [Double]
  /// Moves of each particle, over all temperatures; mean acceptance at the last one.
  package var moves: Int
  package var acceptance: Double
  /// Largest correlation of a coordinate over the moves of the last temperature.
  package var correlation: Double
  package var gradientEvaluations: Int
}

/// How far all populations are together.
package struct SMCProgress: Sendable, Equatable {
  /// Moves of every particle so far; how many there will be, temperatures decide.
  package var moves = 0
  /// The lowest inverse temperature of the populations that have begun and are not at the posterior; 1 where there is none.
  package var temperature = 0.0
  package var gradientEvaluations = 0
}

/// Particles that went from the prior to the posterior.
package struct SMCResult: Sendable {
  package var configuration: SMCConfiguration
  package var populations: [SMCPopulationResult]

  package var gradientEvaluations: Int { populations.reduce(0) { $0 + $1.gradientEvaluations } }
  package var isStopped: Bool { populations.contains { $0.status == .cancelled } }
  package var finished: [SMCPopulationResult] { populations.filter { $0.status == .converged } }

  /// log of the mean of the populations' evidences, each of which is unbiased, and its standard error by the spread between them (delta method); NaN with one.
  package var logEvidence: (value: Double, error: Double) {
    let values = finished.map(\.logEvidence)
    guard let largest = values.max(), largest.isFinite else { return (.nan, .nan) }
    let shares = values.map { exp($0 - largest) }
    let count = Double(shares.count)
    let mean = shares.reduce(0, +) / count
    let spread = shares.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)
    return (largest + log(mean), count > 1 ? (spread / count).squareRoot() / mean : .nan)
  }

  /// What to worry about apart from R-hat and effective sample sizes.
  package var reasons: [Verdict.Reason] {
    var reasons: [Verdict.Reason] = []
    if populations.contains(where: { $0.status == .noFiniteStart }) {
      reasons.append(
        .init(
          code: "no_finite_start", severity: .fail,
          text: "No particle from the prior has a finite likelihood: the data contradict the prior, or lie outside of their distributions.")
      )
    }
    if populations.contains(where: { $0.status == .stepLimit }) {
      reasons.append(
        .init(
          code: "not_converged", severity: .fail,
          text: "After \(configuration.stageLimit) temperatures the posterior was not reached: the prior may be too wide for its data."))
    }
    if let worst = finished.map(\.correlation).max(), worst > 0.5 {
      reasons.append(
        .init(
          code: "particles_stuck", severity: .caution,
          text:
            "After \(configuration.mostMoves) moves a coordinate of the particles still has a correlation of \(worst.brief()) with where it began: duplicates remain. Use more particles, or reparameterize."
        ))
    }
    let error = logEvidence.error
    if error > 0.5 {
      reasons.append(
        .init(
          code: "evidence_error", severity: .caution,
          text: "The log evidence has a standard error of \(error.brief()) nats; do not compare models by it. Use more particles."))
    }
    return reasons
  }
}

/// Sequential Monte Carlo from the prior to the posterior p(u) ∝ prior(u) L(u) through prior(u) L(u)^β (Del Moral, Doucet and Jasra 2006): each next β is the
/// one at which a share of the particles stays effective (bisection), particles are resampled systematically and moved by Hamiltonian steps whose size and
/// metric follow the population. The evidence of a population is the product of its mean weights.
///
/// Equal seed, equal bits, on any number of threads. `density` and `prior` are joint and prior over one unconstrained vector; `start` gives prior draws, flat
/// [draw][dimension], by the number of the first and how many. Populations save their states in `checkpoint` between two moves; after each move `onProgress` is
/// called, never from two threads at once, and `.stop` ends the run.
package func runSMC(
  _ density: any LogDensity, prior: any LogDensity, start: @escaping @Sendable (_ first: Int, _ count: Int) throws -> [Double],
  configuration: SMCConfiguration, seed: UInt64, threads: Int = 1, checkpoint: CheckpointPart? = nil,
  onProgress: @escaping @Sendable (SMCProgress) -> Control = { _ in .proceed }
) throws -> SMCResult {
  let problems = configuration.problems()
  guard problems.isEmpty else { throw FitError(problems) }
  let present = Mutex([SMCProgress](repeating: SMCProgress(), count: configuration.populations))
  let populations = try Parallel.map(Array(0..<configuration.populations), threads: threads) { number in
    let population = try SMCPopulation(
      number, density, prior, configuration, seed: seed, checkpoint: checkpoint?.part("population-\(number)")
    ) { try start(number * configuration.particles, configuration.particles) }
    return population.run { own in
      present.withLock { all in
        all[number] = own
        let onTheWay = all.map(\.temperature).filter { $0 > 0 && $0 < 1 }
        return onProgress(
          SMCProgress(
            moves: all.reduce(0) { $0 + $1.moves }, temperature: onTheWay.min() ?? 1,
            gradientEvaluations: all.reduce(0) { $0 + $1.gradientEvaluations }))
      }
    }
  }
  return SMCResult(configuration: configuration, populations: populations)
}
