import Differentiation
import Distributions
import Inference
import Modeling
import Testing

/// A latent Gaussian process with little on the diagonal: a factorization of condition number about 10⁹, whose values are as rough.
private struct LatentProcess: Model {
  let y: IntTensor
  /// What the derivative of the function's values is multiplied by: 1 is right.
  let factor: Double

  func body(_ p: Program) throws -> Tensor {
    let x = 0.25 * Tensor.range(y.count)
    let length = p.sample("length", InverseGamma(shape: 5, scale: 5))
    let size = p.sample("size", HalfNormal(sd: 2))
    let raw = p.sample("raw", Normal(0, sd: 1).repeated(y.count))
    let covariance = square(size) * exp(-square(x.expandingAxis(1) - x) / (2 * square(length))) + 1e-9 * Tensor.identity(y.count)
    let f = Tensor.custom(Stretched(factor: factor), [matmul(cholesky(covariance), raw)])[0]
    p.observe("y", Bernoulli(logits: f), y)
    return f
  }
}

/// x ↦ x with the gradient of x ↦ factor · x.
private struct Stretched: CustomNode {
  let factor: Double
  var name: String { "stretched" }
  func outputShapes(_ shapes: [[Int]]) throws -> [[Int]] { shapes }
  func evaluate(_ inputs: [[Double]]) throws -> [[Double]] { inputs }
  func vjp(inputs: [[Double]], outputs: [[Double]], cotangents: [[Double]]) throws -> [[Double]] { [cotangents[0].map { factor * $0 }] }
}

@Suite("Gradients against differences of rough values")
struct GradientCheckTests {
  private static let y = IntTensor((0..<40).map { $0 % 7 < 4 ? 1 : 0 })

  private static func findings(factor: Double) throws -> (check: GradientCheck, finding: CheckFinding) {
    let model = LatentProcess(y: y, factor: factor)
    let compiled = try CompiledModel(model)
    let findings = try ModelCheck(model, seed: 1, draws: 50, threads: 1, stop: FitStop()).run()
    return (try GradientCheck(compiled, seed: 1), try #require(findings.first { $0.check == "gradients" }))
  }

  @Test("A right gradient passes where rounding in an ill-conditioned factorization hides it from differences")
  func rough() throws {
    let (check, finding) = try Self.findings(factor: 1)
    #expect(check.isPassed, "\(String(describing: check.worst))")
    #expect(check.comparisons > 200)
    #expect(finding.grade == .ok, "\(finding.text)")
  }

  @Test("A gradient that is wrong by a tenth is found there all the same")
  func wrong() throws {
    let (check, finding) = try Self.findings(factor: 1.1)
    #expect(!check.isPassed)
    #expect(finding.grade == .fail)
  }
}
