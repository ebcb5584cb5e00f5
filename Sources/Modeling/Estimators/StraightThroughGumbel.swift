import Differentiation

/// Forward the class whose perturbed log probability is largest, backward the Gumbel-softmax weights of the same noise (Jang, Gu & Poole 2017).
/// Costs are evaluated at classes only; biased.
struct StraightThroughGumbel: RelaxedDraw {
  let relaxed: GumbelSoftmax

  func weights(_ site: DrawSite, _ context: inout SurrogateContext) -> Tensor {
    let y = relaxed.weights(site, &context)
    return relaxed.classes.oneHot(site.value) + (y - stopGradient(y))
  }
}
