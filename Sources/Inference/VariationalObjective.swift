import Foundation

/// What a fit of a guide maximizes.
public enum VariationalObjective: Sendable, Equatable, Codable {
  /// E_q[log p − log q], a lower bound of the log evidence.
  case elbo
  /// E log (1/K) Σ p/q, tighter for larger K (Burda, Grosse & Salakhutdinov 2016, arXiv:1509.00519).
  case iwae(Int)
  /// (1 − α)⁻¹ log E_q (p/q)^{1−α}: the ELBO for α → 1, the evidence at 0, and beyond it for α < 0 (Li & Turner 2016, arXiv:1602.02311).
  case renyi(Double)
  /// An f-divergence whose weights are ranks, which heavy tails cannot upset (Wang, Liu & Liu 2018, arXiv:1810.11943).
  case tailAdaptive
  /// −KL(p‖q) with self-normalized importance weights: the wake phase of reweighted wake-sleep (Bornschein & Bengio 2015, arXiv:1406.2751).
  case forwardKL
  /// −½ Var_q[log p − log q] with the draws held fixed; its gradient at q is that of the ELBO by score functions with a leave-one-out baseline (VarGrad,
  /// Richter et al. 2020, arXiv:2010.10436).
  case logVariance
  /// The ELBO over draws that stay the same, by L-BFGS, with covariances by linear response (Giordano, Ingram & Broderick 2024, arXiv:2304.05527).
  case fixedDraws

  /// As it is written after `--objective`.
  package var name: String {
    switch self {
    case .elbo: "elbo"
    case .iwae(let k): "iwae:\(k)"
    case .renyi(let alpha): "renyi:\(alpha)"
    case .tailAdaptive: "tail-adaptive"
    case .forwardKL: "forward-kl"
    case .logVariance: "log-variance"
    case .fixedDraws: "fixed-draws"
    }
  }

  /// Whether its gradient needs log q at given points, which flows without an inverse do not know.
  package var needsDensity: Bool {
    switch self {
    case .tailAdaptive, .forwardKL, .logVariance: true
    default: false
    }
  }
}

/// What one particle contributes to a gradient: factors of the pull backs of ∇ log p(u), ∇ᵤ log q(u) and log q along the draw.
struct ParticleWeights {
  /// Of the path through log p.
  var model: [Double]
  /// Of the path through log q at fixed parameters, to be subtracted.
  var score: [Double]
  /// Of log q as a whole function of the parameters.
  var density: [Double]
  /// The estimate of the objective.
  var value: Double
}

extension VariationalObjective {
  /// The weights of particles with these log p and log q; a particle with log p = −∞ has none.
  /// - Parameter knowsDensity: whether ∇ᵤ log q is to be had, which makes the better estimators possible (sticking the landing, Roeder, Wu & Duvenaud 2017;
  ///   doubly reparameterized, Tucker et al. 2019).
  func weights(logP: [Double], logQ: [Double], knowsDensity: Bool) -> ParticleWeights {
    let ratios = zip(logP, logQ).map { $0 - $1 }
    let count = ratios.count
    switch self {
    case .elbo, .fixedDraws:
      let usable = Double(max(1, ratios.count { $0.isFinite }))
      let share = ratios.map { $0.isFinite ? 1 / usable : 0 }
      let value = zip(ratios, share).reduce(0) { $1.1 > 0 ? $0 + $1.0 * $1.1 : $0 }
      return knowsDensity
        ? ParticleWeights(model: share, score: share, density: Self.zeros(count), value: value)
        : ParticleWeights(model: share, score: Self.zeros(count), density: share.map { -$0 }, value: value)
    case .iwae(let k): return grouped(ratios, size: max(1, k), power: 1, knowsDensity: knowsDensity)
    case .renyi(let alpha):
      return alpha == 1
        ? VariationalObjective.elbo.weights(logP: logP, logQ: logQ, knowsDensity: knowsDensity)
        : grouped(ratios, size: count, power: 1 - alpha, knowsDensity: knowsDensity)
    case .tailAdaptive:
      // w_i ↦ 1/P(w ≥ w_i) by ranks, normalized (β = −1 of the paper).
      let order = ratios.indices.filter { ratios[$0].isFinite }.sorted { ratios[$0] > ratios[$1] }
      var weights = Self.zeros(count)
      for (rank, index) in order.enumerated() { weights[index] = Double(order.count) / Double(rank + 1) }
      let total = weights.reduce(0, +)
      weights = weights.map { $0 / max(total, 1) }
      let usable = Double(max(1, order.count))
      return ParticleWeights(
        model: weights, score: weights, density: Self.zeros(count), value: order.reduce(0) { $0 + ratios[$1] / usable })
    case .forwardKL:
      let (normalized, _) = Self.normalized(ratios)
      let value = normalized.reduce(0) { $1 > 0 ? $0 - $1 * log(Double(count) * $1) : $0 }
      return ParticleWeights(model: Self.zeros(count), score: normalized, density: normalized, value: value)
    case .logVariance:
      let finite = ratios.filter(\.isFinite)
      let mean = finite.reduce(0, +) / Double(max(1, finite.count))
      let scale = 1 / Double(max(1, finite.count - 1))
      let excess = ratios.map { $0.isFinite ? ($0 - mean) * scale : 0 }
      let variance = finite.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } * scale
      return ParticleWeights(model: Self.zeros(count), score: excess, density: excess, value: -0.5 * variance)
    }
  }

  private static func zeros(_ count: Int) -> [Double] { [Double](repeating: 0, count: count) }

  /// exp(x) / Σ exp(x) and log mean exp(x).
  private static func normalized(_ x: [Double]) -> ([Double], Double) {
    guard let largest = x.filter({ $0.isFinite }).max() else { return (zeros(x.count), -.infinity) }
    let raw = x.map { $0.isFinite ? exp($0 - largest) : 0 }
    let total = raw.reduce(0, +)
    return (raw.map { $0 / total }, largest + log(total / Double(x.count)))
  }

  /// The mean over groups of (1/γ) log mean (p/q)^γ, γ = `power`.
  private func grouped(_ ratios: [Double], size: Int, power: Double, knowsDensity: Bool) -> ParticleWeights {
    let count = ratios.count
    let groups = max(1, count / size)
    var result = ParticleWeights(model: Self.zeros(count), score: Self.zeros(count), density: Self.zeros(count), value: 0)
    for group in 0..<groups {
      let range = (group * size)..<(group == groups - 1 ? count : (group + 1) * size)
      let (weights, bound) = Self.normalized(ratios[range].map { power * $0 })
      result.value += bound / power / Double(groups)
      for (index, w) in zip(range, weights) {
        if knowsDensity, power == 1 {
          result.model[index] = w * w / Double(groups)
          result.score[index] = w * w / Double(groups)
        } else {
          result.model[index] = w / Double(groups)
          result.density[index] = -w / Double(groups)
        }
      }
    }
    return result
  }
}
