extension Graph {
  /// Contractions that are not one matrix product become a product and a sum, which fuse with their neighbours: batched ones, dot
  /// products, and small ones of which both operands vary by lane. `variesByLane` says what does, whatever the number of lanes is.
  func expandingContractions(variesByLane isRoot: (Entry) -> Bool) -> Graph {
    let varies = dependence(on: isRoot)
    let source = self
    return rewritten { entry, place, graph in
      guard case .contract(let spec) = entry.operation else { return nil }
      let form = MatrixForm(spec)
      let inputs = source.entries[place].inputs
      let a = source.entries[inputs[0]].shape
      let b = source.entries[inputs[1]].shape
      let size = entry.count * spec.contracted.reduce(1) { $0 * a[spec.a.firstIndex(of: $1)!] }
      let both = varies[inputs[0]] && varies[inputs[1]]
      if let form, !(form.rows.isEmpty && form.columns.isEmpty), !(both && size < 4096) { return nil }
      let all = spec.out + spec.contracted
      var length: [Int: Int] = [:]
      for (label, n) in zip(spec.a + spec.b, a + b) { length[label] = n }
      let full = all.map { length[$0]! }
      let left = graph.aligned(entry.inputs[0], spec.a, to: all, full)
      let right = graph.aligned(entry.inputs[1], spec.b, to: all, full)
      let product = graph.intern(Entry(operation: .binary(.multiply), inputs: [left, right], shape: full))
      return graph.intern(
        Entry(operation: .reduce(.sum, axes: Array(spec.out.count..<all.count)), inputs: [product], shape: entry.shape))
    }
  }

  fileprivate mutating func aligned(_ place: Int, _ labels: [Int], to all: [Int], _ full: [Int]) -> Int {
    let order = labels.indices.sorted { all.firstIndex(of: labels[$0])! < all.firstIndex(of: labels[$1])! }
    let axes = order.map { all.firstIndex(of: labels[$0])! }
    var result = place
    if order != Array(labels.indices) {
      result = intern(Entry(operation: .transpose(order), inputs: [result], shape: order.map { entries[place].shape[$0] }))
    }
    if entries[result].shape == full { return result }
    return intern(Entry(operation: .broadcast(axes: axes), inputs: [result], shape: full))
  }
}

/// A contraction seen as a matrix product: labels of the left operand's rows, of the right one's columns, and of the sum.
struct MatrixForm {
  let rows: [Int]
  let columns: [Int]
  let inner: [Int]

  /// nil if some label is in both operands and in the result (a batch).
  init?(_ spec: Contraction) {
    if spec.out.contains(where: { spec.a.contains($0) && spec.b.contains($0) }) { return nil }
    rows = spec.out.filter(spec.a.contains)
    columns = spec.out.filter(spec.b.contains)
    inner = spec.contracted
  }
}
