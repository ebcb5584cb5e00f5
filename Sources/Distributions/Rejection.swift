import Differentiation

/// Draws by rejection in a graph, which has no loop that ends when it may: many tries at once, the first legal one of which is taken.
enum Rejection {
  /// How many.
  static let attempts = 256

  /// The first legal one of tries along the first axis, numbers or vectors; NaN where none is.
  static func first(_ tries: Tensor, where isLegal: Tensor) -> Tensor {
    let isFirst = isLegal * (isLegal.cumulativeSum(axis: 0) .== 1)
    let isTaken = tries.rank > isLegal.rank ? isFirst.repeated(axis: 1, count: tries.shape[1]) : isFirst
    return select(isFirst.sum(axis: 0), select(isTaken, tries, 0).sum(axis: 0), Double.nan)
  }
}
