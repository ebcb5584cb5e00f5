/// Builders of primitives that move elements without arithmetic, and of reductions. Shape rules are checked by `precondition`: the
/// front end (`Tensor`) has already turned a user's mistake into a sentence.
extension Node {
  // MARK: broadcast
  /// Input axis i becomes axis `axes[i]` of `shape`; the others repeat. `axes` rises.
  package func broadcast(to shape: [Int], axes: [Int]) -> Node {
    precondition(axes.count == self.shape.count && zip(axes, self.shape).allSatisfy { shape[$0] == $1 }, "broadcast keeps axis lengths")
    if shape == self.shape { return self }
    if let value = splat { return .fill(value, shape: shape) }
    if case .broadcast(let inner) = operation {
      return Node(.broadcast(axes: inner.map { axes[$0] }), inputs, shape: shape)
    }
    return Node(.broadcast(axes: axes), [self], shape: shape)
  }

  // MARK: reductions
  /// Sum, maximum or minimum over `axes`, which disappear. A sum over no elements is 0.
  package func reduced(_ reducer: Reducer, axes: [Int]) -> Node {
    let axes = axes.sorted()
    if axes.isEmpty { return self }
    let kept = shape.indices.filter { !axes.contains($0) }
    let shape = kept.map { self.shape[$0] }
    if let value = splat {
      let count = axes.reduce(1) { $0 * self.shape[$1] }
      return .fill(reducer == .sum ? (count == 0 ? 0 : value * Double(count)) : value, shape: shape)
    }
    // Σ over repeated axes of a broadcast is a product; so the adjoint of a broadcast of a broadcast stays small.
    if case .broadcast(let from) = operation, axes.allSatisfy({ !from.contains($0) }) {
      let count = axes.reduce(1) { $0 * self.shape[$1] }
      let rest = from.map { kept.firstIndex(of: $0)! }
      let small = inputs[0].broadcast(to: shape, axes: rest)
      return reducer == .sum ? small * .fill(Double(count), shape: shape) : small
    }
    if reducer == .sum {
      if case .unary(.negate) = operation { return -inputs[0].reduced(.sum, axes: axes) }
      // Σ (x + c) = Σ x + Σ c for known or repeated c.
      if case .binary(let sum) = operation, sum == .add || sum == .subtract,
        inputs[0].isCheaplySummed(axes) || inputs[1].isCheaplySummed(axes)
      {
        return .binary(sum, inputs[0].reduced(.sum, axes: axes), inputs[1].reduced(.sum, axes: axes))
      }
      // Σ c·x = c·Σ x for a number c.
      if case .binary(.multiply) = operation, let factor = inputs[1].splat {
        return .fill(factor, shape: shape) * inputs[0].reduced(.sum, axes: axes)
      }
      // Σ s·x = s·Σ x for an s that repeats along the summed axes.
      if case .binary(.multiply) = operation {
        for (index, factor) in inputs.enumerated() {
          guard case .broadcast(let from) = factor.operation, axes.allSatisfy({ !from.contains($0) }), !factor.isData else { continue }
          let outside = factor.inputs[0].broadcast(to: shape, axes: from.map { kept.firstIndex(of: $0)! })
          return outside * inputs[1 - index].reduced(.sum, axes: axes)
        }
      }
      if axes.allSatisfy({ self.shape[$0] == 1 }) { return reshaped(to: shape) }
    }
    return Node(.reduce(reducer, axes: axes), [self], shape: shape)
  }

  private func isCheaplySummed(_ axes: [Int]) -> Bool {
    if isData { return true }
    if case .broadcast(let from) = operation { return axes.allSatisfy { !from.contains($0) } }
    return false
  }

  package var total: Node { reduced(.sum, axes: Array(shape.indices)) }

  // MARK: reshape
  package func reshaped(to shape: [Int]) -> Node {
    precondition(shape.reduce(1, *) == count, "reshape keeps the number of elements")
    if shape == self.shape { return self }
    if let value = splat { return .fill(value, shape: shape) }
    if case .reshape = operation { return inputs[0].reshaped(to: shape) }
    return Node(.reshape, [self], shape: shape)
  }

