import Differentiation

/// What a parameter has to be.
package enum ParameterRequirement: Sendable {
  case finite, positive, nonnegative
  /// In [0, 1].
  case probability
  /// Strictly in (0, 1).
  case openProbability
  /// A whole number ≥ 0.
  case count
  /// Not NaN; ±∞ is allowed.
  case number
  /// 0 or 1.
  case indicator

  fileprivate func holds(_ x: Double) -> Bool {
    switch self {
    case .finite: x.isFinite
    case .positive: x > 0 && x.isFinite
    case .nonnegative: x >= 0 && x.isFinite
    case .probability: x >= 0 && x <= 1
    case .openProbability: x > 0 && x < 1
    case .count: x >= 0 && x.isFinite && x.rounded() == x
    case .number: !x.isNaN
    case .indicator: x == 0 || x == 1
    }
  }

  fileprivate var sentence: String {
    switch self {
    case .finite: "must be finite"
    case .positive: "must be positive and finite"
    case .nonnegative: "must be at least 0 and finite"
    case .probability: "must be a probability between 0 and 1"
    case .openProbability: "must lie strictly between 0 and 1"
    case .count: "must be a whole number, at least 0"
    case .number: "must be a number"
    case .indicator: "must be 0 or 1"
    }
  }
}

extension Tensor {
  /// All elements, row-major and with the axes of plates, where they are known while recording; nil for anything that is computed.
  package var knownValues: [Double]? { node.knownValues }

  /// The one number that every element is known to be, or nil.
  package var knownNumber: Double? {
    guard let values = knownValues, let first = values.first, values.allSatisfy({ $0 == first }) else { return nil }
    return first
  }

  /// The parameter itself, or, where it is known to break the requirement, the mistake in a sentence.
  package func checked(_ requirement: ParameterRequirement, _ label: String, of owner: String) -> Tensor {
    guard let values = knownValues, let place = values.firstIndex(where: { !requirement.holds($0) }) else { return self }
    let which = values.count == 1 || node.splat != nil ? "but is" : "but element \(place) is"
    return .mistake("\(owner): \(label) \(requirement.sentence), \(which) \(values[place])", shape: shape, from: [self])
  }

  /// The parameter itself, or the mistake where it has not this many visible axes.
  package func checked(rank wanted: Int, _ label: String, of owner: String) -> Tensor {
    if rank == wanted { return self }
    let noun = ["a number (shape [])", "a vector (shape [n])", "a matrix (shape [n, n])"][Swift.min(wanted, 2)]
    let shape = [Int](repeating: 1, count: wanted)
    let hint = rank > wanted ? "; write one for each element in a plate" : ""
    return .mistake("\(owner): \(label) must be \(noun), but has shape \(shapeDescription)\(hint)", shape: shape, from: [self])
  }

  /// The parameter itself, or the mistake where it is not a square matrix.
  package func checkedSquare(_ label: String, of owner: String) -> Tensor {
    let matrix = checked(rank: 2, label, of: owner)
    let shape = matrix.shape
    if shape[0] == shape[1] { return matrix }
    let sentence = "\(owner): \(label) must be a square matrix, but has shape \(shapeDescription)"
    return .mistake(sentence, shape: [shape[0], shape[0]], from: [self])
  }
}

/// The shape that parameters of these shapes stretch to; where they do not, the longest of them (the mistake is recorded where they are
/// combined).
package func batchShape(of parameters: Tensor...) -> [Int] {
  let shapes = parameters.map(\.shape)
  return Tensor.commonShape(shapes) ?? shapes.max { $0.count < $1.count } ?? []
}

extension Tensor {
  /// The upper bound itself, or the mistake where both bounds are known and some lower one is not below it.
  func checkedAbove(_ lower: Tensor, of owner: String) -> Tensor {
    guard let a = lower.knownValues, let b = knownValues, a.count == b.count || a.count == 1 || b.count == 1 else { return self }
    for place in 0..<Swift.max(a.count, b.count) {
      let low = a[a.count == 1 ? 0 : place]
      let high = b[b.count == 1 ? 0 : place]
      if !(low < high) {
        return .mistake(
          "\(owner): the lower bound must be below the upper one, but they are \(low) and \(high)", shape: shape, from: [self])
      }
    }
    return self
  }

  /// A number, or a vector with an element for each row; the mistake where it is neither.
  func checkedFitting(rows: Int, _ label: String, of owner: String) -> Tensor {
    let parameter = checked(.finite, label, of: owner)
    if rank == 0 || shape == [rows] { return parameter }
    return .mistake(
      "\(owner): \(label) must be a number or have shape [\(rows)], but has shape \(shapeDescription)", shape: [rows], from: [self])
  }

  /// A vector whose elements increase; the mistake where it is known that they do not, or that there is none.
  func checkedIncreasing(_ label: String, of owner: String) -> Tensor {
    if shape == [0] { return .mistake("\(owner): \(label) must have at least one element", shape: [1], from: [self]) }
    guard plates.isEmpty, let values = knownValues else { return self }
    guard let place = zip(values, values.dropFirst()).enumerated().first(where: { !($0.element.0 < $0.element.1) })?.offset else {
      return self
    }
    return .mistake(
      "\(owner): \(label) must increase, but element \(place) is \(values[place]) and the next is \(values[place + 1])", shape: shape,
      from: [self])
  }

  /// A constant density, of the shape and with the plates that the value gives it.
  func spread(over value: Tensor) -> Tensor {
    let all = PlateAxis.union([value.plates, plates])
    return Tensor(expanded(to: Tensor.commonShape([value.shape, shape]) ?? value.shape, plates: all), plates: all)
  }
}
