/// Which number of elements a variance divides by.
public enum VarianceDivisor: Sendable {
  /// n.
  case population
  /// n − 1.
  case sample
}

extension Tensor {
  private func reduced(_ reducer: Reducer) -> Tensor { Tensor(node.reduced(reducer, axes: Array(0..<rank)), plates: plates) }

  private func reduced(_ reducer: Reducer, _ name: String, axis: Int) -> Tensor {
    guard let place = resolved(axis: axis) else { return noSuchAxis(name, axis) }
    return Tensor(node.reduced(reducer, axes: [place]), plates: plates)
  }

  /// A maximum or minimum of nothing has no value.
  private func nonEmpty(_ name: String, _ body: () -> Tensor) -> Tensor {
    count > 0 ? body() : .mistake("\(name) of no elements (shape \(shapeDescription)) has no value", shape: [], from: [self])
  }

  /// The sum of all elements, shape []; 0 where there are none. Inside a plate: of one element of the plate.
  public func sum() -> Tensor { reduced(.sum) }
  /// The sum along an axis, which disappears; −1 is the last axis.
  public func sum(axis: Int) -> Tensor { reduced(.sum, "sum(axis:)", axis: axis) }
  /// The arithmetic mean; NaN where there are no elements.
  public func mean() -> Tensor { sum() / Double(count) }
  public func mean(axis: Int) -> Tensor {
    guard let place = resolved(axis: axis) else { return noSuchAxis("mean(axis:)", axis) }
    return sum(axis: place) / Double(shape[place])
  }
  /// The largest element; elements that tie share the derivative equally.
  public func max() -> Tensor { nonEmpty("max()") { reduced(.maximum) } }
  public func max(axis: Int) -> Tensor { nonEmpty("max(axis:)") { reduced(.maximum, "max(axis:)", axis: axis) } }
  /// The smallest element; elements that tie share the derivative equally.
  public func min() -> Tensor { nonEmpty("min()") { reduced(.minimum) } }
  public func min(axis: Int) -> Tensor { nonEmpty("min(axis:)") { reduced(.minimum, "min(axis:)", axis: axis) } }

  /// Σ(x − mean)² over n or n − 1.
  public func variance(_ divisor: VarianceDivisor) -> Tensor {
    square(self - mean()).sum() / Double(divisor == .population ? count : count - 1)
  }

  /// log Σ eˣ over all elements, shape []; −∞ where all are −∞.
  public func logSumExp() -> Tensor { reshaped(to: [count]).logSumExp(axis: 0) }

  /// log Σ eˣ along an axis, which disappears.
  public func logSumExp(axis: Int) -> Tensor {
    guard let place = resolved(axis: axis) else { return noSuchAxis("logSumExp(axis:)", axis) }
    return nonEmpty("logSumExp(axis:)") {
      let parts = shiftedExponentials(axis: place)
      return log(parts.exponentials.sum(axis: place)) + parts.shift
    }
  }

  /// e^(x − m) with m the maximum along the axis (the largest finite number where that is infinite), without a derivative through m: the
  /// value and the derivative of log-sum-exp and of softmax share these exponentials.
  private func shiftedExponentials(axis: Int) -> (shift: Tensor, exponentials: Tensor) {
    let limit = Double.greatestFiniteMagnitude
    let shift = stopGradient(minimum(maximum(max(axis: axis), -limit), limit))
    return (shift, exp(self - shift.repeated(axis: axis, count: shape[axis])))
  }

  /// eˣ / Σ eˣ along an axis, the last one unless another is named.
  public func softmax(axis: Int = -1) -> Tensor {
    guard let place = resolved(axis: axis) else { return noSuchAxis("softmax(axis:)", axis) }
    return nonEmpty("softmax(axis:)") {
      let exponentials = shiftedExponentials(axis: place).exponentials
      return exponentials / exponentials.sum(axis: place).repeated(axis: place, count: shape[place])
    }
  }

  /// x − log Σ eˣ along an axis, the last one unless another is named.
  public func logSoftmax(axis: Int = -1) -> Tensor {
    guard let place = resolved(axis: axis) else { return noSuchAxis("logSoftmax(axis:)", axis) }
    return nonEmpty("logSoftmax(axis:)") { self - logSumExp(axis: place).repeated(axis: place, count: shape[place]) }
  }

  /// y_i = Σ_{j ≤ i} x_j along an axis, the last one unless another is named.
  public func cumulativeSum(axis: Int = -1) -> Tensor {
    guard let place = resolved(axis: axis) else { return noSuchAxis("cumulativeSum(axis:)", axis) }
    return Tensor(node.cumulativeSum(axis: place), plates: plates)
  }

  /// A new axis of `count` equal parts at `axis` of the result.
  package func repeated(axis: Int, count: Int) -> Tensor {
    var shape = node.shape
    shape.insert(count, at: axis)
    return Tensor(node.broadcast(to: shape, axes: shape.indices.filter { $0 != axis }), plates: plates)
  }
}
