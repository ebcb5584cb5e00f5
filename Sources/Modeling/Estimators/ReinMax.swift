import Differentiation

/// Straight-through of second order (Liu, Dong, Liu, Yu & Gao 2023, arXiv:2304.08612): Heun's rule in place of Euler's, exact for costs that
/// are quadratic in the weights of a single draw. The forward value is the class drawn; biased otherwise.
struct ReinMax: RelaxedDraw {
  let classes: Classes

  func weights(_ site: DrawSite, _ context: inout SurrogateContext) -> Tensor {
    let hard = classes.oneHot(site.value)
    let logits = classes.logProbabilities
    let p = classes.probabilities
    let middle = log(0.5 * (stopGradient(p) + hard))
    let half = (stopGradient(middle - logits) + logits).softmax(axis: 0)
    let y = 2 * half - 0.5 * p
    return hard + (y - stopGradient(y))
  }
}
