import Foundation
import Inference
import Testing

@Suite("Power scaling of prior and likelihood")
struct PowerScalingTests {
  @Test("Sensitivities and distances agree with ArviZ")
  func agreesWithArviZ() {
    for c in LeaveOneOutOracle.sensitivities {
      let theta = LeaveOneOutTests.theta(c.scale).flatMap { $0 }
      let component = theta.map { -c.power * ($0 - 0.4) * ($0 - 0.4) }
      let scaling = PowerScaling(component: component)
      #expect(abs(scaling.sensitivity(of: theta) - c.sensitivity) < 1e-9)
      let weights = ParetoSmoothing(logRatios: component.map { PowerScaling.delta * $0 }).weights
      #expect(abs(PowerScaling.distance(theta, weights: weights) - c.distance) < 1e-11)
    }
  }

  @Test("A component that is constant changes nothing; a draw that is constant has no sensitivity")
  func constants() {
    let theta = LeaveOneOutTests.theta(1).flatMap { $0 }
    let flat = PowerScaling(component: theta.map { _ in -3 })
    #expect(abs(flat.sensitivity(of: theta)) < 1e-6 && flat.paretoShape == 0)
    #expect(flat.sensitivity(of: theta.map { _ in 2 }).isNaN)
  }

  @Test("The diagnosis is that of the paper's table, and sums over sites and elements are those of the groups")
  func report() {
    let theta = LeaveOneOutTests.theta(0.5)
    let draws = DrawSet(
      chains: 4, drawsPerChain: 250, variables: [VariableDraws(name: "theta", kind: .latent, shape: [], values: theta)], sampleStats: [:])
    func component(_ factor: Double) -> [VariableDraws] {
      let halves = theta.map { chain in chain.flatMap { x -> [Double] in [-0.5 * factor * x * x, -0.5 * factor * x * x] } }
      return [VariableDraws(name: "c", kind: .output, shape: [2], values: halves)]
    }
    let conflict = SensitivityReport(draws, logPrior: component(1), logLikelihood: component(1), threads: 2)
    #expect(conflict.rows.map(\.name) == ["theta"])
    #expect(conflict.rows[0].diagnosis == .conflict)
    #expect(
      abs(conflict.rows[0].prior - PowerScaling(component: theta.flatMap { $0 }.map { -$0 * $0 }).sensitivity(of: theta.flatMap { $0 }))
        < 1e-12)
    let strong = SensitivityReport(draws, logPrior: component(1), logLikelihood: component(0.001))
    #expect(strong.rows[0].diagnosis == .strongPrior)
    let fine = SensitivityReport(draws, logPrior: component(0.001), logLikelihood: component(1))
    #expect(fine.rows[0].diagnosis == .none && fine.warnings.isEmpty)
  }
}
