import Differentiation

/// Forward the draw, backward the probabilities: y = onehot(z) + p − stop(p) (Bengio, Léonard & Courville 2013, arXiv:1308.3432). Unbiased for
/// costs that are linear in the weights of each element, otherwise biased; second derivatives are not those of the expectation.
struct StraightThrough: RelaxedDraw {
  let classes: Classes

  func weights(_ site: DrawSite, _ context: inout SurrogateContext) -> Tensor {
    let p = classes.probabilities
    return classes.oneHot(site.value) + (p - stopGradient(p))
  }
}
