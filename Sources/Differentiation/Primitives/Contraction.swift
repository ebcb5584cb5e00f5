/// A sum of products of two arrays, axes named by labels: out[o] = Σ over labels not in o of a[…]·b[…] (Einstein's convention).
///
/// Every label stands at most once in each operand, and each label of `a` stands in `b` or in `out`, and likewise for `b`, so that the
/// derivative of a contraction is a contraction. Products are accumulated in rising order of the contracted axes.
package struct Contraction: Hashable, Sendable {
  package var a: [Int]
  package var b: [Int]
  package var out: [Int]
  package init(_ a: [Int], _ b: [Int], _ out: [Int]) {
    self.a = a
    self.b = b
    self.out = out
  }
  package var contracted: [Int] { a.filter { b.contains($0) && !out.contains($0) } }
}

extension Node {
  package static func contract(_ a: Node, _ b: Node, _ spec: Contraction) -> Node {
    var length: [Int: Int] = [:]
    for (label, n) in zip(spec.a + spec.b, a.shape + b.shape) {
      precondition(length[label] == nil || length[label] == n, "contracted axes have equal lengths")
      length[label] = n
    }
    let shape = spec.out.map { length[$0]! }
    // A label that only one operand has and the result has not is summed first.
    for (operand, labels, other) in [(0, spec.a, spec.b), (1, spec.b, spec.a)] {
      let lone = labels.indices.filter { !other.contains(labels[$0]) && !spec.out.contains(labels[$0]) }
      if !lone.isEmpty {
        var next = spec
        let kept = labels.indices.filter { !lone.contains($0) }.map { labels[$0] }
        if operand == 0 {
          next.a = kept
          return contract(a.reduced(.sum, axes: lone), b, next)
        }
        next.b = kept
        return contract(a, b.reduced(.sum, axes: lone), next)
      }
    }
    if a.splat == 0 || b.splat == 0 { return .fill(0, shape: shape) }
    if case .unary(.negate) = a.operation { return -contract(a.inputs[0], b, spec) }
    if case .unary(.negate) = b.operation { return -contract(a, b.inputs[0], spec) }
    if spec.contracted.isEmpty || a.splat != nil || b.splat != nil {
      // Nothing to sum (an outer or elementwise product), or one operand is a repeated number.
      let all = spec.out + spec.contracted
      let full = all.map { length[$0]! }
      let product = a.aligned(spec.a, to: all, full) * b.aligned(spec.b, to: all, full)
      return product.reduced(.sum, axes: Array(spec.out.count..<all.count))
    }
    return Node(.contract(spec), [a, b], shape: shape)
  }

  /// The array with axes `labels` repeated and permuted to the axes `all` of lengths `full`.
  package func aligned(_ labels: [Int], to all: [Int], _ full: [Int]) -> Node {
    let order = labels.indices.sorted { all.firstIndex(of: labels[$0])! < all.firstIndex(of: labels[$1])! }
    return transposed(order).broadcast(to: full, axes: order.map { all.firstIndex(of: labels[$0])! })
  }

  /// Σ_i a_i b_i over all elements of two arrays of one shape.
  package static func dot(_ a: Node, _ b: Node) -> Node {
    let labels = Array(a.shape.indices)
    return .contract(a, b, Contraction(labels, labels, []))
  }
}
