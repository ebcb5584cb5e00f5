import Differentiation

extension Support {
  /// The ends of an interval of numbers; nil where it goes on without one, and for sets of another kind.
  var ends: (lower: Tensor?, upper: Tensor?) {
    switch self {
    case .positive, .nonnegative: (0, nil)
    case .unitInterval: (0, 1)
    case .lower(let bound): (bound, nil)
    case .upper(let bound): (nil, bound)
    case .interval(let a, let b): (a, b)
    default: (nil, nil)
    }
  }

  /// The numbers between two ends, which belong to the set.
  static func between(_ lower: Tensor?, _ upper: Tensor?) -> Support {
    switch (lower, upper) {
    case (nil, nil): .real
    case (let a?, nil): .lower(a)
    case (nil, let b?): .upper(b)
    case (let a?, let b?): .interval(a, b)
    }
  }

  /// A bound, or the end of a support where that is the tighter one; nil where the bound is known to exclude nothing.
  static func tighter(_ bound: Tensor?, _ end: Tensor?, isLower: Bool) -> Tensor? {
    guard let bound, bound.knownNumber.map({ $0.isFinite }) ?? true else { return nil }
    guard let end else { return bound }
    if let b = bound.knownNumber, let e = end.knownNumber { return (isLower ? b <= e : b >= e) ? nil : bound }
    return isLower ? maximum(bound, end) : minimum(bound, end)
  }

  /// 1 where `x` lies at an end or beyond; nil where it is known that it does not, and for ends that are missing.
  func isAtEnd(_ x: Tensor, isLower: Bool) -> Tensor? {
    guard let end = isLower ? ends.lower : ends.upper else { return nil }
    if let e = end.knownNumber, let values = x.node.possibleValues, values.allSatisfy({ isLower ? $0 > e : $0 < e }) { return nil }
    return isLower ? x .<= end : x .>= end
  }

  /// Some number inside, away from the ends.
  var innerPoint: Tensor {
    switch ends {
    case (nil, nil): 0
    case (let a?, nil): a + 1
    case (nil, let b?): b - 1
    case (let a?, let b?): 0.5 * (a + b)
    }
  }
}
