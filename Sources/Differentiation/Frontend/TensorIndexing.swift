/// One element of a plate, inside the plate's body: `y[j]` is the part of `y` that belongs to it.
public struct PlateIndex: Sendable {
  package let axis: PlateAxis
  /// The size of the whole plate; data indexed by the plate have as many elements along their first axis.
  package let fullSize: Int
  /// The elements of the minibatch [axis.size], where one is drawn; nil for the whole plate.
  package let subset: Node?

  package init(axis: PlateAxis, fullSize: Int, subset: Node? = nil) {
    self.axis = axis
    self.fullSize = fullSize
    self.subset = subset
  }

  /// The element's number, counted from 0 over the whole plate.
  public var number: IntTensor {
    IntTensor(Tensor(subset ?? Tensor.range(axis.size).node, plates: [axis]))
  }
}

extension Tensor {
  /// Part i of the first axis, counted from 0.
  public subscript(_ index: Int) -> Tensor {
    guard let length = shape.first, (0..<length).contains(index) else {
      return .mistake(
        "index \(index) is outside the first axis of shape \(shapeDescription)", shape: Array(shape.dropFirst()), from: [self])
    }
    var starts = [Int](repeating: 0, count: node.shape.count)
    starts[0] = index
    let unit = [1] + node.shape.dropFirst()
    return Tensor(node.sliced(starts: starts, shape: unit).reshaped(to: Array(node.shape.dropFirst())), plates: plates)
  }

  /// Element i, j of the first two axes.
  public subscript(_ i: Int, _ j: Int) -> Tensor { self[i][j] }

  /// Parts `range` of the first axis.
  public subscript(_ range: Range<Int>) -> Tensor { slice(range, axis: 0) }

  /// Parts `range` of an axis.
  public func slice(_ range: Range<Int>, axis: Int) -> Tensor {
    guard let place = resolved(axis: axis) else { return noSuchAxis("slice(axis:)", axis) }
    guard range.lowerBound >= 0, range.upperBound <= shape[place] else {
      return .mistake(
        "range \(range.lowerBound)..<\(range.upperBound) leaves axis \(axis) of shape \(shapeDescription)", shape: shape, from: [self])
    }
    var starts = [Int](repeating: 0, count: node.shape.count)
    var size = node.shape
    starts[place] = range.lowerBound
    size[place] = range.count
    return Tensor(node.sliced(starts: starts, shape: size), plates: plates)
  }

  /// The part of the first axis that belongs to the plate's element.
  public subscript(_ index: PlateIndex) -> Tensor {
    guard let length = shape.first else {
      return .mistake(
        "a scalar cannot be indexed by plate \(index.axis.name): it has no axis of \(index.fullSize) elements", shape: [], from: [self])
    }
    if plates.contains(index.axis) {
      return .mistake(
        "a tensor of shape \(shapeDescription) already belongs to one element of plate \(index.axis.name): use it without the index",
        shape: Array(shape.dropFirst()), from: [self])
    }
    guard length == index.fullSize else {
      return .mistake(
        "plate \(index.axis.name) has \(index.fullSize) elements, and the first axis of shape \(shapeDescription) has \(length)",
        shape: Array(shape.dropFirst()), from: [self])
    }
    let present = index.subset.map { Tensor(node.gathered($0, axis: 0), plates: plates) } ?? self
    return present.entering(index.axis)
  }

  /// x[indices]: the parts of the first axis with these numbers, counted from 0; the axes of the indices replace the first axis.
  ///
  /// A known index outside the axis is a mistake; one that is computed gives NaN.
  public subscript(_ indices: IntTensor) -> Tensor {
    let rest = Array(shape.dropFirst())
    guard let length = shape.first else {
      return .mistake("a scalar cannot be indexed by an IntTensor", shape: indices.shape, from: [self, indices.tensor])
    }
    if let known = indices.knownValues, let place = known.firstIndex(where: { !(0..<Double(length)).contains($0) }) {
      return .mistake(
        "index \(Int(known[place])) (element \(place) of the indices) is outside 0..<\(length), the first axis of shape \(shapeDescription)",
        shape: indices.shape + rest, from: [self])
    }
    let shared = plates.filter(indices.plates.contains)
    return shared.isEmpty ? gathered(indices) : gathered(indices, sharing: shared)
  }

