import Differentiation

/// The density of independent elements on the increasing vectors: Π p(xₖ) where x₁ < x₂ < … , 0 elsewhere.
///
/// It is not divided by the probability of that order (1/n! for equal elements), as is usual for the means of a mixture: a constant unless
/// parameters vary.
public struct Ordered<Base: Distribution>: Distribution where Base.Value == Tensor {
  public static var name: String { Base.name }
  let base: Base
  let size: Int
  public let support: Support

  init(_ base: Base, _ size: Int, _ support: Support) {
    self.base = base
    self.size = size
    self.support = support
  }

  public var batchShape: [Int] { [] }
  public var eventShape: [Int] { [size] }

  public func logDensity(inside x: Tensor) -> Tensor {
    guard x.shape == [size] else {
      return .mistake("ordered \(Base.name): the value must have shape [\(size)], but has \(x.shapeDescription)", shape: [], from: [x])
    }
    guard base.eventShape.isEmpty, base.batchShape.isEmpty || base.batchShape == [size] else {
      return .mistake(
        "ordered \(Base.name): the elements must be one distribution or a vector of \(size), but the shape is \(base.shape)", shape: [],
        from: [x])
    }
    return base.logDensity(inside: x).sum(axis: 0)
  }

  /// Equal elements: independent draws, sorted. Elements with parameters of their own, and positive ones that can be negative: the first of
  /// 256 independent tries that lies in the support; NaN where none does, which happens to a share (1 − q)²⁵⁶ of the draws where q is the
  /// probability of the order (10⁻⁵ at q = 4 %).
  public func sample(using source: DrawSource) -> Tensor {
    guard base.eventShape.isEmpty, base.batchShape.isEmpty || base.batchShape == [size] else {
      return .mistake(
        "ordered \(Base.name): the elements must be one distribution or a vector of \(size), but the shape is \(base.shape)", shape: shape)
    }
    if size == 0 { return .zeros([0]) }
    if base.batchShape.isEmpty, base.isNonnegative || !isPositive { return sorted(Repeated(base, [size]).sample(using: source)) }
    let copies = base.batchShape.isEmpty ? [Rejection.attempts, size] : [Rejection.attempts]
    return firstLegal(Repeated(base, copies).sample(using: source))
  }

  private var isPositive: Bool {
    if case .positiveOrdered = support { true } else { false }
  }

  /// Odd–even transposition: after n rounds of neighbours compared and exchanged everything is in order.
  private func sorted(_ draws: Tensor) -> Tensor {
    var elements = (0..<size).map { draws[$0] }
    for round in 0..<size {
      for place in stride(from: round % 2, to: size - 1, by: 2) {
        let (a, b) = (elements[place], elements[place + 1])
        elements[place] = minimum(a, b)
        elements[place + 1] = maximum(a, b)
      }
    }
    return stack(elements)
  }

  /// The first row of [tries, n] that lies in the support.
  private func firstLegal(_ tries: Tensor) -> Tensor {
    let count = Rejection.attempts
    var isLegal = isPositive ? tries.slice(0..<1, axis: 1).reshaped(to: [count]) .> 0 : Tensor(1).broadcast(to: [count])
    if size > 1 {
      let rises = tries.slice(0..<(size - 1), axis: 1) .< tries.slice(1..<size, axis: 1)
      isLegal = isLegal * rises.min(axis: 1)
    }
    return Rejection.first(tries, where: isLegal)
  }
}

extension Distribution {
  /// Whether the support has no negative numbers.
  fileprivate var isNonnegative: Bool {
    switch support {
    case .positive, .nonnegative, .unitInterval: true
    case .lower(let bound), .interval(let bound, _): bound.knownValues?.allSatisfy { $0 >= 0 } ?? false
    default: false
    }
  }
}

extension Distribution where Value == Tensor {
  /// Independent elements on the increasing vectors: `Normal(0, sd: 2).ordered(count: 2)`. Without a count the elements are the
  /// distribution's own batch: `Normal(Tensor([3, 10]), sd: 1).ordered()`.
  public func ordered(count: Int? = nil) -> Ordered<Self> { Ordered(self, max(0, count ?? batchShape.first ?? 1), .ordered) }

  /// Independent elements on the increasing vectors of positive numbers.
  public func positiveOrdered(count: Int? = nil) -> Ordered<Self> {
    Ordered(self, max(0, count ?? batchShape.first ?? 1), .positiveOrdered)
  }
}