  // MARK: transpose
  /// Output axis i is input axis `permutation[i]`.
  package func transposed(_ permutation: [Int]) -> Node {
    if permutation == Array(shape.indices) { return self }
    let shape = permutation.map { self.shape[$0] }
    if let value = splat { return .fill(value, shape: shape) }
    if case .transpose(let first) = operation { return inputs[0].transposed(permutation.map { first[$0] }) }
    // Only axes of length 1 move: the elements stand where they stood.
    if permutation.filter({ self.shape[$0] != 1 }) == self.shape.indices.filter({ self.shape[$0] != 1 }) { return reshaped(to: shape) }
    return Node(.transpose(permutation), [self], shape: shape)
  }

  // MARK: slice and pad
  package func sliced(starts: [Int], shape: [Int]) -> Node {
    if shape == self.shape { return self }
    if let value = splat { return .fill(value, shape: shape) }
    if case .slice(let outer) = operation {
      return inputs[0].sliced(starts: zip(outer, starts).map(+), shape: shape)
    }
    if case .pad(let inner) = operation {
      let from = zip(starts, inner).map { $0 - $1 }
      let own = inputs[0].shape
      if shape.indices.contains(where: { from[$0] >= own[$0] || from[$0] + shape[$0] <= 0 }) { return .fill(0, shape: shape) }
      if shape.indices.allSatisfy({ from[$0] >= 0 && from[$0] + shape[$0] <= own[$0] }) {
        return inputs[0].sliced(starts: from, shape: shape)
      }
    }
    if case .concatenate(let axis) = operation {
      var offset = 0
      for part in inputs {
        if starts[axis] >= offset, starts[axis] + shape[axis] <= offset + part.shape[axis] {
          var inner = starts
          inner[axis] -= offset
          return part.sliced(starts: inner, shape: shape)
        }
        offset += part.shape[axis]
      }
    }
    return Node(.slice(starts: starts), [self], shape: shape)
  }

  package func padded(starts: [Int], shape: [Int]) -> Node {
    if shape == self.shape { return self }
    if splat == 0 { return .fill(0, shape: shape) }
    return Node(.pad(starts: starts), [self], shape: shape)
  }

  // MARK: concatenate
  package static func concatenate(_ parts: [Node], axis: Int) -> Node {
    let parts = parts.filter { $0.shape[axis] > 0 }
    precondition(!parts.isEmpty, "concatenation of nothing")
    if parts.count == 1 { return parts[0] }
    var shape = parts[0].shape
    shape[axis] = parts.reduce(0) { $0 + $1.shape[axis] }
    return Node(.concatenate(axis: axis), parts, shape: shape)
  }

  // MARK: gather and scatter
  /// y[…, i…, …] = x[…, indices[i…], …] along `axis`. An index outside 0..<n gives NaN; the front end refuses what is known beforehand.
  package func gathered(_ indices: Node, axis: Int) -> Node {
    let shape = Array(self.shape[..<axis]) + indices.shape + Array(self.shape[(axis + 1)...])
    if let value = splat { return .fill(value, shape: shape) }
    if indices.shape == [self.shape[axis]], case .constant(let known) = indices.operation,
      known.values.enumerated().allSatisfy({ $1 == Double($0) })
    {
      return self
    }
    return Node(.gather(axis: axis), [self, indices], shape: shape)
  }

  /// y[…, k, …] = Σ over i with indices[i] = k of self[…, i…, …], with `size` places along `axis`.
  package func scatterAdded(_ indices: Node, axis: Int, size: Int) -> Node {
    let rank = indices.shape.count
    let shape = Array(self.shape[..<axis]) + [size] + Array(self.shape[(axis + rank)...])
    if splat == 0 { return .fill(0, shape: shape) }
    return Node(.scatterAdd(axis: axis), [self, indices], shape: shape)
  }

  // MARK: cumulative sum
  /// y_i = Σ_{j ≤ i} x_j along `axis` (j ≥ i when reversed).
  package func cumulativeSum(axis: Int, reversed: Bool = false) -> Node {
    if splat == 0 { return self }
    return Node(.cumulativeSum(axis: axis, reversed: reversed), [self], shape: shape)
  }
}