  private func gathered(_ indices: IntTensor) -> Tensor {
    let all = PlateAxis.union([plates, indices.plates])
    if let sentence = PlateAxis.excess(all) {
      return .mistake("the index \(sentence)", shape: indices.shape + shape.dropFirst(), from: [self, indices.tensor])
    }
    let node = node.gathered(indices.node, axis: 0)
    // Now: axes of the indices, their plates, the rest of x, its plates.
    let visible = Array(0..<indices.rank) + (0..<(rank - 1)).map { indices.node.shape.count + $0 }
    let order = all.map { axis in
      indices.plates.firstIndex(of: axis).map { indices.rank + $0 }
        ?? indices.node.shape.count + rank - 1 + plates.firstIndex(of: axis)!
    }
    return Tensor(node.transposed(visible + order), plates: all)
  }

  /// Both vary over some plates: each element looks into its own part. The first axis and the shared plates become one axis, in which
  /// index i of element s stands at i·S + s.
  private func gathered(_ indices: IntTensor, sharing shared: [PlateAxis]) -> Tensor {
    let length = shape[0]
    let spread = shared.map(\.size).reduce(1, *)
    let places = shared.map { rank + plates.firstIndex(of: $0)! }
    let others = node.shape.indices.filter { $0 != 0 && !places.contains($0) }
    let joined = node.transposed([0] + places + others).reshaped(to: [length * spread] + others.map { node.shape[$0] })
    let source = Tensor(joined, plates: plates.filter { !shared.contains($0) })
    let offset = Tensor(Tensor.range(spread).node.reshaped(to: shared.map(\.size)), plates: shared)
    let combined: Tensor
    if let i = indices.knownValues {
      let full = offset.expanded(to: indices.shape, plates: indices.plates)
      combined = Tensor(
        .constant(zip(i, full.knownValues ?? []).map { $0 * Double(spread) + $1 }, shape: full.shape), plates: indices.plates)
    } else {
      let i = indices.tensor
      combined = select((i .>= 0) * (i .< length), i * spread + offset, -1)
    }
    return source.gathered(IntTensor(combined))
  }

}

extension Node {
  /// The values, row-major, of data and of what only repeats or rearranges data.
  package var knownValues: [Double]? {
    switch operation {
    case .fill(let bits): return [Double](repeating: Double(bitPattern: bits), count: count)
    case .constant(let array): return array.values
    case .reshape: return inputs[0].knownValues
    case .broadcast(let axes):
      guard let values = inputs[0].knownValues else { return nil }
      var strides = [Int](repeating: 0, count: shape.count)
      for (axis, stride) in zip(axes, Node.strides(inputs[0].shape)) { strides[axis] = stride }
      return Node.walk(values, shape, strides)
    case .transpose(let permutation):
      guard let values = inputs[0].knownValues else { return nil }
      let strides = Node.strides(inputs[0].shape)
      return Node.walk(values, shape, permutation.map { strides[$0] })
    default: return nil
    }
  }

  /// Numbers among which every value is: ``knownValues``, and for a minibatch of data, whose indices are an input of their own, all of the data.
  package var possibleValues: [Double]? {
    switch operation {
    case .gather:
      guard case .input = inputs[1].operation else { return nil }
      return inputs[0].possibleValues
    case .reshape, .broadcast, .transpose: return inputs[0].possibleValues
    default: return knownValues
    }
  }

  package static func strides(_ shape: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * shape[axis + 1] }
    return strides
  }

  /// The elements of an array read in the order of `shape` with these strides.
  package static func walk(_ values: [Double], _ shape: [Int], _ strides: [Int]) -> [Double] {
    let count = shape.reduce(1, *)
    var result: [Double] = []
    result.reserveCapacity(count)
    var index = [Int](repeating: 0, count: shape.count)
    var place = 0
    for _ in 0..<count {
      result.append(values[place])
      for axis in shape.indices.reversed() {
        index[axis] += 1
        place += strides[axis]
        if index[axis] < shape[axis] { break }
        place -= strides[axis] * shape[axis]
        index[axis] = 0
      }
    }
    return result
  }
}

extension Node {
  /// Whether the value depends on inputs or draws.
  package var dependsOnInputs: Bool {
    Node.reachable(from: [self]).contains {
      switch $0.operation {
      case .input, .draw: true
      default: false
      }
    }
  }
}
