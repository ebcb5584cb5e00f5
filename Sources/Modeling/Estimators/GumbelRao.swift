import Differentiation

/// Straight-through Gumbel with the backward weights averaged over `draws` of the noise given the class that was drawn (Paulus, Maddison &
/// Krause 2021, arXiv:2010.04838): the same mean, less variance.
struct GumbelRao: RelaxedDraw {
  let classes: Classes
  /// Exponential noise, one array [K] + S for each conditional draw.
  let noise: [Tensor]
  let temperature: Temperature

  func weights(_ site: DrawSite, _ context: inout SurrogateContext) -> Tensor {
    let tau = temperature.value(&context)
    let hard = classes.oneHot(site.value)
    let parts = noise.map { ConditionalGumbel.scores(classes, hard, exponential: $0) / tau }.map { $0.softmax(axis: 0) }
    let y = parts.reduce(Tensor.zeros([])) { $0 + $1 } / Double(noise.count)
    return hard + (y - stopGradient(y))
  }
}

/// log p + Gumbel noise given which class is the largest (Maddison, Tarlow & Minka 2014; the appendix of Paulus et al. 2021).
enum ConditionalGumbel {
  /// With E exponential noise: −log E_d at the class d drawn (probabilities sum to one), and −log(E_k/p_k + E_d) elsewhere; its derivative
  /// in log p is that of log p + g with the noise g held fixed.
  static func scores(_ classes: Classes, _ hard: Tensor, exponential e: Tensor) -> Tensor {
    let p = classes.probabilities
    let top = (hard * e).sum(axis: 0)
    let there = -log(top)
    let values = select(hard, there, -log(e / stopGradient(p) + top))
    return stopGradient(values) + (classes.logProbabilities - stopGradient(classes.logProbabilities))
  }

  /// The exponential noise that leads to scores which were drawn: E_d = e^(−s_d), E_k = e^(−g_k) − p_k e^(−s_d). Given the class it is
  /// independent of the parameters, so that a conditional draw made of it is one, and as close to the scores as can be.
  static func noise(_ classes: Classes, _ hard: Tensor, _ scores: Tensor) -> Tensor {
    let top = exp(-(hard * scores).sum(axis: 0))
    let others = exp(classes.logProbabilities - scores) - classes.probabilities * top
    return stopGradient(select(hard, top, maximum(others, Double.leastNormalMagnitude)))
  }

  /// The same values as functions of the probabilities with the exponential noise held fixed: the derivative of the conditional draw.
  static func reparameterized(_ classes: Classes, _ hard: Tensor, exponential e: Tensor) -> Tensor {
    let top = (hard * e).sum(axis: 0)
    return select(hard, -log(top), -log(e * exp(-classes.logProbabilities) + top))
  }
}
