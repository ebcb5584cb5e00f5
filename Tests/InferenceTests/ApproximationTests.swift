import Foundation
import Inference
import Modeling
import Testing

@Suite("Linear response, Pathfinder, batch and match, Stein particles")
struct ApproximationTests {
  private static let mean = [1.0, -2, 0.5, 30]
  private static let scales = [1.0, 0.1, 5, 100]

  /// Mean and standard deviation of coordinate i.
  private static func moments(_ draws: GuideDraws, _ i: Int) -> (mean: Double, sd: Double) {
    var (sum, squares) = (0.0, 0.0)
    for k in 0..<draws.count {
      let x: Double = draws.positions[draws.dimension * k + i]
      sum += x
      squares += x * x
    }
    let mean = sum / Double(draws.count)
    return (mean, (squares / Double(draws.count) - mean * mean).squareRoot())
  }

  private static func gaussian(rho: Double) -> PointwiseDensity { VariationalTargets.gaussian(mean: mean, scales: scales, rho: rho) }

  @Test("Linear response repairs mean-field covariances of Gaussians exactly", arguments: [0.3, 0.9, 0.99])
  func linearResponse(rho: Double) throws {
    let result = try runFixedDraws(Self.gaussian(rho: rho), configuration: FixedDrawsConfiguration(), draws: 100, seed: 1)
    let guide = try #require(result.gaussian)
    #expect(result.status == .converged)
    let covariance = guide.covariance
    for i in 0..<4 {
      #expect(abs(guide.location[i] - Self.mean[i]) < 1e-5 * Self.scales[i])
      for j in 0..<4 {
        let unit = Self.scales[i] * Self.scales[j]
        let truth = pow(rho, Double(abs(i - j)))
        let found = covariance[i * 4 + j] / unit
        #expect(abs(found - truth) < 1e-5, "[\(i), \(j)]: \(found), not \(truth)")
      }
    }
    #expect(result.verdict.verdict == .ok, "\(result.verdict.reasons)")
  }

  @Test("Linear response on the skewed banana: the sd of the curved coordinate is better than mean-field's")
  func linearResponseOfBanana() throws {
    let result = try runFixedDraws(VariationalTargets.banana, configuration: FixedDrawsConfiguration(), draws: 100, seed: 1)
    #expect(result.gaussian != nil)
    #expect(result.verdict.verdict != .ok)
  }

  @Test("Pathfinder finds a Gaussian, and resamples a banana")
  func pathfinder() throws {
    let result = try runPathfinder(Self.gaussian(rho: 0.5), draws: 4000, seed: 2)
    #expect(result.verdict.verdict == .ok, "\(result.verdict.reasons)")
    for i in 0..<4 {
      let (mean, sd) = Self.moments(result.draws, i)
      #expect(abs(mean - Self.mean[i]) < 0.1 * Self.scales[i])
      #expect(abs(sd / Self.scales[i] - 1) < 0.1)
    }
    let one = try runPathfinder(VariationalTargets.banana, draws: 100, seed: 3, threads: 1)
    let two = try runPathfinder(VariationalTargets.banana, draws: 100, seed: 3, threads: 2)
    #expect(one.draws.positions == two.draws.positions)
  }

  @Test("Batch and match finds a correlated Gaussian")
  func batchAndMatch() throws {
    let result = try runBatchAndMatch(Self.gaussian(rho: 0.8), draws: 10, seed: 1)
    #expect(result.status == .converged)
    #expect(abs(result.evaluation?.elbo ?? .nan) < 1e-6)
    #expect(result.verdict.verdict == .ok, "\(result.verdict.reasons)")
  }

  @Test("Stein particles have the mean and about the spread of a Gaussian, and never more than caution")
  func stein() throws {
    let result = try runSVGD(Self.gaussian(rho: 0.5), seed: 1)
    for i in 0..<4 {
      let (mean, sd) = Self.moments(result.draws, i)
      #expect(abs(mean - Self.mean[i]) < 0.1 * Self.scales[i])
      #expect(abs(sd / Self.scales[i] - 1) < 0.25, "\(sd / Self.scales[i])")
    }
    #expect(result.verdict.verdict == .caution)
  }

  @Test("The bracket of a Gaussian by a wider one has its closed forms")
  func bracket() throws {
    // p = N(0, 1), q = N(0, s²): KL(q‖p) = ½(s² − 1) − log s; E w² = s² / √(2s² − 1).
    let s = 1.3
    let density = VariationalTargets.gaussian(mean: [0], scales: [1], rho: 0)
    let draws = try GaussianGuide(family: .meanField, location: [0], logScale: [log(s)]).draws(40_000, of: density, seed: 1)
    let bracket = EvidenceBracket(draws, GuideEvaluation(draws))
    let divergence: Double = 0.5 * (s * s - 1) - log(s)
    let secondMoment: Double = s * s / (2 * s * s - 1).squareRoot()
    #expect(abs(bracket.lower + divergence) < 4.5 * bracket.lowerError)
    #expect(abs(bracket.estimate) < 4.5 * bracket.estimateError)
    #expect(abs(bracket.upper - 0.5 * log(secondMoment)) < 4.5 * bracket.upperError)
    #expect(bracket.lower < 0 && bracket.upper > 0)
  }

  /// −½ Σ cᵢ (xᵢ − i)² with noise, repeatable by step; every ninth value fails.
  private final class Hills: StochasticObjective {
    let parameterCount = 6
    func evaluate(
      parameters: UnsafePointer<Double>, step: Int, value: UnsafeMutablePointer<Double>, gradient: UnsafeMutablePointer<Double>
    ) {
      value.pointee = step % 9 == 8 ? .nan : 0
      for i in 0..<6 {
        let d = parameters[i] - Double(i)
        let c = 1 + Double(i)
        value.pointee -= 0.5 * c * d * d
        gradient[i] = -c * d + 0.5 * sin(12.9898 * Double(step * 6 + i) + 0.3)
      }
    }
  }

  @Test("Every optimizer climbs a noisy hill past failing steps", arguments: OptimizerName.allCases)
  func optimizers(_ name: OptimizerName) throws {
    var configuration = PlateauConfiguration()
    configuration.optimizer = name
    configuration.rate = name == .sgd ? 0.01 : name == .adagrad ? 0.5 : nil
    let result = try runPlateau(Hills(), from: [Double](repeating: 0, count: 6), configuration: configuration)
    #expect(result.status == .converged)
    #expect(result.badSteps == result.steps / 9)
    // AdamW pulls towards zero: its optimum is another.
    for i in 0..<6 where name != .adamw { #expect(abs(result.parameters[i] - Double(i)) < 0.1, "\(result.parameters[i])") }
  }
}
