import Differentiation
import Distributions
import Modeling

extension ExpectationProblem {
  /// All values of n numbers among 0 … classes − 1.
  package static func all(_ classes: Int, _ n: Int) -> [[Double]] {
    var rows: [[Double]] = [[]]
    for _ in 0..<n { rows = rows.flatMap { row in (0..<classes).map { row + [Double($0)] } } }
    return rows
  }

  /// Every estimator runs on each of these that its distribution allows: an estimator cannot exist untested.
  package static let classes: [ExpectationProblem] = [
    // (b − t)², the toy of the papers on REBAR and RELAX.
    ExpectationProblem("toy", [0.3], configurations: all(2, 1)) {
      Bernoulli(logits: $0[0])
    } cost: { z, _ in
      square(z - 0.499)
    },
    ExpectationProblem("three bits that a cost mixes", [0.4, -0.8, 1.1], configurations: all(2, 3)) {
      Bernoulli(logits: $0)
    } cost: {
      z, theta in
      square(z[0] - 0.3 + z[1] * z[2]) + 0.5 * theta[0] * z[1] + (z * Tensor([1, -2, 0.5])).sum()
    },
    ExpectationProblem("four classes", [0.2, -0.7, 0.9, 0], configurations: all(4, 1)) {
      Categorical(logits: $0)
    } cost: { z, theta in
      Tensor([1.2, -0.5, 0.3, 2])[IntTensor(rounding: z)] * (1 + 0.3 * theta[1])
    },
    ExpectationProblem("copies of three classes", [0.2, -0.7, 0.9], configurations: all(3, 2)) {
      Categorical(logits: $0).repeated(2)
    } cost: { z, _ in
      square(Tensor([0.2, 1.5, -1])[IntTensor(rounding: z)].sum() - 0.4) + z[0]
    },
  ]

  /// 2¹² configurations.
  package static let twelveBits = ExpectationProblem(
    "twelve bits", (0..<12).map { 0.3 * Double($0 % 5) - 0.6 }, configurations: all(2, 12)
  ) {
    Bernoulli(logits: $0)
  } cost: { z, _ in
    square((z * Tensor((0..<12).map { 0.2 + 0.1 * Double($0) })).sum() - 3) + (z * z).sum()
  }

  package static let continuous: [ExpectationProblem] = [
    // E z³ = μ³ + 3μσ², θ = (μ, log σ).
    ExpectationProblem(
      "cube of a normal", [0.7, -0.3],
      exact: {
        let (m, s) = (0.7, 0.7408182206817179)
        return (m * m * m + 3 * m * s * s, [3 * m * m + 3 * s * s, 6 * m * s * s])
      }()
    ) {
      Normal($0[0], sd: exp($0[1]))
    } cost: { z, _ in
      z * square(z)
    },
    // E z² = a(a + 1)/r², θ = (log a, log r).
    ExpectationProblem(
      "square of a gamma", [0.4, 0.2],
      exact: {
        let (a, r) = (1.4918246976412703, 1.2214027581601699)
        return (a * (a + 1) / (r * r), [a * (2 * a + 1) / (r * r), -2 * a * (a + 1) / (r * r)])
      }()
    ) {
      Gamma(shape: exp($0[0]), rate: exp($0[1]))
    } cost: { z, _ in
      square(z)
    },
  ]

  package static let counts: [ExpectationProblem] = [
    // E z² = λ + λ².
    ExpectationProblem(
      "square of a count", [0.5],
      exact: {
        let l = 1.6487212707001282
        return (l + l * l, [l + 2 * l * l])
      }()
    ) {
      Poisson(logRate: $0[0])
    } cost: { z, _ in
      square(z)
    },
    ExpectationProblem("square of a binomial", [0.5], configurations: all(5, 1)) {
      Binomial(4, logits: $0[0])
    } cost: { z, _ in
      square(z)
    },
  ]

  package static var every: [ExpectationProblem] { classes + continuous + counts }
}
